//! What the terminal shows while a demo runs: a block that is drawn again and again, or a plain line now and then.

use super::office::Books;
use super::organisations::Seen;
use super::summary::listed;
use domain::breaker::Phase;
use domain::delivery::DeliveryState;
use domain::port::Figures;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How often the block is drawn.
const DRAWN: Duration = Duration::from_millis(500);
/// How often a plain line is written.
const WRITTEN: Duration = Duration::from_secs(5);

/// Standard error, as a terminal or as a log.
pub struct Screen {
    terminal: bool,
    colours: bool,
    /// Lines of the block on the screen.
    drawn: usize,
    time_zone: TimeZone,
}

/// What there is to show.
pub struct View {
    pub now: Timestamp,
    pub page: String,
    pub broker: amqp::State,
    pub books: Books,
    pub seen: Seen,
    pub figures: Figures,
    /// Who is not answering, and when it is asked again.
    pub shut: Vec<(String, Phase)>,
    pub news: Vec<(Timestamp, String)>,
}

impl Screen {
    #[must_use]
    pub fn new(time_zone: TimeZone) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self { terminal: terminal && !dumb, colours: terminal && !dumb && !set("NO_COLOR"), drawn: 0, time_zone }
    }

    /// How often [`Screen::show`] is to be called.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        if self.terminal { DRAWN } else { WRITTEN }
    }

    pub fn show(&mut self, view: &View) {
        if !self.terminal && view.books.published == 0 {
            return;
        }
        let text = if self.terminal { self.block(view) } else { format!("{}\n", self.line(view)) };
        // A terminal that has gone away is no reason to stop.
        let _ = std::io::stderr().write_all(text.as_bytes());
    }

    /// Leaves the block where it is; what follows stands below.
    pub fn end(&mut self) {
        if self.drawn > 0 {
            let _ = std::io::stderr().write_all(b"\n");
        }
        self.drawn = 0;
    }

    fn block(&mut self, view: &View) -> String {
        let lines = self.lines(view);
        let mut text = String::new();
        if self.drawn > 0 {
            // Writing to a text cannot fail.
            let _ = write!(text, "\x1b[{}A\r\x1b[J", self.drawn);
        }
        // Long lines are cut by the terminal, or the block would grow and could not be drawn over.
        text.push_str("\x1b[?7l");
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("\x1b[?7h");
        self.drawn = lines.len();
        text
    }

    fn lines(&self, view: &View) -> Vec<String> {
        let pending = Pending::of(&view.figures);
        let broker = match &view.broker.last_error {
            _ if view.broker.consuming => self.coloured("32", "consuming"),
            Some(why) => self.coloured("31", why),
            None => self.coloured("33", "connecting"),
        };
        let dead = if pending.dead > 0 { self.coloured("31", &format!("dead {}", pending.dead)) } else { "dead 0".to_owned() };
        let mut lines = vec![
            String::new(),
            format!("  dashboard      {}   Ctrl-C stops", view.page),
            format!("  broker         {broker}"),
            format!("  messages in    {}: {}", view.books.published, listed(&view.books.verdicts)),
            format!("  deliveries     made {}, waiting {}, retried {}, {dead}", view.seen.received, pending.waiting, view.seen.retries),
            format!("  not answering  {}", self.shut(view)),
            format!("  for a person   {}", listed(&view.figures.reviews.iter().cloned().collect())),
            String::new(),
        ];
        lines.extend(view.books.trouble.iter().map(|why| self.coloured("31", &format!("  the broker takes no messages: {why}"))));
        lines.extend(view.news.iter().map(|(at, sentence)| format!("  {} {sentence}", self.coloured("2", &self.clock(*at)))));
        lines
    }

    fn shut(&self, view: &View) -> String {
        if view.shut.is_empty() {
            return "nobody".to_owned();
        }
        let who: Vec<String> = view.shut.iter().map(|(who, phase)| format!("{who}{}", wait(*phase, view.now))).collect();
        self.coloured("33", &who.join(", "))
    }

    fn line(&self, view: &View) -> String {
        let pending = Pending::of(&view.figures);
        let reviews: u64 = view.figures.reviews.iter().map(|(_, count)| count).sum();
        let mut line = format!(
            "{} messages in {}: {}; deliveries made {}, waiting {}, retried {}, dead {}; for a person {reviews}",
            self.clock(view.now),
            view.books.published,
            listed(&view.books.verdicts),
            view.seen.received,
            pending.waiting,
            view.seen.retries,
            pending.dead
        );
        if !view.shut.is_empty() {
            let who: Vec<&str> = view.shut.iter().map(|(who, _)| who.as_str()).collect();
            let _ = write!(line, "; not answering: {}", who.join(", "));
        }
        if !view.broker.consuming {
            line.push_str("; the broker is away");
        }
        line
    }

    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.time_zone.clone()).strftime("%H:%M:%S").to_string()
    }

    fn coloured(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

struct Pending {
    waiting: u64,
    dead: u64,
}

impl Pending {
    fn of(figures: &Figures) -> Self {
        let sum = |wanted: &[DeliveryState]| {
            figures.backlog.iter().filter(|(_, state, _)| wanted.contains(state)).map(|(_, _, count)| count).sum::<u64>()
        };
        Self { waiting: sum(&[DeliveryState::Due, DeliveryState::Leased]), dead: sum(&[DeliveryState::Dead]) }
    }
}

fn wait(phase: Phase, now: Timestamp) -> String {
    match phase {
        Phase::Open { probe_at } => format!(" (asked again in {} s)", probe_at.duration_since(now).as_secs().max(0) + 1),
        Phase::Probing => " (being asked)".to_owned(),
        _ => String::new(),
    }
}
