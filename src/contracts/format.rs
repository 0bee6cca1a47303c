//! JSON, XML or FHIR: by the content type, else JSON or XML by the first character.

use domain::message::Reason;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Xml,
    /// A message Bundle in JSON.
    Fhir,
}

/// FHIR's own media type of JSON.
pub const FHIR: &str = "application/fhir+json";

impl Format {
    /// # Errors
    /// `unknown-content-type`, `wrong-encoding`.
    pub fn of(content_type: Option<&str>, bytes: &[u8]) -> Result<Self, Reason> {
        let content_type = content_type.unwrap_or_default().trim();
        if content_type.is_empty() {
            return Ok(Self::sniffed(bytes));
        }
        let mut parts = content_type.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let format = match media_type.to_ascii_lowercase().as_str() {
            "application/json" => Self::Json,
            "application/xml" | "text/xml" => Self::Xml,
            FHIR => Self::Fhir,
            _ => {
                let sentence = "The content type must be application/json, application/xml or text/xml.";
                return Err(Reason::new("unknown-content-type", "", sentence));
            }
        };
        for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
            if name.trim().eq_ignore_ascii_case("charset") && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") {
                return Err(Reason::new("wrong-encoding", "", "The content type names another charset. Write UTF-8."));
            }
        }
        Ok(format)
    }

    fn sniffed(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'<') { Self::Xml } else { Self::Json }
    }
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn the_content_type_decides_else_the_first_character() {
        for (content_type, bytes, expected) in [
            (Some("application/json"), "<a/>", Ok(Format::Json)),
            (Some("Application/XML; charset=\"UTF-8\""), "{}", Ok(Format::Xml)),
            (Some("text/xml ;charset = utf-8; x=y"), "{}", Ok(Format::Xml)),
            (None, " \r\n<a/>", Ok(Format::Xml)),
            (Some("application/fhir+json; version=1.0.0"), "{}", Ok(Format::Fhir)),
            (Some(" "), "\u{FEFF}<a/>", Ok(Format::Xml)),
            (None, " {}", Ok(Format::Json)),
            (None, "", Ok(Format::Json)),
            (Some("text/plain"), "{}", Err("unknown-content-type")),
            (Some("application/json; charset=iso-8859-1"), "{}", Err("wrong-encoding")),
        ] {
            let format = Format::of(content_type, bytes.as_bytes()).map_err(|reason| reason.code);
            assert_eq!(format, expected.map_err(str::to_owned), "{content_type:?} {bytes:?}");
        }
    }
}
