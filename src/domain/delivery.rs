//! Kinds of obligation, states of an obligation and of its delivery, and the legal moves between them.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$item_doc:meta])* $item:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $type { $($(#[$item_doc])* #[serde(rename = $name)] $item),+ }

        impl $type {
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            /// The name on the wire, in the ledger and in metrics.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$item => $name),+ }
            }
        }

        impl FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::ALL.iter().copied().find(|item| item.name() == text).ok_or_else(|| {
                    let known: Vec<_> = Self::ALL.iter().map(|item| item.name()).collect();
                    format!("`{text}` is not one of {}", known.join(", "))
                })
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.pad(self.name()) }
        }
    };
}

pub(crate) use names;

names! {
    /// What the hub owes somebody.
    Kind {
        ArrivalNotice = "arrival-notice",
        EndNotice = "end-notice",
        NoticeCorrection = "notice-correction",
        NoticeWithdrawal = "notice-withdrawal",
        Referral = "referral",
        ReferralWithdrawal = "referral-withdrawal",
        ReclaimRequest = "reclaim-request",
        ReclaimWithdrawal = "reclaim-withdrawal",
        WorkerTask = "worker-task",
    }
}

/// What keeps its order among itself: per recipient and child, care and money are two lines, so that money never delays care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    Care,
    Money,
}

impl Kind {
    /// Whether it takes back what was sent.
    #[must_use]
    pub const fn is_withdrawal(self) -> bool {
        matches!(self, Self::NoticeWithdrawal | Self::ReferralWithdrawal | Self::ReclaimWithdrawal)
    }

    /// What its recipient is told, in words that follow the recipient's name.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ArrivalNotice => "is told that the child arrives",
            Self::EndNotice => "is told that the placement ended",
            Self::NoticeCorrection => "is sent a correction",
            Self::NoticeWithdrawal => "is told to disregard an earlier notice",
            Self::Referral => "is asked to see the child",
            Self::ReferralWithdrawal => "is told that a referral is withdrawn",
            Self::ReclaimRequest => "is asked to pay",
            Self::ReclaimWithdrawal => "is told that a claim is withdrawn",
            Self::WorkerTask => "is asked to act",
        }
    }

    #[must_use]
    pub const fn line(self) -> Line {
        match self {
            Self::ReclaimRequest | Self::ReclaimWithdrawal => Line::Money,
            _ => Line::Care,
        }
    }
}

names! {
    /// How an obligation stands.
    ObligationState {
        InForce = "in-force",
        /// Sent, and not owed any more: a withdrawal followed it.
        Withdrawn = "withdrawn",
        /// Sent, and a correction followed it.
        Corrected = "corrected",
        /// Never sent, and not owed any more.
        Retracted = "retracted",
        /// Owed, but a person decides before it goes.
        Held = "held",
    }
}

names! {
    /// How a delivery stands.
    DeliveryState {
        /// To be sent at its time; behind others of the same recipient and child it waits for them.
        Due = "due",
        Leased = "leased",
        /// The far end has it, but nobody has collected it yet (feed, MESH).
        Accepted = "accepted",
        Delivered = "delivered",
        /// The recipient's own word: read, or acted on.
        Acknowledged = "acknowledged",
        Held = "held",
        Dead = "dead",
        Withdrawn = "withdrawn",
    }
}

names! {
    /// Why a delivery waits for a person or for the directory.
    HoldReason {
        /// The recipient has no endpoint in the directory: released when it gets one.
        NoEndpoint = "no-endpoint",
        /// The endpoint answered 410 Gone.
        EndpointGone = "endpoint-gone",
        /// A rule holds it for manual review (reclaims: secure homes, Scotland, ...).
        Review = "review",
        Operator = "operator",
    }
}

names! {
    /// The rule that an obligation rests on. `reg` is the Care Planning, Placement and Case Review (England) Regulations
    /// 2010; `rule` is this product's own rule of the regional agreement.
    Basis {
        ArrivalToCommissioner = "reg 13(2)",
        ArrivalToAuthority = "reg 13(4)",
        End = "reg 14",
        Referral = "rule 6: referral",
        Reclaim = "rule 7: reclaim",
        Refused = "rule 17: refused",
        NoAnswer = "rule 17: no answer",
        /// The recipient of a notice has not said that somebody read it.
        Reminder = "not acknowledged: reminder",
        /// And has not after the reminder either.
        Escalation = "not acknowledged: escalation",
    }
}

impl Basis {
    /// Whether it is about what was sent, and not about the child: see [`crate::owed::chased`].
    #[must_use]
    pub const fn is_chase(self) -> bool {
        matches!(self, Self::Reminder | Self::Escalation)
    }
}

impl DeliveryState {
    /// Whether anything is still to be done for it.
    #[must_use]
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Due | Self::Leased | Self::Held)
    }

    /// Whether a delivery may move from this state to `next`.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use DeliveryState::{Accepted, Acknowledged, Dead, Delivered, Due, Held, Leased, Withdrawn};
        match self {
            Due => matches!(next, Leased | Held | Withdrawn | Dead),
            Leased => matches!(next, Due | Leased | Accepted | Delivered | Held | Dead),
            Accepted => matches!(next, Delivered | Acknowledged | Due | Dead | Held),
            Delivered => matches!(next, Acknowledged),
            Held | Dead => matches!(next, Due | Withdrawn | Held),
            Acknowledged | Withdrawn => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.name().parse::<Kind>().as_ref(), Ok(kind));
        }
        assert!("arrival".parse::<Kind>().unwrap_err().contains("arrival-notice"));
    }

    #[test]
    fn what_has_arrived_is_never_sent_again() {
        for done in [DeliveryState::Delivered, DeliveryState::Acknowledged, DeliveryState::Withdrawn] {
            assert!(!done.may_become(DeliveryState::Due) && !done.may_become(DeliveryState::Leased), "{done}");
        }
    }

    /// From each state, what it may become.
    #[test]
    fn deliveries_move_only_as_allowed() {
        let moves = |from: DeliveryState| {
            let next = DeliveryState::ALL.iter().filter(|next| from.may_become(**next)).map(|next| next.name());
            format!("{from}: {}", next.collect::<Vec<_>>().join(" "))
        };
        let table: Vec<String> = DeliveryState::ALL.iter().copied().map(moves).collect();
        assert_eq!(
            table,
            [
                "due: leased held dead withdrawn",
                "leased: due leased accepted delivered held dead",
                "accepted: due delivered acknowledged held dead",
                "delivered: acknowledged",
                "acknowledged: ",
                "held: due held withdrawn",
                "dead: due held withdrawn",
                "withdrawn: ",
            ]
        );
    }

    #[test]
    fn what_waits_is_pending() {
        let pending: Vec<&str> = DeliveryState::ALL.iter().filter(|state| state.is_pending()).map(|state| state.name()).collect();
        assert_eq!(pending, ["due", "leased", "held"]);
    }

    #[test]
    fn money_has_a_line_of_its_own_and_withdrawals_are_known() {
        let named = |wanted: fn(&Kind) -> bool| Kind::ALL.iter().copied().filter(wanted).map(Kind::name).collect::<Vec<_>>();
        assert_eq!(named(|kind| kind.line() == Line::Money), ["reclaim-request", "reclaim-withdrawal"]);
        assert_eq!(named(|kind| kind.is_withdrawal()), ["notice-withdrawal", "referral-withdrawal", "reclaim-withdrawal"]);
    }
}
