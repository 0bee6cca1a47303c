//! Lays the elements of a document over the shape of its contract.

use crate::markup::{Markup, Piece, is_xml_space};
use crate::{Contract, Parsed, REASONS_MAX};
use domain::contract::{Field, Fields, Shape, push_segment};
use domain::message::Reason;
use serde_json::{Map, Value};
use std::borrow::Cow;

pub fn read<'c>(markup: Markup<'_>, contracts: &dyn Fn(&str, &str) -> Contract<'c>) -> Result<Parsed, Reason> {
    let mut tree = Tree { markup, namespace: String::new(), known: true, path: String::new(), reasons: Vec::new() };
    tree.document(contracts).map(|value| Parsed { value, reasons: tree.reasons }).map_err(|(path, reason)| Reason { path, ..reason })
}

struct Tree<'b> {
    markup: Markup<'b>,
    /// The root's: every element belongs to it.
    namespace: String,
    /// Whether the document has a contract. Without one only its header is looked for, and nothing else is held against it.
    known: bool,
    /// JSON pointer of the element being read.
    path: String,
    reasons: Vec<Reason>,
}

/// What ends the reading, and where.
type Stop = (String, Reason);

impl<'b> Tree<'b> {
    fn document<'c>(&mut self, contracts: &dyn Fn(&str, &str) -> Contract<'c>) -> Result<Value, Stop> {
        let (namespace, root) = loop {
            match self.next()? {
                Piece::Open(namespace, name) => break (namespace, name),
                Piece::Text(_) | Piece::Close | Piece::End => {}
            }
        };
        let shape = match contracts(&namespace, &root) {
            Contract::Known(shape) => shape,
            Contract::Unknown { reason, header } => {
                self.known = false;
                self.reasons.push(reason);
                header
            }
        };
        self.namespace = namespace.into_owned();
        let mut value = self.content(shape, false)?;
        if let Value::Object(fields) = &mut value {
            fields.insert("type".to_owned(), Value::String(root));
        }
        // Whatever follows the root must be well-formed too.
        while !matches!(self.next()?, Piece::End) {}
        Ok(value)
    }

    fn content(&mut self, shape: &Shape, nullable: bool) -> Result<Value, Stop> {
        match shape {
            Shape::Object(fields) => self.object(fields, nullable),
            // A list's element is one item of it.
            Shape::List(item) => self.content(item, false),
            Shape::Text | Shape::Token | Shape::Integer | Shape::Boolean => {
                let text = self.text()?;
                Ok(scalar(shape, text, nullable))
            }
        }
    }

    fn object(&mut self, fields: &Fields, nullable: bool) -> Result<Value, Stop> {
        let mut object = Map::new();
        let mut last = 0;
        let mut empty = true;
        let outer = self.path.len();
        loop {
            match self.next()? {
                Piece::Open(namespace, name) => {
                    empty = false;
                    push_segment(&mut self.path, &name);
                    match fields.find(&name, last) {
                        Some((position, field)) if namespace == self.namespace.as_str() => {
                            self.field(field, position < last, &mut object)?;
                            last = last.max(position);
                        }
                        Some(_) if self.known => {
                            self.note("wrong-namespace", format!("This element must be in the namespace {}.", self.namespace));
                            self.skip()?;
                        }
                        _ => {
                            self.note("unknown-field", "The contract has no such field. Leave it out, or correct its name.");
                            self.skip()?;
                        }
                    }
                    self.path.truncate(outer);
                }
                Piece::Text(text) if text.bytes().all(is_xml_space) => {}
                Piece::Text(_) => {
                    empty = false;
                    self.note("unexpected-text", "Text stands between the elements. Put it into an element, or leave it out.");
                }
                Piece::Close | Piece::End => break,
            }
        }
        Ok(if empty && nullable { Value::Null } else { Value::Object(object) })
    }

    /// Reads one element of a known name into its place.
    fn field(&mut self, field: &Field, too_late: bool, object: &mut Map<String, Value>) -> Result<(), Stop> {
        let is_list = matches!(field.shape, Shape::List(_));
        let met = object.contains_key(&field.name);
        if met && !is_list {
            self.note("repeated", "This element stands more than once. Write it once.");
            return self.skip();
        }
        if too_late {
            self.note("wrong-order", "This element comes too late. Keep the order of the contract.");
        }
        if !is_list {
            let value = self.content(&field.shape, field.nullable)?;
            object.insert(field.name.clone(), value);
            return Ok(());
        }
        let items = object.entry(field.name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = items {
            let outer = self.path.len();
            push_segment(&mut self.path, &items.len().to_string());
            items.push(self.content(&field.shape, false)?);
            self.path.truncate(outer);
        }
        Ok(())
    }

    /// The text of an element that holds no others.
    fn text(&mut self) -> Result<Cow<'b, str>, Stop> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Piece::Text(part) if text.is_empty() => text = part,
                Piece::Text(part) => text.to_mut().push_str(&part),
                Piece::Open(_, name) => {
                    let outer = self.path.len();
                    push_segment(&mut self.path, &name);
                    self.note("unknown-field", "No element belongs here, only text. Leave it out.");
                    self.skip()?;
                    self.path.truncate(outer);
                }
                Piece::Close | Piece::End => return Ok(text),
            }
        }
    }

    /// Passes over the rest of the element just opened.
    fn skip(&mut self) -> Result<(), Stop> {
        let mut open = 1;
        while open > 0 {
            match self.next()? {
                Piece::Open(..) => open += 1,
                Piece::Close => open -= 1,
                Piece::Text(_) => {}
                Piece::End => break,
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Piece<'b>, Stop> {
        self.markup.next().map_err(|reason| (self.path.clone(), reason))
    }

    fn note(&mut self, code: &str, sentence: impl Into<String>) {
        if self.known && self.reasons.len() < REASONS_MAX {
            self.reasons.push(Reason::new(code, self.path.clone(), sentence));
        }
    }
}

/// The JSON value that text stands for. What does not read as its type stays text: the schema will say what is wrong.
fn scalar(shape: &Shape, text: Cow<'_, str>, nullable: bool) -> Value {
    let text = if *shape == Shape::Text { text } else { collapsed(text) };
    if nullable && text.is_empty() {
        return Value::Null;
    }
    let typed = match (shape, text.as_ref()) {
        (Shape::Boolean, "true" | "1") => Some(Value::Bool(true)),
        (Shape::Boolean, "false" | "0") => Some(Value::Bool(false)),
        (Shape::Integer, digits) => digits.parse::<i64>().ok().map(Value::from),
        _ => None,
    };
    typed.unwrap_or_else(|| Value::String(text.into_owned()))
}

/// White space as `xs:token` has it.
fn collapsed(text: Cow<'_, str>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let is_single = |pair: &[u8]| !(is_xml_space(pair[0]) && is_xml_space(pair[1]));
    let edges = [bytes.first(), bytes.last()];
    let as_it_should_be = edges.iter().flatten().all(|byte| !is_xml_space(**byte))
        && bytes.windows(2).all(is_single)
        && bytes.iter().all(|byte| *byte == b' ' || !is_xml_space(*byte));
    if as_it_should_be {
        return text;
    }
    let words: Vec<&str> = text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
    Cow::Owned(words.join(" "))
}
