//! Documents made from the published examples, in either format: so the examples themselves go through a running hub.

use amqp::{Outgoing, topology};
use jiff::{Timestamp, ToSpan, civil::Date};
use serde_json::Value;
use std::path::Path;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

#[derive(Clone, Debug)]
pub struct Letter {
    format: Format,
    message_type: &'static str,
    text: String,
}

/// A day in England, so many from today: a running hub goes by its clock.
pub fn day(from_today: i32) -> String {
    let today: Date = Timestamp::now().in_tz("Europe/London").unwrap().date();
    today.checked_add(i64::from(from_today).days()).unwrap().to_string()
}

/// A child of Kent comes into care and is placed in Brighton, unplanned, three days ago, with a referral.
/// Owed because of it: notices to Brighton, to both commissioners, and the referral to the provider at Brighton.
pub fn first_placement(format: Format, child: &str) -> Letter {
    Letter::example(format, "placement-change", "emergency-out-of-area")
        .with("/messageId", format!("{child}-m1"))
        .with("/child/localId", child)
        .with("/carePeriod/startedOn", day(-3))
        .with("/placement/id", format!("{child}-1"))
        .with("/placement/startedOn", day(-3))
        .with("/placement/expectedEndOn", day(14))
        .with("/placement/reasonForChange", "S")
        .with("/referral/id", format!("{child}-R1"))
}

impl Letter {
    /// A published example, sent now.
    pub fn example(format: Format, message_type: &'static str, name: &str) -> Self {
        let extension = if format == Format::Json { "json" } else { "xml" };
        let file = format!("schemas/{message_type}/1.0/examples/valid/{name}.{extension}");
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        Self { format, message_type, text }.with("/sentAt", Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
    }

    /// Changes one value by its JSON pointer, whatever the format.
    pub fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        self.text = match self.format {
            Format::Json => {
                let mut document: Value = serde_json::from_str(&self.text).unwrap();
                let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
                document.pointer_mut(parent).expect("the parent is there")[key] = value;
                document.to_string()
            }
            Format::Xml => {
                let (start, end) = element(&self.text, pointer);
                let name = pointer.rsplit('/').next().unwrap();
                let content = value.as_str().map_or_else(|| if value.is_null() { String::new() } else { value.to_string() }, escaped);
                format!("{}<{name}>{content}</{name}>{}", &self.text[..start], &self.text[end..])
            }
        };
        self
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn message_id(&self) -> String {
        self.get("/messageId")
    }

    /// For the intake exchange, with the properties that a well-behaved publisher sets.
    pub fn outgoing(&self) -> Outgoing {
        Outgoing {
            exchange: topology::INTAKE.to_owned(),
            routing_key: format!("{}.{}", self.message_type, self.get("/publisher")),
            body: self.text.clone().into_bytes(),
            content_type: Some(if self.format == Format::Json { "application/json" } else { "application/xml" }.to_owned()),
            message_id: Some(self.message_id()),
            ..Outgoing::default()
        }
    }

    fn get(&self, pointer: &str) -> String {
        match self.format {
            Format::Json => {
                let document: Value = serde_json::from_str(&self.text).unwrap();
                document.pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
            }
            Format::Xml => {
                let (start, end) = element(&self.text, pointer);
                let inside = &self.text[start..end];
                inside[inside.find('>').unwrap() + 1..inside.rfind('<').unwrap()].to_owned()
            }
        }
    }
}

/// Where an element begins and ends, tags included.
fn element(text: &str, pointer: &str) -> (usize, usize) {
    let (mut start, mut end) = (0, text.len());
    for name in pointer.split('/').skip(1) {
        let within = &text[start..end];
        let (empty, open, close) = (format!("<{name}/>"), format!("<{name}>"), format!("</{name}>"));
        let (from, to) = match (within.find(&open), within.find(&empty)) {
            (Some(from), _) => (from, from + within[from..].find(&close).unwrap() + close.len()),
            (None, Some(from)) => (from, from + empty.len()),
            (None, None) => panic!("no {pointer} in {text}"),
        };
        // Its parent's tag is behind it for the next name.
        (start, end) = (start + from, start + to);
    }
    (start, end)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
