//! Organisations, who is responsible where and when, and how to reach them. Everything is dated.
//!
//! Nothing here reads a file: the hub loads `config/directory/`, checks it whole, and hands over one [`Directory`].
//! Every question is answered for a day, and an answer that would be a guess is an [`Unresolved`] with its candidates.

mod area;
mod dated;
mod difference;
mod parts;
mod reach;
#[cfg(test)]
pub(crate) mod sample;
mod succession;
#[cfg(test)]
mod tests;

pub use dated::{Link, Span};
pub use difference::{Change, Differences, How, Part, PostcodeChanges};
pub use parts::{Parts, Succession};

use crate::code::Code;
use crate::message::MessageType;
use crate::postcode::PostcodeIndex;
use crate::working_days::Calendar;
use dated::Links;
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The first day on which the integrated care boards were responsible, instead of the CCGs (Health and Care Act 2022).
pub const BOARDS_SINCE: Date = date(2022, 7, 1);

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
    /// CCG / sub-ICB location; none for Wales, and where only the body could be told.
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
    /// What only this adapter knows: `mailbox`, `workflow`. Checked by [`crate::port::Deliver::check`].
    pub settings: BTreeMap<String, String>,
    /// The same for what must not print: read from files, `password_file` in the settings being `password` here.
    pub secret_settings: BTreeMap<String, Secret>,
    pub agreed: Agreed,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// What an organisation has agreed to besides taking what is sent to it. Nothing by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Agreed {
    /// It acknowledges notices that are issued from this day on, and is reminded of those that it does not.
    pub acknowledges_from: Option<Date>,
    /// It takes a test event every so many minutes.
    pub heartbeat_minutes: Option<u32>,
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

/// A bearer token as the hub knows it: by its digest, never by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Whom it stands for.
    pub organisation: Code,
    /// SHA-256 of the token's text.
    pub digest: [u8; 32],
    pub may: Vec<Permission>,
    /// For people: which system has it.
    pub name: String,
    /// First and last day on which it is good; none where open.
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Send messages of its organisation.
    Publish,
    /// Read its organisation's feed, and say what was collected.
    Read,
}

/// The whole directory, immutable; a new one replaces it. Built from [`Parts`].
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub calendar: Calendar,
    organisations: HashMap<Code, Organisation>,
    /// Former and other codes of the same organisation.
    aliases: HashMap<Code, Code>,
    /// District -> authority.
    districts: Links,
    /// Authority -> each commissioner (place, or Welsh health board) in its area.
    areas: Links,
    /// Commissioner place -> the board that it belongs to.
    parents: Links,
    /// Authority -> CAMHS provider.
    camhs: Links,
    /// GP practice -> commissioner place.
    practices: Links,
    /// From each closed organisation to what followed it.
    successors: HashMap<Code, Vec<Succession>>,
    /// Both ways round.
    adjoining: HashSet<(Code, Code)>,
    endpoints: Vec<Endpoint>,
    /// Positions in `endpoints`.
    endpoints_of: HashMap<Code, Vec<usize>>,
    publishers: HashMap<Code, Publisher>,
    /// By digest.
    tokens: HashMap<[u8; 32], Token>,
    postcodes: PostcodeIndex,
}

impl Directory {
    /// Takes the parts as they are: whether they fit together is checked where they are loaded.
    #[must_use]
    pub fn from_parts(parts: Parts) -> Self {
        parts.assemble()
    }

    /// The area of `place` on the day `on`: by postcode, else by the authority code where that decides it.
    #[must_use]
    pub fn locate(&self, place: Whereabouts<'_>, on: Date) -> Located {
        area::locate(self, place, on)
    }

    /// The body responsible on the day `on` for what was the commissioner `code` (place or body, open or long closed),
    /// followed through succession. A split is decided by the home postcode at entry.
    ///
    /// # Errors
    /// Where the code is unknown, or no single open successor can be told.
    pub fn responsible_for(&self, code: Code, home_postcode: Option<&str>, on: Date) -> Result<Commissioner, Unresolved> {
        succession::responsible_for(self, code, home_postcode, on)
    }

    /// The commissioner place that a GP practice belonged to on a day; none where the directory does not know the practice.
    #[must_use]
    pub fn commissioner_of_practice(&self, practice: &str, on: Date) -> Option<Code> {
        self.practices.on(Code::new(practice.trim()).ok()?, on).next()
    }

    /// By its code, or a former one.
    #[must_use]
    pub fn organisation(&self, code: Code) -> Option<&Organisation> {
        self.organisations.get(&self.known_as(code))
    }

    /// Whether two authorities adjoin ("at a distance" is: out of area and not adjoining).
    #[must_use]
    pub fn adjoin(&self, one: Code, other: Code) -> bool {
        self.adjoining.contains(&(self.known_as(one), self.known_as(other)))
    }

    /// The endpoint for a recipient on a day: its place's own, else the body's, else that of its one successor.
    #[must_use]
    pub fn endpoint(&self, recipient: Code, place: Option<Code>, on: Date) -> Option<&Endpoint> {
        reach::endpoint(self, recipient, place, on)
    }

    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    #[must_use]
    pub fn publisher(&self, code: Code) -> Option<&Publisher> {
        self.publishers.get(&code)
    }

    /// The token with this digest, where it is good on the day `on`.
    #[must_use]
    pub fn token(&self, digest: &[u8; 32], on: Date) -> Option<&Token> {
        self.tokens.get(digest).filter(|token| token.span().holds(on))
    }

    /// Every organisation, in no order.
    pub fn organisations(&self) -> impl Iterator<Item = &Organisation> {
        self.organisations.values()
    }

    /// What followed a closed organisation; empty where it is open or nothing is recorded.
    #[must_use]
    pub fn successors(&self, code: Code) -> &[Succession] {
        self.successors.get(&self.known_as(code)).map_or(&[], Vec::as_slice)
    }

    /// The board that a commissioner place belongs to on a day; none before there were boards.
    #[must_use]
    pub fn board_of(&self, place: Code, on: Date) -> Option<Code> {
        self.parents.on(place, on).next()
    }

    /// What `newer` says otherwise; `today` is the day for which postcodes are compared.
    #[must_use]
    pub fn differences(&self, newer: &Self, today: Date) -> Differences {
        difference::differences(self, newer, today)
    }

    /// The code in use for an organisation that may be named by a former one.
    fn known_as(&self, code: Code) -> Code {
        self.aliases.get(&code).copied().unwrap_or(code)
    }

    /// A code's organisation as a candidate, for a person to choose from.
    fn candidate(&self, code: Code, evidence: impl Into<String>) -> Candidate {
        let name = self.organisation(code).map_or_else(|| code.to_string(), |organisation| organisation.name.clone());
        Candidate { code, name, evidence: evidence.into() }
    }
}

impl OrganisationKind {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::CommissionerPlace => "place",
            Self::CommissionerBody => "body",
            Self::Provider => "provider",
        }
    }
}

impl Organisation {
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

impl Unresolved {
    fn new(reason: &'static str, sentence: impl Into<String>, candidates: Vec<Candidate>) -> Self {
        Self { reason, sentence: sentence.into(), candidates }
    }
}

impl Endpoint {
    /// `QKS`, or `QKS/91Q` where it is for a place only.
    #[must_use]
    pub fn name(&self) -> String {
        self.place.map_or_else(|| self.organisation.to_string(), |place| format!("{}/{place}", self.organisation))
    }

    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

impl Token {
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

impl Permission {
    pub const ALL: [Self; 2] = [Self::Publish, Self::Read];

    /// As it is written: `publish`, `read`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Read => "read",
        }
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.name() == name)
    }
}
