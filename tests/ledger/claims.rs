//! Claims: written with the child that they came of, found by commissioner, state and openness, page by page.

use super::desk::{code, date, entry, update};
use super::{Desk, each};
use domain::claim::ClaimState;
use domain::policy::Stage;
use domain::port::{ChildUpdate, ClaimFilter, ClaimRow, Recorded};

fn claim(id: &str, commissioner: &str, state: ClaimState) -> ClaimRow {
    ClaimRow {
        id: id.to_owned(),
        stage: Stage::Assessment,
        commissioner: code(commissioner),
        place: Some(code("09D")),
        provider: code("RX2"),
        service_on: date("2026-11-02"),
        amount_pence: Some(27_500),
        answered_pence: None,
        state,
        claimed_on: date("2026-11-05"),
        since: date("2026-11-05"),
    }
}

async fn write(desk: &Desk, number: u8, version: u64, claims: Vec<ClaimRow>) {
    desk.put(entry(None, Some(ChildUpdate { claims, ..update(number, version) }))).await;
}

async fn ids(desk: &Desk, filter: ClaimFilter) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    loop {
        let page = desk.ledger().claims(ClaimFilter { after: found.last().cloned(), limit: 2, ..filter.clone() }).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            return found;
        }
        found.extend(page.into_iter().map(|row| row.id));
    }
}

#[test]
fn each_row_takes_the_place_of_the_one_with_its_id() {
    each(async |desk| {
        let first = claim("c1", "QKS", ClaimState::Requested);
        write(desk, 1, 0, vec![first.clone(), claim("c2", "QKS", ClaimState::Held)]).await;
        let paid = ClaimRow {
            state: ClaimState::Paid,
            answered_pence: Some(20_000),
            amount_pence: None,
            place: None,
            since: date("2026-12-01"),
            stage: Stage::Treatment,
            ..first
        };
        write(desk, 1, 1, vec![paid.clone()]).await;
        desk.reopen();
        let rows = desk.ledger().claims(ClaimFilter { limit: 9, ..ClaimFilter::default() }).await.unwrap();
        assert_eq!(rows, [paid, claim("c2", "QKS", ClaimState::Held)]);
    });
}

#[test]
fn a_conflict_leaves_the_claims_as_they_are() {
    each(async |desk| {
        write(desk, 1, 0, vec![claim("c1", "QKS", ClaimState::Requested)]).await;
        let stale = ChildUpdate { claims: vec![claim("c1", "QKS", ClaimState::Voided)], ..update(1, 0) };
        let outcome = desk.record(vec![entry(None, Some(stale))], super::desk::terms(0, 0)).await;
        assert_eq!(outcome.recorded, [Recorded::Conflict]);
        assert_eq!(ids(desk, ClaimFilter { open: true, ..ClaimFilter::default() }).await, ["c1"]);
    });
}

#[test]
fn every_filter_gives_what_it_should_page_by_page() {
    each(async |desk| {
        let states = ClaimState::ALL.iter().cycle().take(24).enumerate();
        let all: Vec<_> = states.map(|(n, state)| claim(&format!("c{n:02}"), ["QKS", "QMM", "15E"][n % 3], *state)).collect();
        // Written in another order than that of the ids.
        for (n, row) in all.iter().rev().enumerate() {
            write(desk, u8::try_from(n).unwrap(), 0, vec![row.clone()]).await;
        }
        let states = std::iter::once(None).chain(ClaimState::ALL.iter().copied().map(Some));
        for state in states {
            for commissioner in [None, Some(code("QKS")), Some(code("15E")), Some(code("ABC"))] {
                for open in [false, true] {
                    let filter = ClaimFilter { commissioner, state, open, after: None, limit: 0 };
                    let passes = |row: &&ClaimRow| {
                        commissioner.is_none_or(|code| row.commissioner == code)
                            && state.is_none_or(|state| row.state == state)
                            && (!open || row.state.is_open())
                    };
                    let expected: Vec<_> = all.iter().filter(passes).map(|row| row.id.clone()).collect();
                    assert_eq!(ids(desk, filter.clone()).await, expected, "{filter:?}");
                }
            }
        }
    });
}
