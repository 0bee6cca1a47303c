//! Contents sealed with another key: found once each, wherever they are, and exchanged without anything else changing.

use super::desk::{alias, causing, child, entry, message, notice, terms, update};
use super::{Desk, each};
use domain::port::{ChildUpdate, Clue, Entry, MessageRow, NewObligation, NewReview, Resealed, SealedContent, SealedKind};

const OLD: &[u8] = b"\x01old.";
const NEW: &[u8] = b"\x01new.";

fn sealed(key: &[u8], content: &str) -> Vec<u8> {
    [key, content.as_bytes()].concat()
}

/// A message about a child, with everything that is sealed.
fn told(n: u32, number: u8, version: u64, key: &[u8]) -> Entry {
    let row = MessageRow { envelope: sealed(key, "envelope"), ..message(n) };
    let issue = vec![NewObligation { payload: sealed(key, "payload").into(), ..notice(n, "RX2", 1) }];
    let question = NewReview { key: alias(number), reason: "unknown-postcode", due_on: None, detail: sealed(key, "question") };
    entry(Some(row), Some(ChildUpdate { casefile: sealed(key, "casefile"), issue, reviews: vec![question], ..update(number, version) }))
}

async fn everything(desk: &Desk, current: &[u8]) -> Vec<SealedContent> {
    let (mut found, mut next) = (Vec::new(), Some(SealedKind::Envelope.start()));
    while let Some(after) = next {
        let page = desk.ledger().sealed(current.to_vec(), after).await.unwrap();
        found.extend(page.contents);
        next = page.next;
    }
    found
}

fn anew(content: &SealedContent) -> Resealed {
    Resealed { place: content.place, was: content.content.clone(), now: [NEW, &content.content[OLD.len()..]].concat() }
}

#[test]
fn each_content_under_another_key_is_found_once_and_exchanged() {
    each(async |desk| {
        desk.put(told(1, 1, 0, OLD)).await;
        desk.put(told(2, 2, 0, NEW)).await;
        desk.put(told(3, 3, 0, OLD)).await;
        let old = everything(desk, NEW).await;
        let mut kinds: Vec<_> = old.iter().map(|content| (content.place.kind, content.content.clone())).collect();
        kinds.sort();
        let expected = [
            (SealedKind::Envelope, "envelope"),
            (SealedKind::Casefile, "casefile"),
            (SealedKind::Payload, "payload"),
            (SealedKind::Question, "question"),
        ];
        let expected: Vec<_> =
            expected.into_iter().flat_map(|(kind, text)| [(kind, sealed(OLD, text)), (kind, sealed(OLD, text))]).collect();
        assert_eq!(kinds, expected);

        // A casefile that a message has changed since it was read stays as it is now.
        desk.put(entry(None, Some(ChildUpdate { casefile: sealed(NEW, "newer"), ..update(1, 1) }))).await;
        assert_eq!(desk.ledger().reseal(old.iter().map(anew).collect()).await.unwrap(), 7);
        assert_eq!(everything(desk, NEW).await, []);
        let loaded = desk.ledger().load(vec![child(1), child(3)], Vec::new()).await.unwrap();
        let casefiles: Vec<_> = loaded.children.iter().map(|record| (record.version, record.casefile.clone())).collect();
        assert_eq!(casefiles, [(2, sealed(NEW, "newer")), (1, sealed(NEW, "casefile"))], "no version has moved");
        // Told twice, it changes nothing.
        assert_eq!(desk.ledger().reseal(old.iter().map(anew).collect()).await.unwrap(), 0);
        let leased = desk.lease("RX2", 1).await;
        assert!(leased.iter().all(|lease| lease.payload.as_ref() == sealed(NEW, "payload")), "{leased:?}");
        assert!(!desk.ledger().trace(Clue::Alias(alias(9))).await.unwrap().iter().any(|line| line.what == "message"));
    });
}

#[test]
fn a_large_ledger_is_walked_in_pages() {
    each(async |desk| {
        let messages = (1..=1_200).map(|n| {
            let key = if n % 2 == 0 { OLD } else { NEW };
            entry(Some(MessageRow { envelope: sealed(key, "envelope"), ..message(n) }), None)
        });
        desk.record(messages.collect(), terms(0, 0)).await;
        desk.record(vec![causing(1_201, 1, 0, Vec::new())], terms(0, 0)).await;
        let old = everything(desk, NEW).await;
        // Those of `causing` begin with neither key.
        let envelopes = old.iter().filter(|content| content.place.kind == SealedKind::Envelope && content.content.starts_with(OLD));
        assert_eq!(envelopes.count(), 600);
        let first = desk.ledger().sealed(NEW.to_vec(), SealedKind::Envelope.start()).await.unwrap();
        assert!(first.contents.len() < 600 && first.next.is_some(), "{} in one answer", first.contents.len());
    });
}
