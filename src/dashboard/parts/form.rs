//! Forms, and reading what they send.

use crate::dashboard::person::Person;
use maud::{Markup, html};

/// What every form carries to show that it is one of our own pages'.
#[must_use]
pub fn token(person: &Person) -> Markup {
    html! { @if !person.csrf.is_empty() { input type="hidden" name="csrf" value=(person.csrf); } }
}

/// A text field with its label.
#[must_use]
pub fn text(id: &str, label: &str, value: &str) -> Markup {
    html! { div.field { label for=(id) { (label) } input #(id) name=(id) value=(value) autocomplete="off" spellcheck="false"; } }
}

/// A choice, with its label; the first option is "any".
#[must_use]
pub fn choice<'a>(id: &str, label: &str, any: &str, options: impl Iterator<Item = (&'a str, String)>, chosen: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { (label) }
            select #(id) name=(id) {
                option value="" { (any) }
                @for (value, words) in options { option value=(value) selected[value == chosen] { (words) } }
            }
        }
    }
}

/// Why: what every action asks for.
#[must_use]
pub fn reason(id: &str) -> Markup {
    html! {
        div.field {
            label for=(id) { "Reason" }
            input #(id) name="reason" required maxlength="500" autocomplete="off" aria-describedby={ (id) "-hint" };
            p.hint #{ (id) "-hint" } { "Kept with each delivery. No names or details of a child." }
        }
    }
}

/// The fields of a form or a query, as they came.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    /// Trimmed; empty where it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// What a field says, read; none where it is empty or absent.
    ///
    /// # Errors
    /// A sentence, where it is not what it should be.
    pub fn read<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, String>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.get(name);
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error| format!("{name}: {error}"))
    }

    /// An address with these fields, but one of another value, and without those that are empty.
    #[must_use]
    pub fn address(&self, path: &str, changed: &str, value: &str) -> String {
        let others = self.0.iter().filter(|(name, value)| name != changed && !value.trim().is_empty());
        let fields: Vec<String> = others
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain((!value.is_empty()).then_some((changed, value)))
            .map(|(name, value)| format!("{}={}", encoded(name), encoded(value)))
            .collect();
        if fields.is_empty() { path.to_owned() } else { format!("{path}?{}", fields.join("&")) }
    }
}

/// Percent-encoded, as a part of an address.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_filters_and_changes_one() {
        let fields = Fields(vec![("recipient".into(), "QKS".into()), ("state".into(), String::new()), ("before".into(), "x".into())]);
        assert_eq!(fields.address("/deliveries", "before", "a b&c"), "/deliveries?recipient=QKS&before=a%20b%26c");
        assert_eq!(fields.address("/deliveries", "recipient", ""), "/deliveries?before=x");
        assert_eq!(Fields::default().address("/", "x", ""), "/");
    }

    #[test]
    fn a_field_that_is_wrong_says_which_and_why() {
        let fields = Fields(vec![("state".into(), "lost".into()), ("id".into(), "1".into()), ("id".into(), "2".into())]);
        assert!(fields.read::<domain::delivery::DeliveryState>("state").unwrap_err().starts_with("state: `lost` is not one of"));
        assert_eq!(fields.read::<u32>("limit"), Ok(None));
        assert_eq!(fields.all("id").collect::<Vec<_>>(), ["1", "2"]);
    }
}
