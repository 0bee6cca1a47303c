//! The statement for a person to read.

use super::statement::{About, Delivery, KnownBy, Message, Organisation, Statement, Timeliness};
use jiff::Timestamp;
use std::fmt::{self, Display, Formatter};

/// What a reader has to know to make proper use of it.
const LIMITS: &str =
    "This shows what this hub recorded, and that nothing was changed since it was issued. Times are the hub's own clock, and
an acknowledgement's is its sender's. `delivered` means that the recipient's system took it, not that somebody read it.";

impl Display for Statement {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Certificate of notification")?;
        writeln!(f, "placement {} of {}", plain(&self.placement), self.responsible_authority)?;
        writeln!(f, "issued {} by the hub {}; days are days in {}", time(self.issued_at), plain(&self.source), plain(&self.time_zone))?;
        writeln!(f, "\n{}", self.summary())?;
        for (number, delivery) in self.deliveries.iter().enumerate() {
            write!(f, "\n{}. {delivery}", number + 1)?;
        }
        if !self.messages.is_empty() {
            writeln!(f, "\nBecause of")?;
        }
        for message in &self.messages {
            write!(f, "{message}")?;
        }
        write!(f, "\n{LIMITS}")
    }
}

impl Statement {
    /// How many there are of each timeliness.
    fn summary(&self) -> String {
        if self.deliveries.is_empty() {
            return "Nothing was issued about this placement.".to_owned();
        }
        let all =
            [Timeliness::InTime, Timeliness::Late, Timeliness::Open, Timeliness::Overdue, Timeliness::TakenBack, Timeliness::NoDueDay];
        let count = |kind: Timeliness| self.deliveries.iter().filter(|delivery| delivery.timeliness == kind).count();
        let counted = all.into_iter().map(|kind| (kind, count(kind))).filter(|(_, count)| *count > 0);
        let parts: Vec<String> = counted.map(|(kind, count)| format!("{count} {}", kind.words())).collect();
        format!("{} issued: {}.", self.deliveries.len(), parts.join(", "))
    }
}

impl Timeliness {
    const fn words(self) -> &'static str {
        match self {
            Self::InTime => "delivered in time",
            Self::Late => "delivered late",
            Self::Open => "not delivered yet",
            Self::Overdue => "overdue",
            Self::TakenBack => "taken back before sending",
            Self::NoDueDay => "without a due day",
        }
    }
}

impl Display for Delivery {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let place = self.place.as_ref().map_or_else(String::new, |place| format!(", for {place}"));
        let about = match self.about {
            About::Placement => "",
            About::Referral => ", about a referral that came with the placement",
        };
        writeln!(f, "{} to {}{place}{about}", self.kind, self.recipient)?;
        let supersedes = self.supersedes.map_or_else(String::new, |sequence| format!(" in place of number {sequence}"));
        let due = self.due_by.map_or_else(String::new, |day| format!(", due by {day}"));
        writeln!(
            f,
            "   by {}, number {} about this child{supersedes}{due}: {}",
            plain(&self.basis),
            self.sequence,
            self.timeliness.words()
        )?;
        let held = self.held_for.map_or_else(String::new, |reason| format!(" ({reason})"));
        writeln!(f, "   {}{held}, {}; recorded {}", self.state, self.standing, time(self.recorded_at))?;
        if let Some(at) = self.breached_at {
            writeln!(f, "   breached: first found overdue {}", time(at))?;
        }
        for attempt in &self.attempts {
            let status = attempt.status.map_or_else(String::new, |status| format!(" {status}"));
            writeln!(f, "   {} by {}: {}{status}", time(attempt.started_at), plain(&attempt.rail), plain(&attempt.outcome))?;
        }
        if let (Some(at), Some(KnownBy::Collection)) = (self.delivered_at, self.delivery_known_by) {
            writeln!(f, "   {} collected by the recipient", time(at))?;
        }
        for word in &self.acknowledgements {
            writeln!(f, "   {} {} by {}", time(word.at), plain(&word.status), word.by)?;
        }
        writeln!(f, "   delivery {}, obligation {}", self.id, self.obligation)?;
        writeln!(f, "   envelope SHA-256 {}", plain(&self.envelope_sha256))
    }
}

impl Display for Message {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, " - {} `{}` of {}, {}", plain(&self.message_type), plain(&self.message_id), self.publisher, plain(&self.verdict))?;
        writeln!(f, "   received {}, recorded {}", time(self.received_at), time(self.recorded_at))?;
        writeln!(f, "   SHA-256 {}", plain(&self.sha256))
    }
}

impl Display for Organisation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{} ({})", plain(name), self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

fn time(at: Timestamp) -> impl Display {
    at.strftime("%Y-%m-%d %H:%M:%SZ")
}

/// What others wrote must not command the reader's terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
