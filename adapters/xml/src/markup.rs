//! Elements and text of a document, one after the other, with everything refused that ours never need.

use crate::{ATTRIBUTES_MAX, BYTES_MAX, DEPTH_MAX};
use domain::message::Reason;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// A document being read.
pub struct Markup<'b> {
    reader: NsReader<&'b [u8]>,
    /// Elements open now.
    depth: usize,
    /// Whether the root has been met; nothing but comments and white space may follow its end.
    rooted: bool,
    /// Whether anything has been met at all: a declaration stands first or not at all.
    begun: bool,
}

/// The next piece of a document.
#[derive(Debug)]
pub enum Piece<'b> {
    /// An element begins: its namespace (empty for none) and local name.
    Open(Cow<'b, str>, String),
    Close,
    /// A part of the text in an element; parts follow one another where markup stood between them.
    Text(Cow<'b, str>),
    End,
}

impl<'b> Markup<'b> {
    /// # Errors
    /// Where the bytes are too long, not UTF-8, or hold characters that XML does not have.
    pub fn new(bytes: &'b [u8]) -> Result<Self, Reason> {
        if bytes.len() > BYTES_MAX {
            let sentence = format!("The document is longer than {BYTES_MAX} bytes. Send one placement, referral or claim in each.");
            return Err(Reason::new("too-large", "", sentence));
        }
        let text = std::str::from_utf8(bytes).map_err(|problem| {
            Reason::new("not-utf8", "", format!("Byte {} is not UTF-8. Encode the document in UTF-8.", problem.valid_up_to() + 1))
        })?;
        // XML allows a byte order mark, and common writers put one there.
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        if let Some(at) = text.find(|c| !is_xml_character(c)) {
            return Err(Reason::new("not-xml", "", format!("Byte {} begins a character that XML does not allow.", at + 1)));
        }
        let mut reader = NsReader::from_str(text);
        let config = reader.config_mut();
        config.enable_all_checks(true);
        config.expand_empty_elements = true;
        Ok(Self { reader, depth: 0, rooted: false, begun: false })
    }

    /// # Errors
    /// Where the document is not XML from here on, or holds what is refused. The reason's path is left empty.
    pub fn next(&mut self) -> Result<Piece<'b>, Reason> {
        loop {
            let event = self.reader.read_event().map_err(|error| self.not_xml(&what_is_wrong(&error)))?;
            let first = !std::mem::replace(&mut self.begun, true);
            match event {
                Event::Start(start) => return self.open(&start),
                Event::End(_) => {
                    self.depth -= 1;
                    return Ok(Piece::Close);
                }
                Event::Text(text) => {
                    if text.contains("]]>") {
                        return Err(self.not_xml("`]]>` stands in text"));
                    }
                    let content = text.xml10_content();
                    if self.depth > 0 {
                        return Ok(Piece::Text(content));
                    }
                    if !content.bytes().all(is_xml_space) {
                        return Err(self.not_xml("text stands outside the root element"));
                    }
                }
                Event::CData(_) | Event::GeneralRef(_) if self.depth == 0 => {
                    return Err(self.not_xml("text stands outside the root element"));
                }
                Event::CData(text) => return Ok(Piece::Text(text.xml10_content())),
                Event::GeneralRef(reference) => return self.resolve(&reference).map(Piece::Text),
                Event::Comment(_) => {}
                Event::Decl(declaration) => self.declaration(&declaration, first)?,
                Event::PI(_) => return Err(refused("instruction", "Processing instructions are not taken. Leave them out.")),
                Event::DocType(_) => return Err(refused("dtd", "A document type declaration is not taken. Leave it out.")),
                Event::Eof if self.depth > 0 => return Err(self.not_xml("an element is not closed")),
                Event::Eof if !self.rooted => return Err(self.not_xml("there is no root element")),
                Event::Eof => return Ok(Piece::End),
                // Not met: empty elements come as a start and an end.
                Event::Empty(_) => return Err(self.not_xml("an element could not be read")),
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'_>) -> Result<Piece<'b>, Reason> {
        if self.depth == 0 && std::mem::replace(&mut self.rooted, true) {
            return Err(self.not_xml("there is more than one root element"));
        }
        if self.depth == DEPTH_MAX {
            return Err(Reason::new("too-deep", "", format!("The document is nested deeper than {DEPTH_MAX} levels.")));
        }
        self.depth += 1;
        self.attributes(start)?;
        let (namespace, name) = self.reader.resolver().resolve_element(start.name());
        let namespace = match namespace {
            ResolveResult::Bound(Namespace(namespace)) => Cow::Owned(namespace.to_owned()),
            ResolveResult::Unbound => Cow::Borrowed(""),
            ResolveResult::Unknown(_) => return Err(self.not_xml("a name's prefix is not declared")),
        };
        Ok(Piece::Open(namespace, name.as_ref().to_owned()))
    }

    /// Namespace declarations and the schema's location are all that an element may carry.
    fn attributes(&self, start: &BytesStart<'_>) -> Result<(), Reason> {
        if !are_set_apart(start.attributes_raw()) {
            return Err(self.not_xml("attributes are not set apart"));
        }
        for (position, attribute) in start.attributes().enumerate() {
            let attribute = attribute.map_err(|_| self.not_xml("an attribute is malformed or stands twice"))?;
            if position == ATTRIBUTES_MAX {
                return Err(refused("attribute", "An element has too many attributes. The content belongs in elements."));
            }
            let (namespace, name) = self.reader.resolver().resolve_attribute(attribute.key);
            let is_location = matches!(namespace, ResolveResult::Bound(Namespace(SCHEMA_INSTANCE))) && name.as_ref() == "schemaLocation";
            let is_declaration = attribute.key.as_namespace_binding().is_some();
            if !is_location && !is_declaration {
                return Err(refused(
                    "attribute",
                    "Attributes are not taken, save namespaces and xsi:schemaLocation. The content belongs in elements.",
                ));
            }
            if attribute.value.contains(['<', '&']) || (is_declaration && !is_sound_declaration(attribute.key.as_ref(), &attribute.value)) {
                return Err(self.not_xml("a namespace declaration or schema location is malformed"));
            }
        }
        Ok(())
    }

    fn declaration(&self, declaration: &BytesDecl<'_>, first: bool) -> Result<(), Reason> {
        let malformed = || self.not_xml("the XML declaration is malformed, or does not stand first");
        if !first || declaration.version().ok().as_deref() != Some("1.0") {
            return Err(malformed());
        }
        let encoding = declaration.encoding().transpose().map_err(|_| malformed())?;
        if encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("UTF-8")) {
            return Err(Reason::new("wrong-encoding", "", "The XML declaration names another encoding. Write and declare UTF-8."));
        }
        let standalone = declaration.standalone().transpose().map_err(|_| malformed())?;
        if standalone.is_some_and(|standalone| standalone != "yes" && standalone != "no") { Err(malformed()) } else { Ok(()) }
    }

    /// The five entities that XML itself has, and characters by number.
    fn resolve(&self, reference: &quick_xml::events::BytesRef<'_>) -> Result<Cow<'b, str>, Reason> {
        if let Some(character) = reference.resolve_char_ref().map_err(|_| self.not_xml("a character reference is malformed"))? {
            if !is_xml_character(character) {
                return Err(self.not_xml("a character reference names a character that XML does not allow"));
            }
            return Ok(Cow::Owned(character.to_string()));
        }
        quick_xml::escape::resolve_xml_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| refused("entity", "Only the entities amp, lt, gt, apos and quot are taken. Write the character itself."))
    }

    fn not_xml(&self, what: &str) -> Reason {
        Reason::new("not-xml", "", format!("This is not well-formed XML: {what}, near byte {}.", self.reader.buffer_position()))
    }
}

fn refused(what: &str, sentence: &str) -> Reason {
    Reason::new(&format!("{what}-refused"), "", sentence)
}

/// The reader's own words may repeat names from the document; these do not.
fn what_is_wrong(error: &quick_xml::Error) -> String {
    use quick_xml::Error;
    match error {
        Error::Syntax(error) => error.to_string(),
        Error::IllFormed(quick_xml::errors::IllFormedError::UnclosedReference) => "`&` begins no entity".to_owned(),
        Error::IllFormed(quick_xml::errors::IllFormedError::DoubleHyphenInComment) => "`--` stands in a comment".to_owned(),
        Error::IllFormed(_) => "an end tag does not match its start tag".to_owned(),
        Error::Namespace(_) => "a namespace declaration is not allowed, or there are too many".to_owned(),
        Error::InvalidAttr(_) => "an attribute is malformed".to_owned(),
        Error::Io(_) | Error::Encoding(_) | Error::Escape(_) => "it cannot be read".to_owned(),
    }
}

/// Whether white space stands before each attribute: the reader itself takes `a="1"b="2"`.
fn are_set_apart(attributes: &str) -> bool {
    let mut quote = None;
    let mut just_closed = false;
    for byte in attributes.bytes() {
        if just_closed && !is_xml_space(byte) {
            return false;
        }
        just_closed = quote == Some(byte);
        quote = match quote {
            Some(open) if open == byte => None,
            None if byte == b'"' || byte == b'\'' => Some(byte),
            other => other,
        };
    }
    true
}

/// A prefix is a name, and can't be bound to nothing.
fn is_sound_declaration(key: &str, value: &str) -> bool {
    key.strip_prefix("xmlns:").is_none_or(|prefix| {
        let first = prefix.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
        first && prefix.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)) && !value.is_empty()
    })
}

pub const fn is_xml_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// XML 1.0, production 2.
const fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}
