//! Organisations, who is responsible where and when, and how to reach them. Everything is dated.
//!
//! Nothing here reads a file: the hub loads `config/directory/`, checks it whole, and hands over one [`Directory`].
//! Every question is answered for a day, and an answer that would be a guess is an [`Unresolved`] with its candidates.

use crate::code::Code;
use crate::message::MessageType;
use crate::working_days::Calendar;
use jiff::civil::Date;

/// Where a child lives or lived, as far as a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Whereabouts<'a> {
    pub postcode: Option<&'a str>,
    /// Used only where the postcode cannot decide.
    pub local_authority: Option<Code>,
}

/// What a place comes to on a day. Each part is resolved, or says why not: one may be known where another is not.
#[derive(Clone, Debug)]
pub struct Located {
    pub country: Country,
    pub authority: Result<Code, Unresolved>,
    pub commissioner: Result<Commissioner, Unresolved>,
    /// The provider of specialist community CAMHS.
    pub camhs: Result<Code, Unresolved>,
    /// By what the area was found.
    pub evidence: AreaEvidence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AreaEvidence {
    Postcode,
    /// The postcode was absent, unknown or ended.
    LocalAuthority,
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Country {
    England,
    Wales,
    Scotland,
    NorthernIreland,
    /// Channel Islands, Isle of Man.
    Elsewhere,
    Unknown,
}

/// A commissioner as a recipient: the body that is legally responsible on the day, and the place it was found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commissioner {
    /// CCG up to 30 June 2022, ICB since; a Welsh health board in Wales.
    pub body: Code,
    /// CCG / sub-ICB location; none for Wales.
    pub place: Option<Code>,
}

/// No single answer; a person decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unresolved {
    /// A bounded name, also a metric label: `unknown-postcode`, `ended-postcode`, `ambiguous-area`,
    /// `ambiguous-succession`, `unknown-organisation`, `no-coverage`, `outside-england-and-wales`.
    pub reason: &'static str,
    /// What is missing, for a person; no postcode in it.
    pub sentence: String,
    pub candidates: Vec<Candidate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub code: Code,
    pub name: String,
    /// Why it might be this one.
    pub evidence: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Organisation {
    pub code: Code,
    pub name: String,
    pub kind: OrganisationKind,
    /// First and last day; none where open.
    pub from: Option<Date>,
    pub to: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OrganisationKind {
    Authority,
    /// CCG or sub-ICB location: legally responsible up to 30 June 2022, a place since.
    CommissionerPlace,
    /// ICB or Welsh health board.
    CommissionerBody,
    Provider,
}

/// How an organisation (or one place of it) is reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    pub organisation: Code,
    pub place: Option<Code>,
    /// The adapter's name: `webhook`.
    pub adapter: String,
    pub url: String,
    /// Signing secrets, newest first, as read from their files (`whsec_...`): every one signs while rotating.
    pub secrets: Vec<Secret>,
    /// Whether the address may be loopback or private.
    pub allow_private: bool,
    pub timeout_seconds: u32,
    /// Most attempts in flight at once.
    pub concurrency: u32,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// A secret that does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Who may publish what, and as whom the broker knows them.
#[derive(Clone, Debug, PartialEq)]
pub struct Publisher {
    pub organisation: Code,
    pub may_send: Vec<MessageType>,
    /// Broker users; empty where the broker's word is not asked for.
    pub user_ids: Vec<String>,
}

/// The whole directory, immutable; a new one replaces it.
pub struct Directory {
    pub calendar: Calendar,
}

impl Directory {
    /// The area of `place` on the day `on`: by postcode, else by the authority code where that decides it.
    #[must_use]
    pub fn locate(&self, place: Whereabouts<'_>, on: Date) -> Located {
        let _ = (place, on);
        unimplemented!()
    }

    /// The body responsible on the day `on` for what was the commissioner `code` (place or body, open or long closed),
    /// followed through succession. A split is decided by the home postcode at entry.
    ///
    /// # Errors
    /// Where the code is unknown, or no single open successor can be told.
    pub fn responsible_for(&self, code: Code, home_postcode: Option<&str>, on: Date) -> Result<Commissioner, Unresolved> {
        let _ = (code, home_postcode, on);
        unimplemented!()
    }

    /// The commissioner place that a GP practice belonged to on a day; none where the directory does not know the practice.
    #[must_use]
    pub fn commissioner_of_practice(&self, practice: &str, on: Date) -> Option<Code> {
        let _ = (practice, on);
        unimplemented!()
    }

    #[must_use]
    pub fn organisation(&self, code: Code) -> Option<&Organisation> {
        let _ = code;
        unimplemented!()
    }

    /// Whether two authorities adjoin ("at a distance" is: out of area and not adjoining).
    #[must_use]
    pub fn adjoin(&self, one: Code, other: Code) -> bool {
        let _ = (one, other);
        unimplemented!()
    }

    /// The endpoint for a recipient on a day: its place's own, else the body's, else that of its one successor.
    #[must_use]
    pub fn endpoint(&self, recipient: Code, place: Option<Code>, on: Date) -> Option<&Endpoint> {
        let _ = (recipient, place, on);
        unimplemented!()
    }

    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        unimplemented!()
    }

    #[must_use]
    pub fn publisher(&self, code: Code) -> Option<&Publisher> {
        let _ = code;
        unimplemented!()
    }
}
