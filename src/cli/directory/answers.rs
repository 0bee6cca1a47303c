//! `directory lookup` and `directory show`: what the directory says, and why.

use domain::Code;
use domain::directory::{AreaEvidence, Country, Directory, OrganisationKind, Unresolved, Whereabouts};
use jiff::civil::Date;
use serde::Serialize;
use std::fmt;

/// Who is responsible at a postcode on a day. `Display` for people, `Serialize` for `--json`.
#[derive(Debug, Serialize)]
pub struct Lookup {
    pub on: Date,
    pub country: &'static str,
    pub found_by: &'static str,
    pub authority: Answer,
    /// The body that is legally responsible.
    pub commissioner: Answer,
    /// The CCG or sub-ICB location that the body was found by.
    pub place: Option<Named>,
    pub camhs: Answer,
}

/// One part of the answer: known, or why not.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Known(Named),
    Unknown { reason: &'static str, sentence: String, candidates: Vec<Named> },
}

#[derive(Debug, Serialize)]
pub struct Named {
    pub code: String,
    pub name: String,
}

/// Everything about one organisation on a day.
#[derive(Debug, Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub named: Named,
    pub kind: &'static str,
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// For a place: the board that it belongs to on the day.
    pub board: Option<Named>,
    pub successors: Vec<Follows>,
    /// For a commissioner: who answers for it on the day.
    pub responsible: Option<Answer>,
    /// The adapter and address by which it is reached on the day; never a secret.
    pub endpoint: Option<String>,
}

#[derive(Debug, Serialize)]
pub struct Follows {
    #[serde(flatten)]
    pub named: Named,
    pub on: Date,
    pub whole: bool,
}

/// Who is responsible at `postcode` on the day `on`.
#[must_use]
pub fn lookup(directory: &Directory, postcode: &str, on: Date) -> Lookup {
    let found = directory.locate(Whereabouts { postcode: Some(postcode), local_authority: None }, on);
    let answer = |part: Result<Code, Unresolved>| Answer::of(directory, part);
    Lookup {
        on,
        country: country(found.country),
        found_by: match found.evidence {
            AreaEvidence::Postcode => "postcode",
            AreaEvidence::LocalAuthority => "local authority",
            AreaEvidence::Nothing => "nothing",
        },
        authority: answer(found.authority),
        place: found.commissioner.as_ref().ok().and_then(|found| found.place).map(|place| Named::of(directory, place)),
        commissioner: answer(found.commissioner.map(|found| found.body)),
        camhs: answer(found.camhs),
    }
}

/// What is known of `code` on the day `on`; none where the directory does not know it.
#[must_use]
pub fn show(directory: &Directory, code: Code, on: Date) -> Option<Shown> {
    let organisation = directory.organisation(code)?;
    let is_commissioner = matches!(organisation.kind, OrganisationKind::CommissionerPlace | OrganisationKind::CommissionerBody);
    let follows = directory.successors(code).iter();
    let endpoint = directory.endpoint(organisation.code, None, on);
    Some(Shown {
        named: Named::of(directory, organisation.code),
        kind: match organisation.kind {
            OrganisationKind::Authority => "authority",
            OrganisationKind::CommissionerPlace => "commissioner's place",
            OrganisationKind::CommissionerBody => "commissioner's body",
            OrganisationKind::Provider => "provider",
        },
        from: organisation.from,
        to: organisation.to,
        board: directory.board_of(organisation.code, on).map(|board| Named::of(directory, board)),
        successors: follows.map(|edge| Follows { named: Named::of(directory, edge.to), on: edge.on, whole: edge.whole }).collect(),
        responsible: is_commissioner
            .then(|| Answer::of(directory, directory.responsible_for(organisation.code, None, on).map(|found| found.body))),
        endpoint: endpoint.map(|endpoint| format!("{} {}", endpoint.adapter, endpoint.url)),
    })
}

const fn country(country: Country) -> &'static str {
    match country {
        Country::England => "England",
        Country::Wales => "Wales",
        Country::Scotland => "Scotland",
        Country::NorthernIreland => "Northern Ireland",
        Country::Elsewhere => "Channel Islands or Isle of Man",
        Country::Unknown => "unknown",
    }
}

impl Named {
    fn of(directory: &Directory, code: Code) -> Self {
        let name = directory.organisation(code).map(|organisation| organisation.name.clone()).unwrap_or_default();
        Self { code: code.to_string(), name }
    }
}

impl Answer {
    fn of(directory: &Directory, part: Result<Code, Unresolved>) -> Self {
        match part {
            Ok(code) => Self::Known(Named::of(directory, code)),
            Err(why) => {
                let candidates = why.candidates.into_iter().map(|one| Named { code: one.code.to_string(), name: one.name }).collect();
                Self::Unknown { reason: why.reason, sentence: why.sentence, candidates }
            }
        }
    }
}

impl fmt::Display for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "on {}, found by {}, country {}", self.on, self.found_by, self.country)?;
        writeln!(f, "authority     {}", self.authority)?;
        writeln!(f, "commissioner  {}", self.commissioner)?;
        if let Some(place) = &self.place {
            writeln!(f, "  place       {place}")?;
        }
        write!(f, "CAMHS         {}", self.camhs)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |day: Option<Date>| day.map_or_else(|| "open".to_owned(), |day| day.to_string());
        write!(f, "{}, {}, from {} to {}", self.named, self.kind, day(self.from), day(self.to))?;
        if let Some(board) = &self.board {
            write!(f, "\nbelongs to    {board}")?;
        }
        for edge in &self.successors {
            write!(f, "\nfollowed by   {} on {}{}", edge.named, edge.on, if edge.whole { "" } else { " (a part)" })?;
        }
        if let Some(responsible) = &self.responsible {
            write!(f, "\nresponsible   {responsible}")?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, "\nreached by    {endpoint}"),
            None => f.write_str("\nreached by    nothing: it has no endpoint"),
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(named) => named.fmt(f),
            Self::Unknown { reason, sentence, candidates } => {
                write!(f, "({reason}) {sentence}")?;
                candidates.iter().try_for_each(|one| write!(f, "\n              perhaps {one}"))
            }
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::{lookup, show};
    use domain::Code;
    use domain::directory::{Directory, Organisation, OrganisationKind, Parts, Succession};
    use jiff::civil::date;

    fn directory() -> Directory {
        let organisation = |text: &str, to| Organisation {
            code: Code::new(text).unwrap(),
            name: format!("Name of {text}"),
            kind: OrganisationKind::CommissionerBody,
            from: None,
            to,
        };
        let (from, to, on) = (Code::new("QNX").unwrap(), Code::new("S9B9J").unwrap(), date(2026, 4, 1));
        Directory::from_parts(Parts {
            organisations: vec![organisation("QNX", Some(date(2026, 3, 31))), organisation("S9B9J", None)],
            successions: vec![Succession { from, to, on, whole: true }],
            ..Parts::default()
        })
    }

    #[test]
    fn an_organisation_is_shown_with_what_followed() {
        let shown = show(&directory(), Code::new("QNX").unwrap(), date(2026, 11, 22)).unwrap();
        let text = shown.to_string();
        assert!(text.contains("followed by   S9B9J Name of S9B9J on 2026-04-01"), "{text}");
        assert!(text.contains("responsible   S9B9J"), "{text}");
        assert_eq!(serde_json::to_value(&shown).unwrap()["responsible"]["code"], "S9B9J");
        assert!(show(&directory(), Code::new("ZZZ").unwrap(), date(2026, 11, 22)).is_none());
    }

    #[test]
    fn what_is_not_known_says_why() {
        let found = lookup(&directory(), "ME14 2AA", date(2026, 11, 22));
        assert!(found.to_string().contains("(unknown-postcode)"));
        assert_eq!(serde_json::to_value(&found).unwrap()["authority"]["reason"], "unknown-postcode");
    }
}
