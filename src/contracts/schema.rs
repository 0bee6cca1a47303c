//! From a published JSON Schema to the shape that an XML document is laid over.
//!
//! The schemas keep to a few words of JSON Schema: objects with properties, lists, references to `$defs`, single types
//! with or without null. Properties stand in the order of the XML elements, so their order is read here.

use domain::contract::{Field, Fields, Shape};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use std::{collections::HashMap, fmt, marker::PhantomData};

/// References may nest as deep as this; the schemas need four. A schema that refers to itself ends here.
const REFERENCES_MAX: usize = 16;

/// The shape of the documents that `schema` describes, without `type`: in XML the root's name says it.
///
/// # Errors
/// A sentence, where the schema uses words that this reader doesn't know.
pub fn shape(schema: &str) -> Result<Shape, String> {
    let root: Node = serde_json::from_str(schema).map_err(|error| error.to_string())?;
    let fields = root.properties.0.iter().filter(|(name, _)| name != "type");
    fields.map(|(name, node)| field(name, node, &root.defs, 0)).collect::<Result<_, _>>().map(|fields| Shape::Object(Fields(fields)))
}

/// What can be read of a document without a contract.
pub fn header() -> Shape {
    let field = |name: &str| Field { name: name.to_owned(), shape: Shape::Token, nullable: false };
    Shape::Object(Fields(vec![field("messageId"), field("publisher")]))
}

type Defs = HashMap<String, Node>;

fn field(name: &str, node: &Node, defs: &Defs, depth: usize) -> Result<Field, String> {
    let (shape, nullable) = shape_of(node, defs, depth).map_err(|problem| format!("{name}: {problem}"))?;
    Ok(Field { name: name.to_owned(), shape, nullable })
}

/// The shape of a node, and whether it may be null.
fn shape_of(node: &Node, defs: &Defs, depth: usize) -> Result<(Shape, bool), String> {
    if depth > REFERENCES_MAX {
        return Err("the references go round in a circle".to_owned());
    }
    if let Some(reference) = &node.reference {
        let target = reference.strip_prefix("#/$defs/").and_then(|name| defs.get(name));
        return shape_of(target.ok_or_else(|| format!("{reference} leads nowhere"))?, defs, depth + 1);
    }
    let types = node.types.names();
    let nullable = types.contains(&"null");
    let shape = match types.iter().find(|name| **name != "null") {
        Some(&"object") => {
            let fields = node.properties.0.iter().map(|(name, node)| field(name, node, defs, depth + 1));
            Shape::Object(Fields(fields.collect::<Result<_, _>>()?))
        }
        Some(&"array") => {
            let items = node.items.as_ref().ok_or("a list without items")?;
            Shape::List(Box::new(shape_of(items, defs, depth + 1)?.0))
        }
        Some(&"integer") => Shape::Integer,
        Some(&"boolean") => Shape::Boolean,
        // Narrative is marked as text/plain: its line breaks mean something.
        Some(&"string") if node.content_media_type.is_some() => Shape::Text,
        Some(&"string") => Shape::Token,
        // A constant.
        None if node.constant.is_some() => Shape::Token,
        other => return Err(format!("unknown type {other:?}")),
    };
    Ok((shape, nullable))
}

/// As much of JSON Schema as a shape needs.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct Node {
    #[serde(rename = "$ref")]
    reference: Option<String>,
    #[serde(rename = "$defs")]
    defs: Defs,
    #[serde(rename = "type")]
    types: Types,
    #[serde(rename = "const")]
    constant: Option<String>,
    #[serde(rename = "contentMediaType")]
    content_media_type: Option<String>,
    properties: Ordered,
    items: Option<Box<Self>>,
}

#[derive(Default, serde::Deserialize)]
#[serde(untagged)]
enum Types {
    #[default]
    None,
    One(String),
    Several(Vec<String>),
}

impl Types {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::None => Vec::new(),
            Self::One(name) => vec![name],
            Self::Several(names) => names.iter().map(String::as_str).collect(),
        }
    }
}

/// Properties in the order in which they stand: a JSON map would sort them.
#[derive(Default)]
struct Ordered(Vec<(String, Node)>);

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder(PhantomData<Node>);
        impl<'de> Visitor<'de> for InOrder {
            type Value = Ordered;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of properties")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
                let mut ordered = Vec::new();
                while let Some(entry) = entries.next_entry()? {
                    ordered.push(entry);
                }
                Ok(Ordered(ordered))
            }
        }
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}
