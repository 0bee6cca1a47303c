//! What a ledger keeps sealed, seen as nothing but sealed: to be sealed anew with another key.

/// Which of the sealed contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SealedKind {
    /// A message's bytes.
    Envelope,
    /// A child's casefile.
    Casefile,
    /// What a delivery carries.
    Payload,
    /// What a review item asks.
    Question,
}

/// One content, as its ledger counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SealedPlace {
    pub kind: SealedKind,
    /// A row's number, or its id.
    pub row: u128,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedContent {
    pub place: SealedPlace,
    pub content: Vec<u8>,
}

/// Some of what was asked for, and where to go on.
#[derive(Clone, Debug, Default)]
pub struct SealedPage {
    pub contents: Vec<SealedContent>,
    /// None where everything has been looked at.
    pub next: Option<SealedPlace>,
}

/// The same content under another key.
#[derive(Clone, Debug)]
pub struct Resealed {
    pub place: SealedPlace,
    /// What was there when it was read: what somebody has changed since stays as it is.
    pub was: Vec<u8>,
    pub now: Vec<u8>,
}

impl SealedKind {
    pub const ALL: [Self; 4] = [Self::Envelope, Self::Casefile, Self::Payload, Self::Question];

    /// Where looking at this kind begins.
    #[must_use]
    pub const fn start(self) -> SealedPlace {
        SealedPlace { kind: self, row: 0 }
    }

    /// The kind that is looked at after this one.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        let mut later = Self::ALL.into_iter().skip_while(|kind| *kind != self);
        later.nth(1)
    }
}

#[cfg(test)]
mod tests {
    use super::SealedKind;

    #[test]
    fn every_kind_is_looked_at_once() {
        let walked: Vec<_> = std::iter::successors(Some(SealedKind::Envelope), |kind| kind.next()).collect();
        assert_eq!(walked, SealedKind::ALL);
    }
}
