//! Documents to publish: first placements of children never seen, out of their authority's area and in another
//! commissioner's, so that each causes exactly three deliveries.

use crate::config::Settings;
use crate::contracts::Contracts;
use crate::explain::{Assume, Document, explain};
use crate::wiring;
use domain::Code;
use domain::identifiers::is_nhs_number;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Deliveries that one document causes: area authority, its commissioner, the commissioner that the child came from.
pub const DELIVERIES: u32 = 3;
/// Every document's placement id begins so, and every delivery repeats that id.
pub const MARK: &str = "BENCH-";

/// A postcode in each authority of the South East, with the authority that it is in.
const HOMES: [(&str, &str); 19] = [
    ("E06000035", "ME1 1EE"),
    ("E06000036", "RG12 1JD"),
    ("E06000037", "RG14 5LD"),
    ("E06000038", "RG1 1BE"),
    ("E06000039", "SL1 3UF"),
    ("E06000040", "SL6 1RF"),
    ("E06000041", "RG40 1BN"),
    ("E06000042", "MK9 3EJ"),
    ("E06000043", "BN1 6AG"),
    ("E06000044", "PO1 1AR"),
    ("E06000045", "SO14 7LY"),
    ("E06000046", "PO30 1SY"),
    ("E06000060", "HP20 1UA"),
    ("E10000011", "BN7 1UE"),
    ("E10000014", "SO23 8UJ"),
    ("E10000016", "ME14 2AA"),
    ("E10000025", "OX1 1BU"),
    ("E10000030", "GU1 1AA"),
    ("E10000032", "BN11 1DP"),
];
/// Fewer moves than this, and the directory is not the one that the postcodes above were taken for.
const MOVES_MIN: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
}

/// Makes documents by number.
#[derive(Debug)]
pub struct Documents {
    format: Format,
    moves: Vec<Move>,
    recipients: BTreeSet<Code>,
    now: Timestamp,
    today: jiff::civil::Date,
}

#[derive(Clone, Copy, Debug)]
struct Move {
    publisher: &'static str,
    home: &'static str,
    there: &'static str,
}

impl Documents {
    /// Keeps those moves of which the hub's own rules say that they cause three deliveries and no question for a person.
    pub fn new(settings: &Settings, format: Format) -> Result<Self, String> {
        let now = Timestamp::now();
        let contracts = Contracts::new().map_err(|error| error.to_string())?;
        let directory = wiring::directory(settings, now).map_err(|mistakes| mistakes.to_string())?.directory;
        let policy = settings.policy([0; 32]);
        let mut why = String::new();
        let mut documents = Self { format, moves: Vec::new(), recipients: BTreeSet::new(), now, today: policy.day(now) };
        for (publisher, home) in HOMES {
            for (_, there) in HOMES.iter().filter(|(authority, _)| *authority != publisher) {
                let each = Move { publisher, home, there };
                let document = Document { content_type: Some(format.content_type().to_owned()), body: documents.body(each, 0, 0) };
                let explained = explain(&contracts, &directory, &policy, &[document], now, Assume::Delivered);
                let told: BTreeSet<Code> = explained.obligations.iter().map(|one| one.recipient).collect();
                if told.len() == DELIVERIES as usize && explained.obligations.len() == told.len() && explained.review.is_empty() {
                    documents.moves.push(each);
                    documents.recipients.extend(told);
                } else if let Some(reason) = explained.receipts.iter().flat_map(|receipt| &receipt.reasons).next() {
                    why = format!(" ({}: {})", reason.path, reason.message);
                }
            }
        }
        if documents.moves.len() < MOVES_MIN {
            return Err(format!(
                "only {} moves in {} cause three deliveries{why}: the bench needs the directory of the South East",
                documents.moves.len(),
                settings.directory.display()
            ));
        }
        // Neighbours in the list have neighbours for recipients; a publisher's next message is about another place.
        documents.moves.sort_by_key(|each| (each.there, each.home));
        Ok(documents)
    }

    /// All who are told, or publish.
    pub fn organisations(&self) -> BTreeSet<Code> {
        let publishers = self.moves.iter().filter_map(|each| Code::new(each.publisher).ok());
        self.recipients.iter().copied().chain(publishers).collect()
    }

    pub fn publishers(&self) -> BTreeSet<&'static str> {
        self.moves.iter().map(|each| each.publisher).collect()
    }

    /// How many different recipients there are.
    pub fn recipients(&self) -> usize {
        self.recipients.len()
    }

    /// Document `number` of `run`: always the same move, about another child than any other.
    pub fn outgoing(&self, run: u32, number: u32) -> amqp::Outgoing {
        let each = self.moves[spread(number) % self.moves.len()];
        amqp::Outgoing {
            exchange: amqp::topology::INTAKE.to_owned(),
            routing_key: format!("placement-change.{}", each.publisher),
            body: self.body(each, run, number),
            content_type: Some(self.format.content_type().to_owned()),
            message_id: Some(format!("{MARK}{run}-{number}")),
            ..amqp::Outgoing::default()
        }
    }

    /// Bytes of a document.
    pub fn bytes(&self) -> usize {
        self.moves.first().map_or(0, |each| self.body(*each, 1, 1_000).len())
    }

    fn body(&self, each: Move, run: u32, number: u32) -> Vec<u8> {
        let template = match self.format {
            Format::Json => include_str!("placement.json"),
            Format::Xml => include_str!("placement.xml"),
        };
        let (id, child) = (format!("{MARK}{run}-{number}"), format!("B{run}X{number}"));
        let (now, today, nhs) = (self.now.to_string(), self.today.to_string(), nhs_number(number));
        let mut body = Vec::with_capacity(template.len() + 256);
        let mut rest = template.trim_end();
        while let Some((before, after)) = rest.split_once('{') {
            body.extend_from_slice(before.as_bytes());
            let value = match after.split_once('}') {
                Some(("message" | "placement", _)) => &id,
                Some(("child", _)) => &child,
                Some(("now", _)) => &now,
                Some(("today", _)) => &today,
                Some(("nhs", _)) => &nhs,
                Some(("publisher", _)) => each.publisher,
                Some(("home", _)) => each.home,
                Some(("there", _)) => each.there,
                // A brace of JSON's own.
                _ => {
                    body.push(b'{');
                    rest = after;
                    continue;
                }
            };
            body.extend_from_slice(value.as_bytes());
            rest = after.split_once('}').map_or("", |(_, rest)| rest);
        }
        body.extend_from_slice(rest.as_bytes());
        body
    }
}

impl Format {
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Xml => "application/xml",
        }
    }
}

/// Numbers that follow each other land far apart, the same way in every run.
fn spread(number: u32) -> usize {
    // Knuth's multiplier: the golden ratio of 32 bits.
    number.wrapping_mul(2_654_435_761) as usize >> 8
}

/// A valid number of the synthetic range 999; the same one again after a million.
fn nhs_number(number: u32) -> String {
    let candidates = (0..).map(|skip| number.wrapping_add(skip) % 1_000_000);
    let mut valid = candidates.flat_map(|nine| (0..10).map(move |check| format!("999{nine:06}{check}"))).filter(|ten| is_nhs_number(ten));
    valid.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::Contracts;
    use std::path::Path;

    fn documents(format: Format) -> Documents {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/hub.example.toml");
        Documents::new(&Settings::load(Some(&example), &|_| None).unwrap(), format).unwrap()
    }

    #[test]
    fn json_and_xml_say_the_same_and_all_authorities_publish() {
        let (json, xml) = (documents(Format::Json), documents(Format::Xml));
        let contracts = Contracts::new().unwrap();
        assert_eq!(json.publishers().len(), HOMES.len());
        for number in 0..50 {
            let read = |outgoing: amqp::Outgoing| contracts.read(outgoing.content_type.as_deref(), &outgoing.body).unwrap();
            let (one, other) = (json.outgoing(3, number), xml.outgoing(3, number));
            assert!(one.routing_key.starts_with("placement-change.E"));
            let message = read(one);
            assert_eq!(message.header().message_id, format!("{MARK}3-{number}"));
            let mut other = read(other);
            // Made a moment apart.
            if let domain::message::Message::PlacementChange(change) = &mut other {
                change.header.sent_at = message.header().sent_at;
            }
            assert_eq!(message, other);
        }
    }
}
