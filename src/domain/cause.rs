//! Which failures are one failure: the cause of a delivery's trouble with everything taken out that differs from one to the next.

/// A group's name is shown and is part of an address: longer ones say no more.
const CHARACTERS_MAX: usize = 120;

/// What a number counts, where it stands before one of these: never a status.
const UNITS: [&str; 8] = ["ms", "s", "min", "h", "bytes", "tries", "times", "attempts"];

/// What a reason comes to: ids and numbers become `#`, so that "HTTP 503 after 312 ms" and "HTTP 503 after 7 ms" are one cause. The
/// first number that can be a status stays, because 400 and 503 are two.
#[must_use]
pub fn fingerprint(reason: &str) -> String {
    let mut cause = String::new();
    let mut is_told = false;
    let mut words = reason.split_whitespace().peekable();
    while let Some(word) = words.next() {
        if !cause.is_empty() {
            cause.push(' ');
        }
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let counts = words.peek().is_some_and(|next| UNITS.contains(&next.trim_matches(|c: char| !c.is_ascii_alphanumeric())));
        if is_status(core) && !counts && !is_told {
            is_told = true;
            cause.push_str(word);
        } else if core.bytes().any(|byte| byte.is_ascii_digit()) {
            cause.push_str(&word.replace(core, "#"));
        } else {
            cause.push_str(word);
        }
    }
    match cause.char_indices().nth(CHARACTERS_MAX) {
        Some((at, _)) => cause[..at].to_owned(),
        None => cause,
    }
}

/// Three digits that HTTP would answer with.
fn is_status(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) && (b'1'..=b'5').contains(&word.as_bytes()[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(reason: &str, cause: &str) {
        assert_eq!(fingerprint(reason), cause);
    }

    #[test]
    fn what_differs_from_one_failure_to_the_next_is_taken_out() {
        check("HTTP 503 after 312 ms", "HTTP 503 after # ms");
        check("HTTP 503 after 7 ms", "HTTP 503 after # ms");
        check("HTTP 400: no  such field", "HTTP 400: no such field");
        check("refused 0190a1b2-0000-7000-8000-000000000001 (line 42)", "refused # (line #)");
        check("127.0.0.1:8080 refuses", "# refuses");
        check("", "");
    }

    #[test]
    fn statuses_stay_apart_and_other_numbers_do_not() {
        assert_ne!(fingerprint("answered 400"), fingerprint("answered 503"));
        assert_eq!(fingerprint("after 999 tries"), fingerprint("after 600 tries"));
        assert_eq!(fingerprint("after 30 s"), fingerprint("after 5 s"));
    }

    #[test]
    fn a_cause_is_short_whatever_the_far_end_writes() {
        assert_eq!(fingerprint(&"ä".repeat(500)).chars().count(), CHARACTERS_MAX);
    }
}
