//! Leases, what came of them, and what a rail learned later.

use super::Books;
use crate::simulation::flaw::Flaw;
use domain::Code;
use domain::delivery::{DeliveryState, HoldReason};
use domain::port::{Confirmation, Confirmed, LaneDue, LaneRoom, Lease, LeaseTerms, Settled, Settlement};
use domain::retry::Next;
use jiff::{SignedDuration, Timestamp};

impl Books {
    pub fn lease_due(&mut self, rooms: &[LaneRoom], terms: &LeaseTerms) -> Vec<Lease> {
        let mut leases = Vec::new();
        for lane in rooms {
            let mut room = lane.room.min(terms.limit.saturating_sub(leases.len()));
            for at in self.longest_due(lane.recipient, terms.now) {
                if room > 0 && self.is_free(at, terms.now) {
                    leases.push(self.take(at, terms));
                    room -= 1;
                }
            }
        }
        leases
    }

    /// Due and lapsed, the longest due first.
    fn longest_due(&self, recipient: Code, now: Timestamp) -> Vec<usize> {
        let mut due: Vec<usize> =
            (0..self.rows.len()).filter(|at| self.rows[*at].recipient == recipient && self.is_due(*at, now)).collect();
        due.sort_by_key(|at| self.rows[*at].next_at);
        due
    }

    pub(super) fn take(&mut self, at: usize, terms: &LeaseTerms) -> Lease {
        let row = &mut self.rows[at];
        row.go(DeliveryState::Leased);
        row.taken_over += u32::from(row.lease_open);
        row.lease_open = true;
        row.fence += 1;
        row.until = terms.until;
        Lease {
            delivery: row.delivery,
            obligation: row.obligation,
            kind: row.kind,
            recipient: row.recipient,
            place: row.place,
            child: row.child,
            sequence: row.sequence,
            fence: row.fence,
            attempts: row.attempts,
            recorded_at: row.recorded_at,
            until: row.until,
            payload: row.payload.clone(),
            traceparent: None,
        }
    }

    pub fn settle(&mut self, settlements: Vec<Settlement>) -> Settled {
        let mut settled = Settled::default();
        for settlement in settlements {
            if self.shows(Flaw::ForgetsASettlement) {
                continue;
            }
            let current = |at: &usize| self.is_current(*at, &settlement) || self.flaw == Flaw::IgnoresFences;
            let Some(at) = self.row_of(settlement.delivery).filter(current) else {
                settled.stale += 1;
                continue;
            };
            self.apply(at, &settlement);
            if self.is_line_due(at, settlement.at) {
                settled.due.push(self.rows[at].recipient);
            }
        }
        self.stale += settled.stale;
        settled.due.sort_unstable();
        settled.due.dedup();
        settled
    }

    /// The last lease's word counts, once; also where the lease has lapsed and nobody has taken the delivery since.
    fn is_current(&self, at: usize, settlement: &Settlement) -> bool {
        let row = &self.rows[at];
        row.lease_open && row.fence == settlement.fence
    }

    fn apply(&mut self, at: usize, settlement: &Settlement) {
        let row = &mut self.rows[at];
        row.lease_open = false;
        row.details.extend(settlement.attempt.iter().map(|attempt| attempt.detail.clone()));
        row.attempts += u32::from(settlement.attempt.is_some() && !matches!(settlement.next, Next::Release(_)));
        if row.state == DeliveryState::Withdrawn {
            return;
        }
        let arrived = |state| if row.acknowledged { DeliveryState::Acknowledged } else { state };
        match &settlement.next {
            // What arrived, arrived, wherever it was moved to meanwhile.
            Next::Delivered { .. } => row.go(arrived(DeliveryState::Delivered)),
            Next::Accepted { reference } => {
                row.accepted = settlement.attempt.as_ref().map(|attempt| (attempt.adapter, reference.clone()));
                row.go(arrived(DeliveryState::Accepted));
            }
            _ if row.state != DeliveryState::Leased && self.flaw != Flaw::IgnoresFences => {}
            Next::RetryAt(time) | Next::Release(time) => {
                row.go(DeliveryState::Due);
                row.next_at = *time;
            }
            Next::Hold { reason, .. } => {
                row.go(DeliveryState::Held);
                row.hold = Some(*reason);
            }
            Next::Dead { .. } => row.go(DeliveryState::Dead),
        }
    }

    pub fn lanes(&self, now: Timestamp) -> Vec<LaneDue> {
        let next = |at: usize| match self.rows[at].state {
            DeliveryState::Due if self.is_free(at, now) => Some(self.rows[at].next_at),
            // The first moment at which it has lapsed.
            DeliveryState::Leased => self.rows[at].until.checked_add(SignedDuration::from_millis(1)).ok(),
            _ => None,
        };
        (0..self.rows.len()).filter_map(|at| Some(LaneDue { recipient: self.rows[at].recipient, next_at: next(at)?.max(now) })).collect()
    }

    pub fn confirm(&mut self, confirmations: &[Confirmation]) -> u64 {
        let mut moved = 0;
        for confirmation in confirmations {
            let Some(at) = self.row_of(confirmation.delivery).filter(|at| self.rows[*at].state == DeliveryState::Accepted) else {
                continue;
            };
            let row = &mut self.rows[at];
            match confirmation.outcome {
                Confirmed::Delivered { .. } => row.go(DeliveryState::Delivered),
                Confirmed::Again { .. } => {
                    row.go(DeliveryState::Due);
                    row.next_at = confirmation.at;
                }
                Confirmed::Dead { .. } => row.go(DeliveryState::Dead),
            }
            moved += 1;
        }
        moved
    }

    /// Holds what is due in a lane, or releases what the lane's endpoint held.
    pub fn hold_lane(&mut self, recipient: Code, hold: Option<HoldReason>, now: Timestamp) -> u64 {
        let mut moved = 0;
        for row in self.rows.iter_mut().filter(|row| row.recipient == recipient) {
            let waits = row.state == DeliveryState::Due || row.state == DeliveryState::Leased && row.until < now;
            let by_lane = row.lane_held || matches!(row.hold, Some(HoldReason::NoEndpoint | HoldReason::EndpointGone));
            match hold {
                Some(reason) if waits => (row.state, row.hold, row.lane_held) = (DeliveryState::Held, Some(reason), true),
                None if row.state == DeliveryState::Held && by_lane => {
                    row.go(DeliveryState::Due);
                    row.next_at = now;
                }
                _ => continue,
            }
            moved += 1;
        }
        moved
    }
}
