//! How a demo went, counted, and whether it adds up.

use super::office::Books;
use super::organisations::Seen;
use domain::Code;
use domain::delivery::DeliveryState;
use domain::port::{DeliveryFilter, DeliveryRow, Figures, Ledger, LedgerError};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fmt::Write as _;
use uuid::Uuid;

/// Deliveries read from the ledger at once.
const PAGE: usize = 1_000;

/// Everything that a demo can be asked about afterwards.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// True where `mistakes` is empty: the exit code follows it.
    pub balanced: bool,
    /// What does not add up, a sentence each.
    pub mistakes: Vec<String>,
    pub children: u64,
    pub messages: Messages,
    pub obligations: Counted,
    pub deliveries: Counted,
    pub attempts: u64,
    pub retries: u64,
    /// Deliveries given up.
    pub dead: u64,
    /// Deliveries that wait for a person or for the directory.
    pub held: u64,
    /// Deliveries that are still to be made.
    pub waiting: u64,
    pub reviews: Counted,
    pub organisations: Seen,
    pub seconds: f64,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Messages {
    /// Confirmed by the broker, those that were published twice included.
    pub published: u64,
    /// In the ledger: a repetition is answered, and not recorded again.
    pub recorded: u64,
    /// By the receipts that came back.
    pub by_verdict: BTreeMap<String, u64>,
    pub by_type: BTreeMap<String, u64>,
    /// Taken in, though another published them.
    pub from_others: u64,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Counted {
    pub total: u64,
    pub by: BTreeMap<String, u64>,
}

/// What the demo knows besides the ledger.
pub struct Account {
    pub books: Books,
    pub seen: Seen,
    /// The deliveries that each organisation took.
    pub taken: BTreeMap<Code, BTreeSet<Uuid>>,
    pub children: u64,
    pub seconds: f64,
    /// Whether everything had to be done by the end.
    pub whole: bool,
    /// Why it ended too early, if it did.
    pub cut_short: Option<String>,
}

impl Summary {
    /// Reads the ledger and compares.
    ///
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn draw(ledger: &dyn Ledger, account: Account, now: Timestamp, today: Date) -> Result<Self, LedgerError> {
        let balance = ledger.balance(now).await?;
        let figures = ledger.figures(today, today).await?;
        let rows = all_deliveries(ledger).await?;
        let state = |wanted: &[DeliveryState]| {
            balance.states.iter().filter(|(state, _)| wanted.contains(state)).map(|(_, count)| count).sum::<u64>()
        };
        let waiting = state(&[DeliveryState::Due, DeliveryState::Leased]);
        let dead = state(&[DeliveryState::Dead]);
        let mut mistakes = balance.mistakes.clone();
        mistakes.extend(account.cut_short.clone());
        if account.whole {
            if waiting + dead > 0 {
                mistakes.push(format!("{waiting} deliveries are still to be made and {dead} are dead; all had to be delivered"));
            }
            mistakes.extend(compare_messages(&account.books, balance.messages));
        }
        mistakes.extend(compare_deliveries(&rows, &account.taken, account.whole));
        let Account { books, seen, children, seconds, .. } = account;
        Ok(Self {
            balanced: mistakes.is_empty(),
            mistakes,
            children,
            messages: messages(books, balance.messages, &figures),
            obligations: counted(rows.iter().map(|row| (row.kind.name(), 1))),
            deliveries: counted(balance.states.iter().map(|(state, count)| (state.name(), *count))),
            attempts: balance.attempts,
            retries: rows.iter().map(|row| u64::from(row.attempts.saturating_sub(1))).sum(),
            dead,
            held: state(&[DeliveryState::Held]),
            waiting,
            reviews: counted(figures.reviews.iter().map(|(reason, count)| (reason.as_str(), *count))),
            organisations: seen,
            seconds,
        })
    }
}

async fn all_deliveries(ledger: &dyn Ledger) -> Result<Vec<DeliveryRow>, LedgerError> {
    let mut rows: Vec<DeliveryRow> = Vec::new();
    loop {
        let before = rows.last().map(|row| row.id);
        let page = ledger.deliveries(DeliveryFilter { before, limit: PAGE, ..DeliveryFilter::default() }).await?;
        let last = page.len() < PAGE;
        rows.extend(page);
        if last {
            return Ok(rows);
        }
    }
}

fn messages(books: Books, recorded: u64, figures: &Figures) -> Messages {
    Messages {
        published: books.published,
        recorded,
        by_verdict: books.verdicts,
        by_type: counted(figures.messages.iter().map(|(message_type, _, count)| (message_type.as_str(), *count))).by,
        from_others: books.strangers,
    }
}

/// Every message that was published is in the ledger, a repeated one once.
fn compare_messages(books: &Books, recorded: u64) -> Vec<String> {
    let mut mistakes = Vec::new();
    if books.promised != books.published {
        mistakes.push(format!("{} of {} messages were not published", books.promised - books.published, books.promised));
    }
    if books.unanswered() > 0 {
        mistakes.push(format!("{} messages were published and have no receipt", books.unanswered()));
    }
    let expected = books.published.saturating_sub(books.verdicts.get("duplicate").copied().unwrap_or_default());
    let fits = if books.strangers > 0 { recorded >= expected } else { recorded == expected };
    if !fits {
        mistakes.push(format!("the ledger holds {recorded} messages; {expected} different ones were published"));
    }
    mistakes
}

/// What the ledger calls delivered, its recipient has; and, at the end of a whole history, nothing else.
fn compare_deliveries(rows: &[DeliveryRow], taken: &BTreeMap<Code, BTreeSet<Uuid>>, whole: bool) -> Vec<String> {
    let mut delivered: BTreeMap<Code, BTreeSet<Uuid>> = BTreeMap::new();
    for row in rows.iter().filter(|row| matches!(row.state, DeliveryState::Delivered | DeliveryState::Acknowledged)) {
        delivered.entry(row.recipient).or_default().insert(row.id);
    }
    let nothing = BTreeSet::new();
    let codes: BTreeSet<Code> = delivered.keys().chain(taken.keys()).copied().collect();
    let mut mistakes = Vec::new();
    for code in codes {
        let (says, has) = (delivered.get(&code).unwrap_or(&nothing), taken.get(&code).unwrap_or(&nothing));
        let missing = says.difference(has).count();
        let unknown = if whole { has.difference(says).count() } else { 0 };
        if missing + unknown > 0 {
            mistakes.push(format!(
                "{code} has not got {missing} deliveries that the ledger calls delivered, and has {unknown} that it does not"
            ));
        }
    }
    mistakes
}

fn counted<'a>(counts: impl Iterator<Item = (&'a str, u64)>) -> Counted {
    let mut counted = Counted::default();
    for (name, count) in counts {
        counted.total += count;
        *counted.by.entry(name.to_owned()).or_default() += count;
    }
    counted
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let messages = &self.messages;
        writeln!(f, "{} children, {} messages, {:.1} seconds\n", self.children, messages.published, self.seconds)?;
        row(f, "messages", &format!("{} published: {}", messages.published, listed(&messages.by_verdict)))?;
        row(f, "", &format!("{} recorded: {}", messages.recorded, listed(&messages.by_type)))?;
        if messages.from_others > 0 {
            row(f, "", &format!("{} others were in the queue already, and were taken in", messages.from_others))?;
        }
        row(f, "obligations", &format!("{}: {}", self.obligations.total, listed(&self.obligations.by)))?;
        row(f, "deliveries", &listed(&self.deliveries.by))?;
        row(f, "attempts", &format!("{}, retries among them {}; given up {}, held {}", self.attempts, self.retries, self.dead, self.held))?;
        row(f, "for a person", &listed(&self.reviews.by))?;
        let Seen { received, turned_away, cut_off, duplicates, wrong_signatures, .. } = self.organisations;
        let took = format!("{received} deliveries taken, {duplicates} came twice, wrong signatures {wrong_signatures};");
        row(f, "organisations", &format!("{took} requests turned away {turned_away}, left without an answer {cut_off}"))?;
        if self.waiting > 0 {
            row(f, "waiting", &format!("{} deliveries were still to be made when it stopped", self.waiting))?;
        }
        if self.balanced {
            return write!(f, "\nIt adds up: the ledger balances, and whatever it calls delivered is with its recipient.");
        }
        write!(f, "\nIt does not add up:")?;
        self.mistakes.iter().try_for_each(|mistake| write!(f, "\n  {mistake}"))
    }
}

/// A named line, folded at the width of a terminal.
fn row(f: &mut fmt::Formatter<'_>, name: &str, text: &str) -> fmt::Result {
    const WIDTH: usize = 62;
    let mut name = name;
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.len() + word.len() >= WIDTH {
            writeln!(f, "  {name:<15}{line}")?;
            (name, line) = ("", String::new());
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(f, "  {name:<15}{line}")
}

/// `12 accepted, 3 rejected`, most first.
pub(super) fn listed(counts: &BTreeMap<String, u64>) -> String {
    let mut counts: Vec<_> = counts.iter().collect();
    counts.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let mut text = String::new();
    for (position, (name, count)) in counts.into_iter().enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        // Writing to a text cannot fail.
        let _ = write!(text, "{comma}{count} {name}");
    }
    if text.is_empty() { "none".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::{Books, compare_deliveries, compare_messages};
    use domain::Code;
    use domain::delivery::{DeliveryState, Kind};
    use domain::port::DeliveryRow;
    use std::collections::{BTreeMap, BTreeSet};
    use uuid::Uuid;

    fn row(recipient: Code, id: u128, state: DeliveryState) -> DeliveryRow {
        let id = Uuid::from_u128(id);
        let recorded_at = jiff::Timestamp::UNIX_EPOCH;
        DeliveryRow {
            id,
            obligation: id,
            kind: Kind::ArrivalNotice,
            recipient,
            place: None,
            state,
            reason: None,
            due_on: None,
            attempts: 1,
            recorded_at,
            next_at: None,
            settled_at: None,
        }
    }

    #[test]
    fn what_is_called_delivered_is_what_was_taken() {
        let kent = Code::new("E10000016").unwrap();
        let rows = [row(kent, 1, DeliveryState::Delivered), row(kent, 2, DeliveryState::Acknowledged), row(kent, 3, DeliveryState::Due)];
        let compare = |ids: &[u128], whole: bool| {
            let taken: BTreeSet<_> = ids.iter().map(|id| Uuid::from_u128(*id)).collect();
            compare_deliveries(&rows, &BTreeMap::from([(kent, taken)]), whole).len()
        };
        assert_eq!([compare(&[1, 2], true), compare(&[1], true), compare(&[1], false)], [0, 1, 1]);
        assert_eq!([compare(&[1, 2, 3], true), compare(&[1, 2, 3], false)], [1, 0], "taken, and the answer is still on its way");
    }

    #[test]
    fn a_repetition_is_not_recorded_again() {
        let books = Books { promised: 10, published: 10, verdicts: BTreeMap::from([("duplicate".to_owned(), 2)]), ..Books::default() };
        assert_eq!([compare_messages(&books, 8).len(), compare_messages(&books, 9).len()], [0, 1]);
        let others = Books { strangers: 1, ..books };
        assert_eq!([compare_messages(&others, 9).len(), compare_messages(&others, 7).len()], [0, 1]);
    }
}
