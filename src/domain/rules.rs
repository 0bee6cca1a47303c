//! The rules by number, what each rests on, and what each came to for one child: for people who ask why.
//!
//! `reg` is the Care Planning, Placement and Case Review (England) Regulations 2010. A rule without one is the regional
//! agreement's, or this product's own.

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($rule:ident = $number:literal, $title:literal, $source:literal);+ $(;)?) => {
        /// One of the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $($rule = $number),+ }

        impl Rule {
            /// All, by number.
            pub const ALL: &'static [Self] = &[$(Self::$rule),+];

            /// Its name in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$rule => $title),+ }
            }

            /// What it rests on.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$rule => $source),+ }
            }
        }
    };
}

rules! {
    ArrivalToCommissioner = 1, "arrival notice to the commissioners", "reg 13(2)";
    ArrivalToAuthority = 2, "arrival notice to the area authority", "reg 13(4)";
    Deadline = 3, "deadline of a notice", "reg 13(1)";
    End = 4, "end notice", "reg 14";
    Boundaries = 5, "two independent boundaries", "reg 13(2) and 13(4)";
    Referral = 6, "referral to the local provider", "regional agreement";
    Reclaim = 7, "reclaim from the originating commissioner", "regional agreement; SI 2012/2996";
    Origin = 8, "originating commissioner", "SI 2012/2996 Sch 1 para 4";
    Succession = 9, "today's body for an old code", "orders that merge and split commissioners";
    Amendments = 10, "newest version wins", "own rule";
    Order = 11, "order of messages", "own rule";
    Silent = 12, "cases without a notice", "reg 48 and own rule";
    Withheld = 13, "withheld address", "reg 13(3)";
    LeastData = 14, "least data", "UK GDPR Art 5(1)(c)";
    Adoption = 15, "adoption and siblings", "own rule";
    Place = 16, "unknown or ended postcode", "own rule";
    Unanswered = 17, "referral refused or not answered", "regional agreement";
    LeavingCare = 18, "leaving care", "reg 14 and regional agreement";
}

impl Rule {
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// A rule is written as its number.
impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(self.number())
    }
}

/// What a rule came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Applies,
    DoesNotApply,
    /// Decided later, by a message or a clock.
    Waits,
    AsksAPerson,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Applies => "applies",
            Self::DoesNotApply => "does not apply",
            Self::Waits => "waits",
            Self::AsksAPerson => "asks a person",
        }
    }
}

/// What one rule came to for one subject, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub rule: Rule,
    /// The placement, care period, referral or claim that it is about.
    pub subject: String,
    pub verdict: Verdict,
    /// A sentence; no postcode, no name.
    pub sentence: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eighteen_rules_numbered_in_order() {
        assert_eq!(Rule::ALL.iter().map(|rule| rule.number()).collect::<Vec<_>>(), (1..=18).collect::<Vec<u8>>());
        assert!(Rule::ALL.iter().all(|rule| !rule.title().is_empty() && !rule.source().is_empty()));
    }

    #[test]
    fn a_rule_is_written_as_its_number() {
        let finding = Finding { rule: Rule::End, subject: "P1".into(), verdict: Verdict::DoesNotApply, sentence: "it goes on".into() };
        let written = serde_json::to_string(&finding).unwrap();
        assert_eq!(written, r#"{"rule":4,"subject":"P1","verdict":"does-not-apply","sentence":"it goes on"}"#);
    }
}
