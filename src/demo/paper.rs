//! Documents as a council's or a trust's system would write them, JSON or XML from one tree.
//!
//! The fields stand in the order of the contracts, which is also the order of the XML elements.

use domain::message::MessageType;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A message before its format is chosen.
#[derive(Clone, Debug)]
pub struct Paper {
    pub message_type: MessageType,
    pub fields: Fields,
}

pub type Fields = Vec<(&'static str, Node)>;

/// One value of a document.
#[derive(Clone, Debug)]
pub enum Node {
    /// JSON's null, XML's empty element.
    Empty,
    Text(String),
    Number(u64),
    YesNo(bool),
    List(Vec<Node>),
    Group(Fields),
}

/// How a publisher's system writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

impl Format {
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

impl Paper {
    /// A message with the header that all of them begin with, and what follows it.
    #[must_use]
    pub fn new(message_type: MessageType, message_id: &str, sent_at: Timestamp, publisher: &str, rest: Fields) -> Self {
        let seconds = sent_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut fields: Fields =
            vec![("version", "1.0".into()), ("messageId", message_id.into()), ("sentAt", seconds.into()), ("publisher", publisher.into())];
        fields.extend(rest);
        Self { message_type, fields }
    }

    #[must_use]
    pub fn write(&self, format: Format) -> Vec<u8> {
        match format {
            Format::Json => self.json(),
            Format::Xml => self.xml(),
        }
    }

    fn json(&self) -> Vec<u8> {
        let mut fields = self.fields.clone();
        fields.insert(0, ("type", self.message_type.name().into()));
        // Texts, numbers and lists: serialising them cannot fail.
        serde_json::to_vec(&Node::Group(fields)).unwrap_or_default()
    }

    fn xml(&self) -> Vec<u8> {
        let root = self.message_type.name();
        let mut text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{root} xmlns=\"urn:placement-hub:{root}:1\">\n");
        for (name, node) in &self.fields {
            write_element(&mut text, name, node, 1);
        }
        text.push_str(&format!("</{root}>\n"));
        text.into_bytes()
    }
}

fn write_element(text: &mut String, name: &str, node: &Node, depth: usize) {
    let margin = "  ".repeat(depth);
    match node {
        Node::Empty => text.push_str(&format!("{margin}<{name}/>\n")),
        Node::Text(value) => text.push_str(&format!("{margin}<{name}>{}</{name}>\n", escaped(value))),
        Node::Number(value) => text.push_str(&format!("{margin}<{name}>{value}</{name}>\n")),
        Node::YesNo(value) => text.push_str(&format!("{margin}<{name}>{value}</{name}>\n")),
        // A list repeats its element.
        Node::List(items) => items.iter().for_each(|item| write_element(text, name, item, depth)),
        Node::Group(fields) => {
            text.push_str(&format!("{margin}<{name}>\n"));
            for (name, node) in fields {
                write_element(text, name, node, depth + 1);
            }
            text.push_str(&format!("{margin}</{name}>\n"));
        }
    }
}

fn escaped(value: &str) -> String {
    value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Empty => serializer.serialize_none(),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Number(value) => serializer.serialize_u64(*value),
            Self::YesNo(value) => serializer.serialize_bool(*value),
            Self::List(items) => items.serialize(serializer),
            Self::Group(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, node) in fields {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
        }
    }
}

impl From<&str> for Node {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Node {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Date> for Node {
    fn from(value: Date) -> Self {
        Self::Text(value.to_string())
    }
}

impl From<u64> for Node {
    fn from(value: u64) -> Self {
        Self::Number(value)
    }
}

impl From<bool> for Node {
    fn from(value: bool) -> Self {
        Self::YesNo(value)
    }
}

impl From<Fields> for Node {
    fn from(value: Fields) -> Self {
        Self::Group(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Node {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, Format, Node, Paper};
    use crate::contracts::Contracts;
    use domain::message::MessageType;

    #[test]
    fn both_formats_say_the_same() {
        let referral: Fields = vec![("id", "R-1".into()), ("responsibleAuthority", "E10000016".into()), ("child", "104233".into())];
        let rest: Fields = vec![
            ("referral", referral.into()),
            ("status", "refused".into()),
            ("occurredOn", "2026-11-23".into()),
            ("reason", "No place < March & no other \u{2013} sorry".into()),
        ];
        let paper = Paper::new(MessageType::ReferralUpdate, "m-1", "2026-11-23T10:00:00Z".parse().unwrap(), "RX2", rest);
        let contracts = Contracts::new().unwrap();
        let read = |format: Format| contracts.read(Some(format.content_type()), &paper.write(format)).unwrap();
        assert_eq!(read(Format::Json), read(Format::Xml));
        assert!(matches!(Node::from(None::<bool>), Node::Empty));
    }
}
