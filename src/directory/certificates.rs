//! How long the certificates hold that endpoints stand on.

use super::Rails;
use domain::directory::{Directory, Endpoint};
use domain::port::Certificate;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// A new certificate takes an application, a signature and a change window: three weeks leave time for each.
const SOON: SignedDuration = SignedDuration::from_hours(21 * 24);

/// One certificate of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// As [`Endpoint::name`] has it.
    pub endpoint: String,
    pub certificate: Certificate,
    pub standing: Standing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Holds,
    /// Within three weeks.
    EndsSoon,
    NotYet,
    Ended,
}

impl Held {
    /// Whether nothing gets through because of it.
    #[must_use]
    pub const fn is_mistake(&self) -> bool {
        matches!(self.standing, Standing::NotYet | Standing::Ended)
    }

    /// Whether somebody has to do something, today or soon.
    #[must_use]
    pub fn wants_a_person(&self) -> bool {
        self.standing != Standing::Holds
    }

    /// Whole days until it ends; below nought once it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.certificate.to.duration_since(now).as_secs().div_euclid(86_400)
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, certificate: Certificate { what, from, to }, standing } = self;
        let at = |time: &Timestamp| time.strftime("%Y-%m-%d %H:%M UTC").to_string();
        match standing {
            Standing::Holds => write!(f, "{endpoint}: its {what} holds until {}", at(to)),
            Standing::EndsSoon => write!(f, "{endpoint}: its {what} ends at {}: put a new one into its file before", at(to)),
            Standing::NotYet => write!(f, "{endpoint}: its {what} holds only from {}: put the former one back until then", at(from)),
            Standing::Ended => write!(f, "{endpoint}: its {what} ended at {}: nothing gets through; put a new one into its file", at(to)),
        }
    }
}

/// Every certificate of the endpoints that are in use today or later.
#[must_use]
pub fn certificates(directory: &Directory, rails: &Rails, now: Timestamp, today: Date) -> Vec<Held> {
    let in_use = |endpoint: &&Endpoint| endpoint.to.is_none_or(|to| to >= today);
    let mut found = Vec::new();
    for endpoint in directory.endpoints().iter().filter(in_use) {
        let certificates = rails.get(endpoint.adapter.as_str()).map(|rail| rail.certificates(endpoint)).unwrap_or_default();
        found.extend(certificates.into_iter().map(|certificate| Held {
            endpoint: endpoint.name(),
            certificate,
            standing: standing(&certificate, now),
        }));
    }
    found
}

fn standing(certificate: &Certificate, now: Timestamp) -> Standing {
    if certificate.to < now {
        Standing::Ended
    } else if now < certificate.from {
        Standing::NotYet
    } else if certificate.to.duration_since(now) <= SOON {
        Standing::EndsSoon
    } else {
        Standing::Holds
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Standing, standing};
    use domain::port::Certificate;

    const NOW: &str = "2026-11-22T12:00:00Z";

    #[track_caller]
    fn check(from: &str, to: &str, expected: Standing, days: i64, says: &str) {
        let now = NOW.parse().unwrap();
        let certificate = Certificate { what: "client certificate", from: from.parse().unwrap(), to: to.parse().unwrap() };
        let held = Held { endpoint: "QKS".to_owned(), certificate, standing: standing(&certificate, now) };
        assert_eq!((held.standing, held.days_left(now)), (expected, days));
        assert!(held.to_string().contains(says), "{held}");
    }

    #[test]
    fn a_certificate_is_told_of_three_weeks_before_it_ends() {
        let from = "2026-01-05T09:00:00Z";
        check(from, "2026-12-13T12:00:01Z", Standing::Holds, 21, "holds until 2026-12-13 12:00 UTC");
        check(from, "2026-12-13T12:00:00Z", Standing::EndsSoon, 21, "ends at 2026-12-13");
        check(from, NOW, Standing::EndsSoon, 0, "put a new one into its file before");
        check(from, "2026-11-22T11:59:59Z", Standing::Ended, -1, "nothing gets through");
        check("2026-11-23T00:00:00Z", "2027-12-13T12:00:00Z", Standing::NotYet, 386, "holds only from 2026-11-23");
    }
}
