//! The cases. Each says what it does to a rail, and what must come of it.

use super::{Case, Manner, Oversize, Rail, Stand, Taken, is_taken, later};
use crate::support::door::within;
use crate::support::envelope::{envelope, large};
use domain::port::Report;
use domain::retry::AttemptOutcome;
use futures_util::future::{Either, join_all, select};
use jiff::SignedDuration;
use std::pin::{Pin, pin};
use std::time::Duration;
use uuid::Uuid;

/// Deliveries at once, where a far end takes two.
const MANY: usize = 16;
/// An attempt whose time-out is one second ends well before this, even on a busy machine; the rails' own bounds come on top.
const ENDS_WITHIN: Duration = Duration::from_secs(20);

pub async fn run(case: Case, rail: &dyn Rail) {
    match case {
        Case::Delivered => delivered(rail).await,
        Case::Slow => slow(rail).await,
        Case::Refused => refused(rail).await,
        Case::RetryLater => retry_later(rail).await,
        Case::AmbiguousTimeOut => ambiguous(rail).await,
        Case::Oversize => oversize(rail).await,
        Case::BackPressure => back_pressure(rail).await,
        Case::ShutdownInMidSend => shutdown(rail).await,
        Case::RedeliveryWithTheSameId => redelivery(rail).await,
        Case::Unreachable => unreachable(rail).await,
        Case::GuardedAddress => guarded(rail).await,
    }
}

/// What is sent is there, once and whole, under its id.
async fn delivered(rail: &dyn Rail) {
    let (mut stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
    assert_eq!(stand.deliverer.check(&stand.endpoint), Vec::<String>::new());
    taken(rail, &stand.attempt(id, true).await);
    let there = stand.far.taken(1).await;
    assert_eq!(ids(&there), [id]);
    assert!(stand.far.is_whole(&envelope(id), &there[0].body), "{}", String::from_utf8_lossy(&there[0].body));
}

/// An answer within the time-out is waited for; beyond it the attempt ends, and is tried later.
async fn slow(rail: &dyn Rail) {
    let (mut stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
    stand.road().hold_answer_to(&id.to_string());
    {
        let attempt = pin!(stand.attempt(id, true));
        let Either::Right(((), attempt)) = select(attempt, pin!(stand.road().until_held())).await else {
            panic!("it ended before the far end's answer was there");
        };
        stand.road().let_go();
        taken(rail, &attempt.await);
    }
    assert_eq!(ids(&stand.far.taken(1).await), [id]);

    let mute = rail.stand(Manner::Mute).await;
    let report = tokio::time::timeout(ENDS_WITHIN, mute.attempt(id, true)).await;
    later(&report.expect("the attempt outlasts its time-out"));
}

/// What will never be taken is not tried again.
async fn refused(rail: &dyn Rail) {
    let mut stand = rail.stand(Manner::Refusing).await;
    let report = stand.attempt(Uuid::now_v7(), true).await;
    assert!(matches!(report.outcome, AttemptOutcome::Refused { .. }), "{report:?}");
    assert!(stand.far.taken(0).await.is_empty());
}

/// Who takes nothing now is left alone as long as it asks, and gets it then.
async fn retry_later(rail: &dyn Rail) {
    let (mut stand, id) = (rail.stand(Manner::Busy).await, Uuid::now_v7());
    let report = stand.attempt(id, true).await;
    assert_eq!(later(&report), rail.promise().busy_for, "{report:?}");
    assert!(ids(&stand.far.taken(0).await).is_empty());
    stand.far.mend(&mut stand.endpoint).await;
    stand.until_taken(rail, id).await;
    assert_eq!(ids(&stand.far.taken(1).await), [id]);
}

/// The far end has it and the hub does not hear so: by a broken connection, or because time is up.
async fn ambiguous(rail: &dyn Rail) {
    for breaks in [true, false] {
        let (mut stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
        if breaks {
            stand.road().lose_answer_to(&id.to_string());
        } else {
            stand.road().hold_answer_to(&id.to_string());
        }
        let patient = std::mem::replace(&mut stand.endpoint.timeout_seconds, if breaks { 10 } else { 1 });
        later(&stand.attempt(id, true).await);
        assert_eq!(ids(&stand.far.taken(1).await), [id], "the far end had taken it");
        stand.endpoint.timeout_seconds = patient;
        stand.road().let_go();
        sent_again(rail, &mut stand, id).await;
    }
}

/// A body beyond what the far end takes at once: what becomes of it is promised, and it is in nobody's way.
async fn oversize(rail: &dyn Rail) {
    let mut stand = rail.stand(Manner::Narrow).await;
    let (big, small) = (Uuid::now_v7(), Uuid::now_v7());
    let (bytes, promised) = rail.promise().oversize;
    let body = large(big, bytes);
    let report = stand.send(&stand.endpoint, big, &body, true).await;
    let expected = match promised {
        Oversize::Arrives => {
            taken(rail, &report);
            let there = stand.far.taken(1).await;
            assert!(there.len() == 1 && stand.far.is_whole(&body, &there[0].body), "{report:?}");
            vec![big, small]
        }
        Oversize::Refused => {
            assert!(matches!(report.outcome, AttemptOutcome::Refused { .. }), "{report:?}");
            vec![small]
        }
        Oversize::Later => {
            assert!(later(&report) >= Some(SignedDuration::from_mins(15)), "a person has to act: {report:?}");
            vec![small]
        }
    };
    stand.until_taken(rail, small).await;
    assert_eq!(ids(&stand.far.taken(expected.len()).await), expected);
}

/// Many at once to a far end that takes few: the others are turned away and come again, nothing is lost and nothing doubled. And
/// one that takes its time holds up nobody else.
async fn back_pressure(rail: &dyn Rail) {
    let mut stand = rail.stand(Manner::Crowded).await;
    let mut waiting: Vec<_> = (0..MANY).map(|_| Uuid::now_v7()).collect();
    let mut expected = waiting.clone();
    if !rail.promise().shares_connection {
        let first = waiting.remove(0);
        stand.road().hold_answer_to(&first.to_string());
        let served = within("the only place is taken", served(&stand, first)).await;
        for report in join_all(waiting.iter().map(|id| stand.attempt(*id, true))).await {
            later(&report);
        }
        stand.road().let_go();
        taken(rail, &served.await);
    }
    let mut turned_away = expected.len() - waiting.len();
    let coming_again = async {
        while !waiting.is_empty() {
            let reports = join_all(waiting.iter().map(|id| stand.attempt(*id, false))).await;
            reports.iter().filter(|report| !is_taken(rail, report)).for_each(|report| _ = later(report));
            let mut again = reports.iter().map(|report| !is_taken(rail, report));
            waiting.retain(|_| again.next().unwrap());
            turned_away += waiting.len();
            // Whoever reads what is there makes room.
            stand.far.taken(0).await;
        }
    };
    within("all are taken", coming_again).await;
    assert!(turned_away > 0, "nobody was turned away, so nothing is proved");
    let mut there = ids(&stand.far.taken(MANY).await);
    there.sort();
    expected.sort();
    assert_eq!(there, expected);
    undisturbed(rail).await;
}

/// An attempt whose answer is held, so that it keeps its place. A connection that was just used may not have given its own back yet: then it
/// is turned away like any other, and comes again.
async fn served(stand: &Stand, id: Uuid) -> Pin<Box<impl Future<Output = Report>>> {
    let mut first = true;
    loop {
        match select(Box::pin(stand.attempt(id, first)), pin!(stand.road().until_held())).await {
            Either::Right(((), attempt)) => return attempt,
            Either::Left((report, _)) => _ = later(&report),
        }
        first = false;
    }
}

/// While one far end keeps the hub waiting, its neighbour gets all that is for it.
async fn undisturbed(rail: &dyn Rail) {
    let (stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
    let neighbours = async || {
        let sending = (0..MANY).map(async |_| {
            let id = Uuid::now_v7();
            taken(rail, &stand.send(&stand.neighbour, id, &envelope(id), true).await);
        });
        join_all(sending).await;
    };
    if rail.promise().shares_connection || stand.road.is_none() {
        return neighbours().await;
    }
    stand.road().hold_answer_to(&id.to_string());
    let slow = pin!(stand.attempt(id, true));
    let Either::Right(((), slow)) = select(slow, pin!(stand.road().until_held())).await else { panic!("it waits") };
    let Either::Right((_, slow)) = select(slow, pin!(neighbours())).await else { panic!("it still waits") };
    stand.road().let_go();
    taken(rail, &slow.await);
}

/// The hub stops while it sends: the attempt is dropped, nothing hangs on, and the next one carries the same id.
async fn shutdown(rail: &dyn Rail) {
    let (mut stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
    stand.road().hold_answer_to(&id.to_string());
    {
        let attempt = pin!(stand.attempt(id, true));
        let Either::Right(_) = select(attempt, pin!(stand.road().until_held())).await else { panic!("it ended too early") };
    }
    if !rail.promise().shares_connection {
        stand.road().until_empty().await;
    }
    stand.road().let_go();
    sent_again(rail, &mut stand, id).await;
    stand.deliverer.close().await;
    if rail.promise().shares_connection {
        stand.road().until_empty().await;
    }
}

/// The same delivery twice: the far end knows it by its id.
async fn redelivery(rail: &dyn Rail) {
    let (mut stand, id) = (rail.stand(Manner::Well).await, Uuid::now_v7());
    let (once, twice) = (stand.attempt(id, true).await, stand.attempt(id, false).await);
    taken(rail, &once);
    taken(rail, &twice);
    assert_eq!(once.outcome, twice.outcome, "the same delivery again is the same");
    expect_repeats(rail, &stand.far.taken(if rail.promise().arrives_once { 1 } else { 2 }).await, id);
}

/// Nobody is there: told, and tried later.
async fn unreachable(rail: &dyn Rail) {
    later(&rail.stand(Manner::Absent).await.attempt(Uuid::now_v7(), true).await);
}

/// Nothing goes to an address that is not allowed; a person has to act, so it is left alone for a while.
async fn guarded(rail: &dyn Rail) {
    let report = rail.stand(Manner::Inside).await.attempt(Uuid::now_v7(), true).await;
    assert!(later(&report) >= Some(SignedDuration::from_mins(15)), "{report:?}");
}

/// After an attempt that nobody heard the end of.
async fn sent_again(rail: &dyn Rail, stand: &mut Stand, id: Uuid) {
    stand.until_taken(rail, id).await;
    expect_repeats(rail, &stand.far.taken(if rail.promise().arrives_once { 1 } else { 2 }).await, id);
}

fn expect_repeats(rail: &dyn Rail, there: &[Taken], id: Uuid) {
    let ids = ids(there);
    assert!(ids.iter().all(|each| *each == id), "another id than the delivery's: {ids:?}");
    assert_eq!(ids.len() == 1, rail.promise().arrives_once, "it is there {} times", ids.len());
}

#[track_caller]
fn taken(rail: &dyn Rail, report: &Report) {
    assert!(is_taken(rail, report), "{report:?}");
}

fn ids(there: &[Taken]) -> Vec<Uuid> {
    there.iter().map(|taken| taken.id).collect()
}
