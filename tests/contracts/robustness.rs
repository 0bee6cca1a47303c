//! Whatever arrives, there is an answer.

use crate::contracts::{CONTRACTS, documents};
use domain::message::MessageType;
use proptest::prelude::*;
use std::fs;
use std::sync::LazyLock;

static DOCUMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let paths = MessageType::ALL.into_iter().flat_map(|message_type| documents(message_type, "valid"));
    paths.map(|path| fs::read(path).unwrap()).collect()
});

/// Reads as whatever format the first character tells, and holds the answer to what it promises.
fn answer(bytes: &[u8]) {
    if let Err(unreadable) = CONTRACTS.read(None, bytes) {
        assert!((1..=50).contains(&unreadable.reasons.len()));
        assert!(unreadable.reasons.is_sorted_by_key(|reason| &reason.path));
    }
}

#[test]
fn every_truncation_is_answered() {
    // Every third document: each message in both formats.
    for document in DOCUMENTS.iter().step_by(3) {
        for length in 0..document.len() {
            answer(&document[..length]);
        }
    }
}

proptest! {
    #[test]
    fn every_changed_byte_is_answered(which: prop::sample::Index, at: prop::sample::Index, byte: u8) {
        let mut document = which.get(&DOCUMENTS).clone();
        let at = at.index(document.len());
        document[at] = byte;
        answer(&document);
    }

    #[test]
    fn a_piece_of_one_in_another_is_answered(first: prop::sample::Index, second: prop::sample::Index, cut: prop::sample::Index, from: prop::sample::Index) {
        let (first, second) = (first.get(&DOCUMENTS), second.get(&DOCUMENTS));
        let spliced = [&first[..cut.index(first.len())], &second[from.index(second.len())..]].concat();
        answer(&spliced);
    }

    #[test]
    fn anything_at_all_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        answer(&bytes);
    }
}
