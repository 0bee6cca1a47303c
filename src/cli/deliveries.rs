//! `deliveries`: what is on its way, what arrived, what is stuck.

use super::{Context, Failure, Outcome, failed, runtime, say, say_json};
use crate::config::{Rules, Settings};
use crate::control::{self, Action, Request};
use crate::directory::read_calendar;
use crate::error::chain;
use crate::wiring;
use domain::Code;
use domain::deadline::{Clock, clock};
use domain::delivery::{DeliveryState, Kind};
use domain::port::{DeliveryFilter, DeliveryRow};
use domain::working_days::Calendar;
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

/// A page that a terminal can show.
const LIMIT_DEFAULT: usize = 50;
const LIMIT_MAX: usize = 1_000;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List deliveries, newest first
    List(List),
    /// Show one delivery with its attempts
    Show(Show),
    /// Send again now, attempts counted anew: held, dead or waiting ones
    Retry(Operate),
    /// Keep back until released
    Hold(Operate),
    /// Let go what was held
    Release(Operate),
    /// Never send
    Discard(Operate),
}

#[derive(clap::Args)]
pub struct Operate {
    /// Deliveries, as `deliveries list` shows them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<Uuid>,
    /// Why: kept with each delivery
    #[arg(long)]
    reason: String,
}

#[derive(clap::Args)]
pub struct List {
    /// Only to this organisation
    #[arg(long, value_name = "CODE")]
    recipient: Option<Code>,
    /// Only in this state: due, leased, accepted, delivered, acknowledged, held, dead, withdrawn
    #[arg(long)]
    state: Option<DeliveryState>,
    /// Only of this kind: arrival-notice, end-notice, referral, ...
    #[arg(long)]
    kind: Option<Kind>,
    /// Only those older than this delivery: the last id of the page before
    #[arg(long, value_name = "ID")]
    before: Option<Uuid>,
    #[arg(long, default_value_t = LIMIT_DEFAULT)]
    limit: usize,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub struct Show {
    #[arg(value_name = "ID")]
    id: String,
    /// JSON instead of text
    #[arg(long)]
    json: bool,
}

pub fn deliveries(context: &Context, command: &Command) -> Outcome {
    match command {
        Command::List(arguments) => list(context, arguments),
        Command::Show(arguments) => super::trace::journey(context, &arguments.id, arguments.json),
        Command::Retry(arguments) => operate(context, arguments, Action::Retry),
        Command::Hold(arguments) => operate(context, arguments, Action::Hold),
        Command::Release(arguments) => operate(context, arguments, Action::Release),
        Command::Discard(arguments) => operate(context, arguments, Action::Discard),
    }
}

/// Asks the running hub; where none runs, the ledger is this command's own for the moment.
fn operate(context: &Context, arguments: &Operate, action: Action) -> Outcome {
    let settings = context.settings()?;
    let operator = std::env::var("SUDO_USER").or_else(|_| std::env::var("USER")).unwrap_or_else(|_| "an operator".to_owned());
    let reason = format!("{}, says {operator}", arguments.reason);
    let request = Request::Operate { deliveries: arguments.ids.clone(), action, reason: reason.clone() };
    let answer = runtime()?.block_on(async {
        match control::ask(settings.ledger.home(), &request).await.map_err(Failure::Failed)? {
            Some(answer) => Ok(answer),
            None => {
                let ledger = wiring::ledger(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
                Ok(control::operate(ledger.as_ref(), arguments.ids.clone(), action, reason.clone()).await)
            }
        }
    })?;
    match answer {
        control::Answer::Failed(why) => Err(Failure::Failed(why)),
        control::Answer::Resolved(_) | control::Answer::Reloaded(_) | control::Answer::Wrong(_) => {
            Err(Failure::Failed("the hub answered another question".to_owned()))
        }
        control::Answer::Moved(moved) => {
            for id in &moved {
                say(id)?;
            }
            let left = arguments.ids.len() - moved.len();
            if left == 0 {
                return Ok(());
            }
            Err(Failure::Failed(format!(
                "{left} of {} were not moved: they are in flight, done, or not in the ledger",
                arguments.ids.len()
            )))
        }
    }
}

fn list(context: &Context, arguments: &List) -> Outcome {
    let settings = context.settings()?;
    let ledger = wiring::ledger_to_read(&settings).map_err(|error| Failure::Failed(chain(&error)))?;
    let filter = DeliveryFilter {
        recipient: arguments.recipient,
        state: arguments.state,
        kind: arguments.kind,
        before: arguments.before,
        limit: arguments.limit.min(LIMIT_MAX),
    };
    let rows = runtime()?.block_on(ledger.deliveries(filter)).map_err(failed("the ledger does not answer"))?;
    let clocks = Clocks::now(&settings)?;
    if arguments.json {
        return say_json(&rows.iter().map(|row| Row::of(row, clocks.of(row))).collect::<Vec<_>>());
    }
    if rows.is_empty() {
        eprintln!("no delivery matches");
    }
    for row in &rows {
        let reason = row.reason.as_deref().map(|reason| format!("  {reason}")).unwrap_or_default();
        let clock = clocks.of(row).map(Clock::name).unwrap_or_default();
        let due = row.due_on.map(|due| format!("by {due}")).unwrap_or_default();
        let attempts = row.attempts;
        say(format!(
            "{}  {:<12} {:<19} {:<10} {due:<13} {clock:<8} attempts {attempts}{reason}",
            row.id, row.state, row.kind, row.recipient
        ))?;
    }
    Ok(())
}

/// What it takes to say how a delivery stands against its due date today.
struct Clocks {
    calendar: Calendar,
    rules: Rules,
    today: Date,
}

impl Clocks {
    fn now(settings: &Settings) -> Result<Self, Failure> {
        let calendar = read_calendar(&settings.directory).map_err(|mistakes| Failure::Misconfigured(mistakes.to_string()))?;
        Ok(Self { calendar, rules: settings.rules.clone(), today: settings.rules.day(jiff::Timestamp::now()) })
    }

    /// None without a due date, and for what nobody waits for any more.
    fn of(&self, row: &DeliveryRow) -> Option<Clock> {
        let arrived = matches!(row.state, DeliveryState::Delivered | DeliveryState::Acknowledged);
        let done_on = row.settled_at.filter(|_| arrived).map(|at| self.rules.day(at));
        let due_on = row.due_on.filter(|_| row.state != DeliveryState::Withdrawn)?;
        Some(clock(due_on, done_on, self.today, &self.calendar))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    id: Uuid,
    obligation: Uuid,
    kind: Kind,
    recipient: Code,
    place: Option<Code>,
    state: DeliveryState,
    reason: Option<&'a str>,
    due_by: Option<Date>,
    clock: Option<Clock>,
    attempts: u32,
    recorded_at: jiff::Timestamp,
    next_at: Option<jiff::Timestamp>,
    settled_at: Option<jiff::Timestamp>,
}

impl<'a> Row<'a> {
    fn of(row: &'a DeliveryRow, clock: Option<Clock>) -> Self {
        Self {
            id: row.id,
            obligation: row.obligation,
            kind: row.kind,
            recipient: row.recipient,
            place: row.place,
            state: row.state,
            reason: row.reason.as_deref(),
            due_by: row.due_on,
            clock,
            attempts: row.attempts,
            recorded_at: row.recorded_at,
            next_at: row.next_at,
            settled_at: row.settled_at,
        }
    }
}
