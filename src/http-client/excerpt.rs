//! What may be kept of a receiver's answer. It goes into the ledger's clear columns, the log and the dashboard, and a
//! receiver may well quote the child's data back ("Ada Example is not known here"): so every word that stood in what
//! was sent is blotted out, and so is whatever has three digits.

use serde_json::Value;
use std::collections::HashSet;

/// Longest sentence about an attempt.
const DETAIL_CHARS_MAX: usize = 200;
/// Longest part of it that is the receiver's own words.
const EXCERPT_CHARS_MAX: usize = 120;
/// Longest id of a receipt: a UUID or a digest fits.
const ID_CHARS_MAX: usize = 64;

/// The first printable characters of an answer, without a word of what was `sent`.
#[must_use]
pub fn printable(answer: &[u8], sent: &[u8]) -> String {
    let answer = String::from_utf8_lossy(answer);
    let mut characters = answer.chars().map(|c| if c.is_control() || c == char::REPLACEMENT_CHARACTER { ' ' } else { c });
    let mut text: String = characters.by_ref().take(EXCERPT_CHARS_MAX).collect();
    if characters.next().is_some_and(char::is_alphanumeric) {
        // Half a word would not be recognised as one that was sent.
        text.truncate(text.trim_end_matches(char::is_alphanumeric).len());
    }
    if text.trim().is_empty() {
        return String::new();
    }
    let told = words_of(sent);
    let blotted: Vec<String> = text.split_whitespace().map(|word| blot(word, &told)).collect();
    blotted.join(" ")
}

/// The `id` of a short JSON answer, if it looks like one. Ten digits may be an NHS number and are left out.
#[must_use]
pub fn receipt_id(answer: &[u8]) -> Option<String> {
    let id = match serde_json::from_slice::<Value>(answer).ok()?.get("id")? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let plain = id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
    let digits = id.chars().filter(char::is_ascii_digit).count();
    let number = digits == 10 && !id.contains(|c: char| c.is_ascii_alphabetic());
    (plain && !number && !id.is_empty() && id.len() <= ID_CHARS_MAX).then_some(id)
}

/// Cut to what a sentence about an attempt may have.
#[must_use]
pub fn bounded(text: &str) -> String {
    if text.chars().count() <= DETAIL_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(DETAIL_CHARS_MAX - 1).chain(['…']).collect()
}

/// A word with each part of it replaced that was told to the receiver, or that may be a number or a date.
fn blot(word: &str, told: &HashSet<String>) -> String {
    let mut blotted = String::with_capacity(word.len());
    for piece in word.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let part = piece.trim_end_matches(|c: char| !c.is_alphanumeric());
        let digits = part.chars().filter(|c| c.is_numeric()).count();
        if digits >= 3 || told.contains(&part.to_lowercase()) {
            blotted.push('…');
            blotted.push_str(&piece[part.len()..]);
        } else {
            blotted.push_str(piece);
        }
    }
    blotted
}

/// Every word of every value (not of the names of fields, which an error may well quote).
fn words_of(sent: &[u8]) -> HashSet<String> {
    let mut words = HashSet::new();
    let Ok(document) = serde_json::from_slice::<Value>(sent) else {
        gather(&String::from_utf8_lossy(sent), &mut words);
        return words;
    };
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => gather(text, &mut words),
            Value::Number(number) => gather(&number.to_string(), &mut words),
            Value::Array(items) => open.extend(items),
            Value::Object(fields) => open.extend(fields.values()),
            Value::Null | Value::Bool(_) => {}
        }
    }
    words
}

fn gather(text: &str, words: &mut HashSet<String>) {
    words.extend(text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase));
}

#[cfg(test)]
mod tests {
    use super::*;

    const SENT: &[u8] = br#"{"id":"1","data":{"child":{"givenName":"Ada","nhsNumber":"9990000018","birthDate":"2012-04-09"}}}"#;

    #[test]
    fn what_was_sent_does_not_come_back() {
        for (answer, kept) in [
            ("givenName ADA is not known", "givenName … is not known"),
            ("no such patient: 999 000 0018", "no such patient: … … …"),
            ("nhsNumber=9990000018;birthDate=2012-04-09", "nhsNumber=…;birthDate=…-…-…"),
            ("born 09/04/2012", "born …/…/…"),
            ("\u{0}plain\r\n\ttext\u{7f}", "plain text"),
            ("", ""),
        ] {
            assert_eq!(printable(answer.as_bytes(), SENT), kept, "{answer:?}");
        }
    }

    #[test]
    fn it_is_short() {
        assert_eq!(printable("é ".repeat(500).as_bytes(), SENT).chars().count(), 119);
        let cut = format!("{} Ada", "x".repeat(EXCERPT_CHARS_MAX - 3));
        assert!(!printable(cut.as_bytes(), SENT).contains("Ad"), "half a word is no word");
        assert_eq!(bounded(&"é".repeat(500)).chars().count(), 200);
        assert_eq!(bounded("short"), "short");
    }

    #[test]
    fn a_receipt_is_an_id_and_nothing_else() {
        for (answer, id) in [
            (r#"{"id":"evt_12"}"#, Some("evt_12")),
            (r#"{"id":42,"more":1}"#, Some("42")),
            (r#"{"id":"9990000018"}"#, None),
            (r#"{"id":"999-000-0018"}"#, None),
            (r#"{"id":"Ada Example"}"#, None),
            (r#"{"id":""}"#, None),
            (r#"{"id":{}}"#, None),
            (r#"{"id":"cut o"#, None),
            ("ok", None),
        ] {
            assert_eq!(receipt_id(answer.as_bytes()).as_deref(), id, "{answer}");
        }
    }
}
