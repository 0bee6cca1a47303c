//! Times, durations, states and names, as pages write them.

use crate::views::overview::Mood;
use domain::Code;
use domain::deadline::Clock;
use domain::delivery::{DeliveryState, Kind};
use jiff::Timestamp;
use jiff::civil::Date;
use maud::{Markup, html};

/// A time: in UTC, and for the script to write in local time where the reader wants that.
#[must_use]
pub fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-time { (at.strftime("%-d %b %Y, %H:%M:%S")) } }
}

/// A time of today: without the day.
#[must_use]
pub fn clock_time(at: Timestamp) -> Markup {
    html! { time datetime=(at) data-time="short" { (at.strftime("%H:%M:%S")) } }
}

#[must_use]
pub fn date(day: Date) -> Markup {
    html! { time datetime=(day) { (day.strftime("%-d %b %Y")) } }
}

/// `95 s`, `12 min`, `5 h`, `3 days`.
#[must_use]
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// How long ago, in words.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", duration(u64::try_from(now.duration_since(at).as_secs()).unwrap_or_default()))
}

/// A word on a coloured ground.
#[must_use]
pub fn tag(mood: Mood, word: &str) -> Markup {
    html! { span class={ "tag " (class(mood)) } { (word) } }
}

#[must_use]
pub const fn class(mood: Mood) -> &'static str {
    match mood {
        Mood::Bad => "bad",
        Mood::Warn => "warn",
        Mood::Quiet => "quiet",
        Mood::Good => "good",
    }
}

#[must_use]
pub fn state(state: DeliveryState) -> Markup {
    let (mood, word) = match state {
        DeliveryState::Due => (Mood::Quiet, "Due"),
        DeliveryState::Leased => (Mood::Quiet, "Sending"),
        DeliveryState::Accepted => (Mood::Quiet, "Accepted"),
        DeliveryState::Delivered => (Mood::Good, "Delivered"),
        DeliveryState::Acknowledged => (Mood::Good, "Acknowledged"),
        DeliveryState::Held => (Mood::Warn, "Held"),
        DeliveryState::Dead => (Mood::Bad, "Dead letter"),
        DeliveryState::Withdrawn => (Mood::Quiet, "Withdrawn"),
    };
    tag(mood, word)
}

#[must_use]
pub fn clock(clock: Clock) -> Markup {
    let (mood, word) = match clock {
        Clock::OnTime => (Mood::Good, "On time"),
        Clock::AtRisk => (Mood::Warn, "At risk"),
        Clock::Overdue => (Mood::Bad, "Overdue"),
        Clock::Met => (Mood::Good, "In time"),
        Clock::Late => (Mood::Warn, "Late"),
    };
    tag(mood, word)
}

/// Working days until a date, in words.
#[must_use]
pub fn days_left(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "1 working day left".to_owned(),
        2.. => format!("{days} working days left"),
        -1 => "1 working day over".to_owned(),
        _ => format!("{} working days over", -days),
    }
}

/// `Arrival notice`
#[must_use]
pub fn kind(kind: Kind) -> String {
    sentence_case(&kind.name().replace('-', " "))
}

#[must_use]
pub fn sentence_case(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// An organisation's name, with its code.
#[must_use]
pub fn organisation(code: Code, name: &str) -> Markup {
    html! { a href={ "/organisations/" (code) } { (name) } " " span.code { (code) } }
}

/// The end of an id, which differs where its beginning is a time.
#[must_use]
pub fn short(id: uuid::Uuid) -> String {
    id.simple().to_string().split_off(24)
}

/// Thousands apart, so that it can be read.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_durations_are_for_reading() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 119, 120, 7_199, 7_200, 172_800].map(duration), ["0 s", "119 s", "2 min", "119 min", "2 h", "2 days"]);
        let days = [0, 1, 2, -1, -7].map(days_left);
        assert_eq!(days, ["today", "1 working day left", "2 working days left", "1 working day over", "7 working days over"]);
    }

    #[test]
    fn a_kind_is_a_phrase() {
        assert_eq!(kind(Kind::NoticeCorrection), "Notice correction");
    }
}
