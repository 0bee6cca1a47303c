//! Any verbs in any order: the ledger does what a small model does, counts what is there, and loses nothing.

use super::desk::{at, child, code, date, delivery, entry, message, notice, numbers, obligation, settlement, terms, update};
use super::{Desk, Shelf, embedded, shared};
use domain::delivery::{DeliveryState, HoldReason, Kind};
use domain::port::{ChildUpdate, Confirmation, Confirmed, DeliveryFilter, Lease, NewObligation, OperatorAction, Recorded};
use domain::retry::Next;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const RECIPIENTS: [&str; 2] = ["RX2", "91Q"];
/// Leases of `terms` run this long.
const LEASE: i64 = 60;

#[derive(Clone, Debug)]
enum Verb {
    Record { child: u8, issue: Vec<(usize, bool, bool)>, retract: usize, limit: usize },
    LeaseDue { recipient: usize },
    Settle { lease: usize, end: usize },
    Operate { delivery: usize, action: usize },
    Collect { recipient: usize },
    Confirm { delivery: usize, outcome: usize },
    HoldLane { recipient: usize, hold: bool },
    Pass { seconds: i64 },
    MarkBreaches,
    Reopen,
}

fn verb() -> impl Strategy<Value = Verb> {
    let issue = prop::collection::vec((0..2_usize, prop::bool::weighted(0.15), any::<bool>()), 0..4);
    prop_oneof![
        4 => (1..4_u8, issue, 0..12_usize, 0..4_usize).prop_map(|(child, issue, retract, limit)| Verb::Record { child, issue, retract, limit }),
        4 => (0..2_usize).prop_map(|recipient| Verb::LeaseDue { recipient }),
        6 => (any::<usize>(), 0..8_usize).prop_map(|(lease, end)| Verb::Settle { lease, end }),
        3 => (any::<usize>(), 0..4_usize).prop_map(|(delivery, action)| Verb::Operate { delivery, action }),
        1 => (0..2_usize).prop_map(|recipient| Verb::Collect { recipient }),
        2 => (any::<usize>(), 0..3_usize).prop_map(|(delivery, outcome)| Verb::Confirm { delivery, outcome }),
        1 => (0..2_usize, any::<bool>()).prop_map(|(recipient, hold)| Verb::HoldLane { recipient, hold }),
        2 => (1..90_i64).prop_map(|seconds| Verb::Pass { seconds }),
        1 => Just(Verb::MarkBreaches),
        1 => Just(Verb::Reopen),
    ]
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(64))]
    #[test]
    fn the_embedded_ledger_does_what_the_model_does(verbs in prop::collection::vec(verb(), 1..50)) {
        run(embedded(), &verbs);
    }
}

proptest! {
    // A look at everything after each verb takes a database longer than a file.
    #![proptest_config(config(12))]
    #[test]
    fn the_shared_ledger_does_what_the_model_does(verbs in prop::collection::vec(verb(), 1..50)) {
        run(shared(), &verbs);
    }
}

fn run(shelf: Shelf, verbs: &[Verb]) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut desk = Desk::new(shelf);
        let mut model = Model::default();
        for verb in verbs {
            model.apply(&mut desk, verb).await;
            model.compare(&desk).await;
        }
    });
}

/// One delivery as the model knows it.
#[derive(Clone, Debug)]
struct Item {
    kind: Kind,
    recipient: usize,
    child: u8,
    sequence: u32,
    dated: bool,
    state: DeliveryState,
    hold: Option<HoldReason>,
    lane_held: bool,
    next_at: i64,
    fence: u64,
    lease_open: bool,
    breached: bool,
}

#[derive(Default)]
struct Model {
    now: i64,
    /// By number, from 1.
    items: BTreeMap<u32, Item>,
    versions: BTreeMap<u8, u64>,
    messages: u32,
    leases: Vec<Lease>,
}

impl Model {
    async fn apply(&mut self, desk: &mut Desk, verb: &Verb) {
        match verb {
            Verb::Record { child, issue, retract, limit } => self.record(desk, *child, issue, *retract, *limit).await,
            Verb::LeaseDue { recipient } => self.lease_due(desk, *recipient).await,
            Verb::Settle { lease, end } if !self.leases.is_empty() => {
                let lease = self.leases[lease % self.leases.len()].clone();
                self.settle(desk, &lease, *end).await;
            }
            Verb::Operate { delivery, action } if !self.items.is_empty() => {
                let number = 1 + u32::try_from(delivery % self.items.len()).unwrap();
                self.operate(desk, number, *action).await;
            }
            Verb::Collect { recipient } => self.collect(desk, *recipient).await,
            Verb::Confirm { delivery, outcome } if !self.items.is_empty() => {
                let number = 1 + u32::try_from(delivery % self.items.len()).unwrap();
                self.confirm(desk, number, *outcome).await;
            }
            Verb::HoldLane { recipient, hold } => self.hold_lane(desk, *recipient, *hold).await,
            Verb::Pass { seconds } => self.now += seconds,
            Verb::MarkBreaches => self.mark_breaches(desk).await,
            Verb::Reopen => {
                desk.reopen();
                let freed = |item: &&mut Item| item.state == DeliveryState::Leased && !desk.shelf.is_shared;
                for item in self.items.values_mut().filter(freed) {
                    (item.state, item.next_at) = (DeliveryState::Due, 0);
                }
            }
            Verb::Settle { .. } | Verb::Operate { .. } | Verb::Confirm { .. } => {}
        }
    }

    async fn record(&mut self, desk: &Desk, number: u8, issue: &[(usize, bool, bool)], retract: usize, limit: usize) {
        let version = self.versions.get(&number).copied().unwrap_or(0);
        let retract = u32::try_from(retract).unwrap();
        let may =
            self.items.get(&retract).is_none_or(|item| item.child == number && item.fence == 0 && item.state != DeliveryState::Withdrawn);
        let retracts = if self.items.contains_key(&retract) { vec![obligation(retract)] } else { vec![] };
        // Held and dead may be withdrawn, and so may what is due: whatever was never leased is one of them, or withdrawn.
        let conflict = !may && self.items.get(&retract).is_some_and(|item| item.child != number || item.fence > 0);
        let mut new = Vec::new();
        let mut items = Vec::new();
        for (recipient, held, dated) in issue {
            let n = u32::try_from(self.items.len() + new.len() + 1).unwrap();
            let earlier =
                self.items.values().chain(&items).filter(|item: &&Item| item.child == number && item.recipient == *recipient).count();
            let sequence = u32::try_from(earlier + 1).unwrap();
            let reasons = [HoldReason::Review, HoldReason::NoEndpoint];
            let hold = held.then_some(reasons[usize::from(*dated)]);
            let money = sequence % 3 == 0;
            let kind = match (*dated, money) {
                (true, _) => Kind::ArrivalNotice,
                (false, true) => Kind::ReclaimRequest,
                (false, false) => Kind::Referral,
            };
            new.push(NewObligation {
                hold,
                kind,
                due_on: dated.then(|| date("2026-11-19")),
                ..notice(n, RECIPIENTS[*recipient], sequence)
            });
            let state = if *held { DeliveryState::Held } else { DeliveryState::Due };
            items.push(Item {
                recipient: *recipient,
                child: number,
                sequence,
                dated: *dated,
                kind,
                state,
                hold,
                lane_held: false,
                next_at: self.now,
                fence: 0,
                lease_open: false,
                breached: false,
            });
        }
        self.messages += 1;
        let mut row = message(self.messages);
        row.recorded_at = at(self.now);
        let change = ChildUpdate { issue: new, retract: retracts, ..update(number, version) };
        let outcome = desk.record(vec![entry(Some(row), Some(change))], terms(self.now, limit)).await;
        if conflict {
            assert_eq!(outcome.recorded, [Recorded::Conflict]);
            self.messages -= 1;
            return;
        }
        assert_eq!(outcome.recorded, [Recorded::Done]);
        self.versions.insert(number, version + 1);
        if let Some(item) = self.items.get_mut(&retract) {
            item.state = DeliveryState::Withdrawn;
        }
        let mut leased = Vec::new();
        for item in items {
            let n = u32::try_from(self.items.len() + 1).unwrap();
            self.items.insert(n, item);
            if leased.len() < limit && self.items[&n].state == DeliveryState::Due && self.is_free(n) {
                self.lease(n);
                leased.push(n);
            }
        }
        assert_eq!(numbers(&outcome.leased), leased);
        self.leases.extend(outcome.leased);
    }

    /// Nothing of its line stands before it, and nothing of its line is in flight.
    fn is_free(&self, number: u32) -> bool {
        let one = &self.items[&number];
        let same_line = |item: &Item| item.child == one.child && item.recipient == one.recipient && item.kind.line() == one.kind.line();
        let waits_for_a_person = |item: &Item| item.state == DeliveryState::Held && item.hold == Some(HoldReason::Review);
        let mut others = self.items.iter().filter(|(n, item)| **n != number && same_line(item) && !waits_for_a_person(item));
        others.all(|(_, item)| !item.state.is_pending() || (item.sequence > one.sequence && item.state != DeliveryState::Leased))
    }

    fn lease(&mut self, number: u32) {
        let now = self.now;
        let item = self.items.get_mut(&number).unwrap();
        (item.state, item.next_at, item.lease_open) = (DeliveryState::Leased, now + LEASE, true);
        item.fence += 1;
    }

    async fn lease_due(&mut self, desk: &Desk, recipient: usize) {
        let leases = desk.lease_with(&[(RECIPIENTS[recipient], 1_000)], terms(self.now, 1_000)).await;
        let now = self.now;
        for item in
            self.items.values_mut().filter(|item| item.recipient == recipient && item.state == DeliveryState::Leased && item.next_at < now)
        {
            item.state = DeliveryState::Due;
        }
        let ready = |n: &u32| {
            self.items[n].recipient == recipient
                && self.items[n].state == DeliveryState::Due
                && self.items[n].next_at <= now
                && self.is_free(*n)
        };
        let expected: Vec<u32> = self.items.keys().copied().filter(ready).collect();
        let got: BTreeSet<u32> = numbers(&leases).into_iter().collect();
        assert_eq!(got, expected.iter().copied().collect::<BTreeSet<_>>());
        for number in expected {
            self.lease(number);
        }
        self.leases.extend(leases);
    }

    async fn settle(&mut self, desk: &Desk, lease: &Lease, end: usize) {
        let again = at(self.now + 5);
        let (next, state) = match end {
            0 | 1 => (Next::Delivered { receipt: "ok".into() }, DeliveryState::Delivered),
            2 => (Next::RetryAt(again), DeliveryState::Due),
            3 => (Next::Release(again), DeliveryState::Due),
            4 => (Next::Hold { reason: HoldReason::EndpointGone, why: "410".into() }, DeliveryState::Held),
            5 => (Next::Dead { why: "400".into() }, DeliveryState::Dead),
            _ => (Next::Accepted { reference: "position".into() }, DeliveryState::Accepted),
        };
        let mut settlement = settlement(lease, next, self.now);
        if let Some(attempt) = &mut settlement.attempt {
            attempt.adapter = "feed";
        }
        let stale = desk.ledger().settle(vec![settlement]).await.unwrap().stale == 1;
        let now = self.now;
        let item = self.items.get_mut(&numbers(std::slice::from_ref(lease))[0]).unwrap();
        let told_again = item.state == DeliveryState::Accepted && state != DeliveryState::Accepted && end != 3;
        assert_eq!(stale, item.fence != lease.fence || !(item.lease_open || told_again));
        if stale {
            return;
        }
        item.lease_open = false;
        let arrived = matches!(state, DeliveryState::Delivered | DeliveryState::Accepted) && item.state != DeliveryState::Withdrawn;
        if arrived {
            item.breached |= item.dated;
        }
        if arrived || matches!(item.state, DeliveryState::Leased | DeliveryState::Accepted) {
            (item.state, item.next_at, item.lane_held) = (state, now + 5, false);
            item.hold = (state == DeliveryState::Held).then_some(HoldReason::EndpointGone);
        }
    }

    async fn operate(&mut self, desk: &Desk, number: u32, action: usize) {
        use DeliveryState::{Dead, Due, Held, Withdrawn};
        let action = [OperatorAction::Retry, OperatorAction::Hold, OperatorAction::Release, OperatorAction::Discard][action];
        let moved = desk.ledger().operate(vec![delivery(number)], action, "by hand".into(), at(self.now)).await.unwrap();
        let now = self.now;
        let item = self.items.get_mut(&number).unwrap();
        let lapsed = item.state == DeliveryState::Leased && item.next_at < now;
        let may = match action {
            OperatorAction::Release => item.state == Held,
            _ => lapsed || matches!(item.state, Due | Held | Dead),
        };
        assert_eq!(moved.len(), usize::from(may), "{item:?}");
        if may {
            item.lane_held = false;
            (item.state, item.hold) = match action {
                OperatorAction::Retry | OperatorAction::Release => (Due, None),
                OperatorAction::Hold => (Held, Some(HoldReason::Operator)),
                OperatorAction::Discard => (Withdrawn, None),
            };
            if item.state == Due {
                item.next_at = now;
            }
        }
    }

    async fn collect(&mut self, desk: &Desk, recipient: usize) {
        let mut expected = 0;
        for item in self.items.values_mut().filter(|item| item.recipient == recipient && item.state == DeliveryState::Accepted) {
            item.state = DeliveryState::Delivered;
            expected += 1;
        }
        assert_eq!(desk.ledger().collect(code(RECIPIENTS[recipient]), u64::MAX, at(self.now)).await.unwrap(), expected);
    }

    async fn confirm(&mut self, desk: &Desk, number: u32, outcome: usize) {
        let (outcome, state) = match outcome {
            0 => (Confirmed::Delivered { receipt: "collected".into() }, DeliveryState::Delivered),
            1 => (Confirmed::Again { why: "too long".into() }, DeliveryState::Due),
            _ => (Confirmed::Dead { why: "too long".into() }, DeliveryState::Dead),
        };
        let confirmation = Confirmation { delivery: delivery(number), outcome, at: at(self.now) };
        let now = self.now;
        let item = self.items.get_mut(&number).unwrap();
        let may = item.state == DeliveryState::Accepted;
        assert_eq!(desk.ledger().confirm(vec![confirmation]).await.unwrap(), u64::from(may));
        if may {
            (item.state, item.next_at) = (state, now);
        }
    }

    async fn hold_lane(&mut self, desk: &Desk, recipient: usize, hold: bool) {
        use DeliveryState::{Due, Held, Leased};
        let now = self.now;
        let mut expected = 0;
        for item in self.items.values_mut().filter(|item| item.recipient == recipient) {
            let lapsed = item.state == Leased && item.next_at < now;
            let by_endpoint = item.lane_held || matches!(item.hold, Some(HoldReason::NoEndpoint | HoldReason::EndpointGone));
            if hold && (lapsed || item.state == Due) {
                (item.state, item.hold, item.lane_held) = (Held, Some(HoldReason::Operator), true);
                expected += 1;
            } else if !hold && item.state == Held && by_endpoint {
                (item.state, item.hold, item.lane_held, item.next_at) = (Due, None, false, now);
                expected += 1;
            }
        }
        let moved = desk.ledger().hold_lane(code(RECIPIENTS[recipient]), hold.then_some(HoldReason::Operator), at(now)).await.unwrap();
        assert_eq!(moved, expected);
    }

    async fn mark_breaches(&mut self, desk: &Desk) {
        let mut expected = 0;
        for item in self.items.values_mut().filter(|item| item.dated && !item.breached) {
            item.breached = is_undelivered(item);
            expected += u64::from(item.breached);
        }
        assert_eq!(desk.ledger().mark_breaches(date("2026-11-20"), at(self.now)).await.unwrap(), expected);
    }

    async fn compare(&self, desk: &Desk) {
        let rows = desk.rows(DeliveryFilter { limit: 1_000, ..DeliveryFilter::default() }).await;
        let got: Vec<_> = rows.iter().rev().map(|row| (row.id, row.recipient, row.state)).collect();
        let expected: Vec<_> = self.items.iter().map(|(n, item)| (delivery(*n), code(RECIPIENTS[item.recipient]), item.state)).collect();
        assert_eq!(got, expected);
        let figures = desk.ledger().figures(date("2026-11-20"), date("2026-11-21")).await.unwrap();
        let mut backlog = BTreeMap::new();
        for item in self.items.values().filter(|item| item.state.is_pending()) {
            *backlog.entry((code(RECIPIENTS[item.recipient]), item.state)).or_insert(0_u64) += 1;
        }
        assert_eq!(figures.backlog, backlog.into_iter().map(|((recipient, state), n)| (recipient, state, n)).collect::<Vec<_>>());
        assert_eq!(figures.breaches, u64::try_from(self.items.values().filter(|item| item.breached).count()).unwrap());
        let overdue = self.items.values().filter(|item| item.dated && is_undelivered(item)).count();
        assert_eq!(figures.deadlines.first().map_or(0, |(_, counts)| counts[2]), u64::try_from(overdue).unwrap());
        // At the beginning no lease has lapsed, so nothing but the lines and the counts is looked at.
        let balance = desk.ledger().balance(at(0)).await.unwrap();
        assert_eq!((balance.mistakes, balance.messages), (vec![], u64::from(self.messages)));
        for (number, version) in &self.versions {
            let loaded = desk.ledger().load(vec![child(*number)], vec![]).await.unwrap().children.remove(0);
            let touched = self.items.iter().filter(|(_, item)| item.child == *number && item.fence > 0).map(|(n, _)| obligation(*n));
            assert_eq!((loaded.version, loaded.touched), (*version, touched.collect::<Vec<_>>()));
        }
    }
}

fn is_undelivered(item: &Item) -> bool {
    item.state.is_pending() || matches!(item.state, DeliveryState::Dead | DeliveryState::Accepted)
}
