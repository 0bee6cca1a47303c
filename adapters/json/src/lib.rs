//! Reads JSON documents strictly: one value, nothing twice, nothing beyond the bounds.
//!
//! A repeated key is refused because readers differ in which one they take; a far end could be told something else than
//! the hub decided on.

use domain::contract::push_segment;
use domain::message::Reason;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value, error::Category};
use std::fmt;

/// Longest document. The longest sensible one (every narrative full, in two-byte letters) is under 64 KiB.
pub const BYTES_MAX: usize = 1 << 20;
/// Deepest nesting. The contracts nest four deep.
pub const DEPTH_MAX: usize = 16;
/// Integers up to here are exact in every reader that keeps numbers as doubles.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The one value that `bytes` hold.
///
/// # Errors
/// The first thing in the way, with the path at which it was met: `too-large`, `not-utf8`, `byte-order-mark`, `not-json`,
/// `duplicate-key`, `too-deep`, `number-too-large`. The sentence never repeats a value.
pub fn parse(bytes: &[u8]) -> Result<Value, Reason> {
    if bytes.len() > BYTES_MAX {
        let sentence = format!("The document is longer than {BYTES_MAX} bytes. Send one placement, referral or claim in each.");
        return Err(Reason::new("too-large", "", sentence));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(Reason::new("byte-order-mark", "", "JSON must not begin with a byte order mark. Write UTF-8 without one."));
    }
    let text = std::str::from_utf8(bytes).map_err(|problem| {
        Reason::new("not-utf8", "", format!("Byte {} is not UTF-8. Encode the document in UTF-8.", problem.valid_up_to() + 1))
    })?;
    let mut trail = Trail::default();
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0, trail: &mut trail }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| trail.reason(&error))
}

/// Where reading failed, and why if it was for one of our own bounds. Keys are gathered while the failure travels
/// outwards, so that a good document pays nothing for its paths.
#[derive(Default)]
struct Trail {
    problem: Option<Problem>,
    /// Innermost first.
    segments: Vec<String>,
}

#[derive(Clone, Copy)]
enum Problem {
    DuplicateKey,
    TooDeep,
    NumberTooLarge,
}

impl Trail {
    fn fail<E: Error>(&mut self, problem: Problem) -> E {
        self.problem = Some(problem);
        E::custom("refused")
    }

    fn reason(self, error: &serde_json::Error) -> Reason {
        let mut path = String::new();
        self.segments.iter().rev().for_each(|segment| push_segment(&mut path, segment));
        let place = format!("line {}, column {}", error.line(), error.column());
        match self.problem {
            Some(Problem::DuplicateKey) => {
                Reason::new("duplicate-key", path, format!("This name stands twice in its object, at {place}. Write it once."))
            }
            Some(Problem::TooDeep) => Reason::new("too-deep", path, format!("The document is nested deeper than {DEPTH_MAX} levels.")),
            Some(Problem::NumberTooLarge) => {
                Reason::new("number-too-large", path, format!("This number, at {place}, is too large to be read exactly."))
            }
            None if error.classify() == Category::Eof => {
                Reason::new("not-json", path, format!("This is not JSON: it ends too early, at {place}. Send the whole document."))
            }
            None => Reason::new("not-json", path, format!("This is not JSON: there is a mistake at {place}.")),
        }
    }
}

/// Reads any value, `depth` levels below the document.
struct Strict<'t> {
    depth: usize,
    trail: &'t mut Trail,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map(Value::from).map_err(|_| self.trail.fail(Problem::NumberTooLarge))
    }

    /// `2.0` is the integer 2, as JSON Schema has it. Integers too long for 64 bits come here too, already rounded, and
    /// are refused with everything else beyond exactness.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.abs() > EXACT_MAX {
            return Err(self.trail.fail(Problem::NumberTooLarge));
        }
        if value.fract() == 0.0 {
            // Whole and within 2^53: nothing is cut off.
            #[allow(clippy::cast_possible_truncation)]
            return Ok((value as i64).into());
        }
        Number::from_f64(value).map(Value::Number).ok_or_else(|| self.trail.fail(Problem::NumberTooLarge))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(Strict { depth, trail: self.trail }) {
                Ok(Some(item)) => list.push(item),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => {
                    self.trail.segments.push(list.len().to_string());
                    return Err(error);
                }
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Value, A::Error> {
        let depth = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if object.contains_key(&key) {
                self.trail.segments.push(key);
                return Err(self.trail.fail(Problem::DuplicateKey));
            }
            match entries.next_value_seed(Strict { depth, trail: self.trail }) {
                Ok(value) => {
                    object.insert(key, value);
                }
                Err(error) => {
                    self.trail.segments.push(key);
                    return Err(error);
                }
            }
        }
        Ok(Value::Object(object))
    }
}

impl Strict<'_> {
    /// The depth of what is inside this object or list.
    fn deeper<E: Error>(&mut self) -> Result<usize, E> {
        if self.depth < DEPTH_MAX { Ok(self.depth + 1) } else { Err(self.trail.fail(Problem::TooDeep)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES_MAX, parse};
    use serde_json::json;

    fn refused(bytes: &[u8], code: &str, path: &str) {
        let reason = parse(bytes).unwrap_err();
        assert_eq!((reason.code.as_str(), reason.path.as_str()), (code, path), "{}", reason.message);
    }

    #[test]
    fn a_document_is_read_as_it_stands() {
        let read = parse(br#" {"a": [1, -2, 0.5, true, null, "\u00e9\n"], "b": {"c": 3.0, "d": 1e2}} "#).unwrap();
        assert_eq!(read, json!({"a": [1, -2, 0.5, true, null, "é\n"], "b": {"c": 3, "d": 100}}));
    }

    #[test]
    fn a_key_stands_once_in_its_object() {
        refused(br#"{"a": {"b": [0, {"c/d": 1, "c/d": 2}]}}"#, "duplicate-key", "/a/b/1/c~1d");
        refused(br#"{"a": 1, "\u0061": 2}"#, "duplicate-key", "/a");
        assert!(parse(br#"{"a": {"b": 1}, "b": {"a": 1}}"#).is_ok());
    }

    #[test]
    fn sizes_are_bounded() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse(nested(16).as_bytes()).is_ok());
        refused(nested(17).as_bytes(), "too-deep", &"/0".repeat(16));
        refused("[".repeat(100_000).as_bytes(), "too-deep", &"/0".repeat(16));
        refused(&vec![b' '; BYTES_MAX + 1], "too-large", "");
        assert!(parse(b"9223372036854775807").is_ok());
        for beyond in ["9223372036854775808", "123456789012345678901234567890", "-9223372036854775809", "1e300"] {
            refused(format!("[{beyond}]").as_bytes(), "number-too-large", "/0");
        }
    }

    #[test]
    fn what_is_not_json_is_refused_where_it_goes_wrong() {
        for (text, path) in [
            ("", ""),
            ("{\"a\": 1", ""),
            ("{\"a\": }", "/a"),
            ("{\"a\": [1, NaN]}", "/a/1"),
            ("[1e999]", "/0"),
            ("{} {}", ""),
            ("[1,]", "/1"),
            ("'a'", ""),
            ("\"\\ud800\"", ""),
            ("{\"a\": \"\u{1}\"}", "/a"),
            ("// note\n1", ""),
        ] {
            refused(text.as_bytes(), "not-json", path);
        }
        refused(b"\xEF\xBB\xBF{}", "byte-order-mark", "");
        refused(b"{\"a\": \"\xFF\"}", "not-utf8", "");
    }

    #[test]
    fn no_value_is_repeated_to_the_sender() {
        let reason = parse(br#"{"givenName": "Ada", "givenName": "Ada"}"#).unwrap_err();
        assert!(!reason.message.contains("Ada"), "{}", reason.message);
    }
}
