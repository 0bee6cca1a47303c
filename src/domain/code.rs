//! An organisation's code: GSS (`E10000016`), ODS (`QKS`, `RX2`, `91Q`). Small, copied freely.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// At most 15 upper-case letters and digits. Equal by content; ordered as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code {
    bytes: [u8; 15],
    length: u8,
}

impl Default for Code {
    fn default() -> Self {
        Self::NONE
    }
}

impl Code {
    /// The absent code: the publisher of bytes that could not be read.
    pub const NONE: Self = Self { bytes: [0; 15], length: 0 };

    /// # Errors
    /// Where `text` is empty, longer than 15, or has anything but `A-Z0-9`.
    pub fn new(text: &str) -> Result<Self, NotACode> {
        let fits = !text.is_empty() && text.len() <= 15 && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !fits {
            return Err(NotACode);
        }
        let mut bytes = [0; 15];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, length: u8::try_from(text.len()).map_err(|_| NotACode)? })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }

    #[must_use]
    pub fn is_none(&self) -> bool {
        self.length == 0
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotACode;

impl fmt::Display for NotACode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an organisation code is 1 to 15 upper-case letters and digits, such as E10000016, QKS or RX2")
    }
}

impl std::error::Error for NotACode {}

impl FromStr for Code {
    type Err = NotACode;
    fn from_str(text: &str) -> Result<Self, NotACode> {
        Self::new(text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        if text.is_empty() { Ok(Self::NONE) } else { Self::new(&text).map_err(de::Error::custom) }
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    #[test]
    fn a_code_is_short_and_plain() {
        assert_eq!(Code::new("E10000016").unwrap().as_str(), "E10000016");
        for wrong in ["", "e10000016", "RX 2", "ABCDEFGHIJKLMNOP", "É"] {
            assert!(Code::new(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_reads_back_from_what_it_prints() {
        let code: Code = "E10000016".parse().unwrap();
        assert_eq!(
            (code.to_string(), format!("{code:?}"), format!("{code:>11}")),
            ("E10000016".into(), "E10000016".into(), "  E10000016".into())
        );
        let written = serde_json::to_string(&code).unwrap();
        assert_eq!((written.as_str(), serde_json::from_str::<Code>(&written).unwrap()), ("\"E10000016\"", code));
        assert!("RX 2".parse::<Code>().is_err_and(|why| why.to_string().contains("1 to 15 upper-case letters and digits")));
    }

    #[test]
    fn fifteen_letters_fit_and_an_empty_text_is_no_code() {
        assert!(Code::new("ABCDEFGHIJKLMNO").is_ok_and(|code| !code.is_none()));
        assert!(Code::NONE.is_none() && serde_json::from_str::<Code>("\"\"").is_ok_and(|code| code.is_none()));
        assert!(serde_json::from_str::<Code>("\"RX 2\"").is_err());
    }
}
