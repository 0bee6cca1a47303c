//! What a directory is made of, as rows.

use super::dated::Link;
use super::{Directory, Endpoint, Organisation, Publisher, Token};
use crate::code::Code;
use crate::postcode::PostcodeIndex;
use crate::working_days::Calendar;
use jiff::civil::Date;
use std::collections::HashMap;

/// The rows of a directory, in any order. A test may give only those it needs.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    pub calendar: Calendar,
    pub organisations: Vec<Organisation>,
    /// (former or other code, code in use).
    pub aliases: Vec<(Code, Code)>,
    /// District, or area that was one -> authority.
    pub districts: Vec<Link>,
    /// Authority -> commissioner place (England) or body (Wales); one row for each that has part of the area.
    pub areas: Vec<Link>,
    /// Commissioner place -> board.
    pub parents: Vec<Link>,
    /// Authority -> provider of specialist community CAMHS.
    pub camhs: Vec<Link>,
    /// GP practice -> commissioner place.
    pub practices: Vec<Link>,
    pub successions: Vec<Succession>,
    /// Pairs of authorities, either way round.
    pub adjoining: Vec<(Code, Code)>,
    pub endpoints: Vec<Endpoint>,
    pub publishers: Vec<Publisher>,
    pub tokens: Vec<Token>,
    pub postcodes: PostcodeIndex,
}

/// On the day `on`, `to` took over from `from`: wholly, or a part of its area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    pub from: Code,
    pub to: Code,
    pub on: Date,
    pub whole: bool,
}

impl Parts {
    pub(super) fn assemble(self) -> Directory {
        let mut successors: HashMap<Code, Vec<Succession>> = HashMap::new();
        for edge in self.successions {
            successors.entry(edge.from).or_default().push(edge);
        }
        let mut endpoints_of: HashMap<Code, Vec<usize>> = HashMap::new();
        for (at, endpoint) in self.endpoints.iter().enumerate() {
            endpoints_of.entry(endpoint.organisation).or_default().push(at);
        }
        Directory {
            calendar: self.calendar,
            organisations: self.organisations.into_iter().map(|organisation| (organisation.code, organisation)).collect(),
            aliases: self.aliases.into_iter().collect(),
            districts: self.districts.into_iter().collect(),
            areas: self.areas.into_iter().collect(),
            parents: self.parents.into_iter().collect(),
            camhs: self.camhs.into_iter().collect(),
            practices: self.practices.into_iter().collect(),
            successors,
            adjoining: self.adjoining.into_iter().flat_map(|(one, other)| [(one, other), (other, one)]).collect(),
            endpoints: self.endpoints,
            endpoints_of,
            publishers: self.publishers.into_iter().map(|publisher| (publisher.organisation, publisher)).collect(),
            tokens: self.tokens.into_iter().map(|token| (token.digest, token)).collect(),
            postcodes: self.postcodes,
        }
    }
}
