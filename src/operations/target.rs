//! Which deliveries an operation is about.

use crate::views::failures::cause;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, DeliveryRow, Ledger, LedgerError};
use uuid::Uuid;

/// Most deliveries in one operation: at the usual pace a quarter of an hour's work. Whoever wants more begins another.
pub const TARGET_MAX: usize = 10_000;
/// Deliveries read at once.
const PAGE: usize = 1_000;

#[derive(Clone, Debug)]
pub enum Target {
    /// These.
    These(Vec<Uuid>),
    /// Whatever the filter finds when the operation begins.
    Matching(DeliveryFilter),
    /// A group of failures.
    Group { recipient: Code, state: DeliveryState, cause: String },
}

impl Target {
    /// For people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::These(ids) if ids.len() == 1 => "one delivery".to_owned(),
            Self::These(ids) => format!("{} deliveries", ids.len()),
            Self::Matching(DeliveryFilter { recipient, state, kind, .. }) => {
                let kind = kind.map_or_else(String::new, |kind| format!(" of the kind {kind}"));
                let state = state.map_or_else(String::new, |state| format!(" that are {state}"));
                let recipient = recipient.map_or_else(String::new, |recipient| format!(" to {recipient}"));
                format!("all deliveries{kind}{state}{recipient}")
            }
            Self::Group { recipient, state, cause } => format!("what is {state} at {recipient}: {cause}"),
        }
    }

    /// Their ids, oldest first: what waited longest goes first. True where there are more.
    pub(super) async fn find(&self, ledger: &dyn Ledger) -> Result<(Vec<Uuid>, bool), LedgerError> {
        let (filter, wanted) = match self {
            Self::These(ids) => return Ok((ids.iter().copied().take(TARGET_MAX).collect(), ids.len() > TARGET_MAX)),
            Self::Matching(filter) => (filter.clone(), None),
            Self::Group { recipient, state, cause } => {
                let filter = DeliveryFilter { recipient: Some(*recipient), state: Some(*state), ..DeliveryFilter::default() };
                (filter, Some(cause))
            }
        };
        let is_wanted = |row: &&DeliveryRow| wanted.is_none_or(|wanted| cause(row) == *wanted);
        let mut found = Vec::new();
        let mut before = None;
        loop {
            let page = ledger.deliveries(DeliveryFilter { before, limit: PAGE, ..filter.clone() }).await?;
            found.extend(page.iter().filter(is_wanted).map(|row| row.id));
            before = page.last().map(|row| row.id);
            if page.len() < PAGE || found.len() > TARGET_MAX {
                break;
            }
        }
        let is_more = found.len() > TARGET_MAX;
        found.truncate(TARGET_MAX);
        found.reverse();
        Ok((found, is_more))
    }
}
