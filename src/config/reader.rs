//! Reads one key at a time and collects what is wrong, so that a person mends a file once.

use super::Mistakes;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use toml::{Table, Value};

/// Environment variables are `PLACEMENT_HUB_<SECTION>_<KEY>`.
const PREFIX: &str = "PLACEMENT_HUB";

pub(super) struct Reader<'a> {
    table: Table,
    /// Paths in the file are relative to it.
    folder: PathBuf,
    environment: &'a dyn Fn(&str) -> Option<String>,
    asked: BTreeSet<(String, String)>,
    mistakes: Vec<String>,
}

impl<'a> Reader<'a> {
    pub fn open(file: Option<&Path>, environment: &'a dyn Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let reader = |table, folder| Self { table, folder, environment, asked: BTreeSet::new(), mistakes: Vec::new() };
        let Some(file) = file else { return Ok(reader(Table::new(), PathBuf::new())) };
        let wrong = |what: String| Mistakes(vec![format!("{}: {what}", file.display())]);
        let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let table = text.parse::<Table>().map_err(|error| wrong(error.to_string()))?;
        Ok(reader(table, file.parent().map(Path::to_path_buf).unwrap_or_default()))
    }

    /// Every mistake so far, and every key that nobody asked for.
    pub fn finish(mut self) -> Result<(), Mistakes> {
        for (section, value) in &self.table {
            let keys: Vec<&str> = self.asked.iter().filter(|(known, _)| known == section).map(|(_, key)| key.as_str()).collect();
            match value {
                _ if keys.is_empty() => {
                    let sections: BTreeSet<&str> = self.asked.iter().map(|(known, _)| known.as_str()).collect();
                    let sections: Vec<&str> = sections.into_iter().collect();
                    self.mistakes.push(format!("[{section}]: there is no such section; known are {}", sections.join(", ")));
                }
                Value::Table(table) => {
                    for key in table.keys().filter(|key| !keys.contains(&key.as_str())) {
                        self.mistakes.push(format!("{section}.{key}: there is no such key; known are {}", keys.join(", ")));
                    }
                }
                Value::Array(_) => {}
                _ => self.mistakes.push(format!("{section}: must be a section, [{section}]")),
            }
        }
        if self.mistakes.is_empty() { Ok(()) } else { Err(Mistakes(self.mistakes)) }
    }

    fn value(&mut self, section: &str, key: &str) -> Option<Value> {
        self.asked.insert((section.to_owned(), key.to_owned()));
        let variable = format!("{PREFIX}_{section}_{key}").to_uppercase();
        if let Some(text) = (self.environment)(&variable) {
            let plain = Value::String(text.clone());
            return Some(
                text.parse::<i64>().map(Value::Integer).ok().or_else(|| text.parse::<bool>().map(Value::Boolean).ok()).unwrap_or(plain),
            );
        }
        self.table.get(section)?.get(key).cloned()
    }

    /// Whether the file or the environment says anything of this key.
    pub fn is_given(&mut self, section: &str, key: &str) -> bool {
        self.value(section, key).is_some()
    }

    /// What is wrong with several keys together.
    pub fn mistake(&mut self, what: String) {
        self.mistakes.push(what);
    }

    fn wrong(&mut self, section: &str, key: &str, expected: &str) {
        self.mistakes.push(format!("{section}.{key}: must be {expected}"));
    }

    pub fn text(&mut self, section: &str, key: &str, default: &str) -> String {
        match self.value(section, key) {
            None => default.to_owned(),
            Some(Value::String(text)) if !text.trim().is_empty() => text,
            Some(_) => {
                self.wrong(section, key, "a text that is not empty");
                default.to_owned()
            }
        }
    }

    pub fn one_of(&mut self, section: &str, key: &str, known: &[&str], default: &str) -> String {
        let text = self.text(section, key, default);
        if known.contains(&text.as_str()) {
            return text;
        }
        self.wrong(section, key, &format!("one of {}", known.join(", ")));
        default.to_owned()
    }

    pub fn yes_no(&mut self, section: &str, key: &str, default: bool) -> bool {
        match self.value(section, key) {
            None => default,
            Some(Value::Boolean(value)) => value,
            Some(_) => {
                self.wrong(section, key, "true or false");
                default
            }
        }
    }

    pub fn whole<T>(&mut self, section: &str, key: &str, bounds: RangeInclusive<T>, default: T) -> T
    where
        T: TryFrom<i64> + PartialOrd + Display + Copy,
    {
        let Some(value) = self.value(section, key) else { return default };
        let number = value.as_integer().and_then(|number| T::try_from(number).ok()).filter(|number| bounds.contains(number));
        number.unwrap_or_else(|| {
            self.wrong(section, key, &format!("a whole number from {} to {}", bounds.start(), bounds.end()));
            default
        })
    }

    pub fn parsed<T: FromStr>(&mut self, section: &str, key: &str, default: &str, expected: &str) -> T {
        let text = self.text(section, key, default);
        if let Ok(value) = text.parse() {
            return value;
        }
        self.wrong(section, key, expected);
        match default.parse() {
            Ok(value) => value,
            Err(_) => unreachable!("the default of {section}.{key} is well formed"),
        }
    }

    pub fn date(&mut self, section: &str, key: &str) -> Option<Date> {
        let value = self.value(section, key)?;
        let date = date_of(&value);
        if date.is_none() {
            self.wrong(section, key, "a date such as 2026-04-01");
        }
        date
    }

    /// A path; relative ones are relative to the file, or without a file to the working folder.
    pub fn path(&mut self, section: &str, key: &str, default: &str) -> PathBuf {
        let text = self.text(section, key, default);
        self.folder.join(text)
    }

    pub fn optional_path(&mut self, section: &str, key: &str) -> Option<PathBuf> {
        let value = self.value(section, key)?;
        let path = value.as_str().map(|path| self.folder.join(path));
        if path.is_none() {
            self.wrong(section, key, "the path of a file");
        }
        path
    }

    /// A secret from the environment variable `variable`, a file named by `file_key`, or `key` itself.
    pub fn secret(&mut self, section: &str, key: &str, file_key: &str, variable: &str, default: &str) -> String {
        let plain = self.text(section, key, default);
        let file = self.value(section, file_key);
        if let Some(secret) = (self.environment)(variable) {
            return secret;
        }
        let Some(file) = file else { return plain };
        let Some(file) = file.as_str().map(|file| self.folder.join(file)) else {
            self.wrong(section, file_key, "the path of a file");
            return plain;
        };
        match std::fs::read_to_string(&file) {
            Ok(secret) => secret.trim().to_owned(),
            Err(error) => {
                self.mistakes.push(format!("{section}.{file_key}: {} cannot be read: {error}", file.display()));
                plain
            }
        }
    }

    /// `[[section]]`, each with these keys only; lines with mistakes are left out and reported.
    pub fn list<T>(&mut self, section: &str, keys: &[&str], read: impl Fn(&mut Line<'_>) -> Option<T>) -> Vec<T> {
        for key in keys {
            self.asked.insert((section.to_owned(), (*key).to_owned()));
        }
        let lines = match self.table.get(section) {
            None => return Vec::new(),
            Some(Value::Array(lines)) => lines.clone(),
            Some(_) => {
                self.mistakes.push(format!("{section}: must be a list, [[{section}]]"));
                return Vec::new();
            }
        };
        let mut found = Vec::with_capacity(lines.len());
        for (number, line) in lines.iter().enumerate() {
            let mut line = Line {
                name: format!("{section}[{}]", number + 1),
                table: line.as_table().cloned().unwrap_or_default(),
                mistakes: &mut self.mistakes,
            };
            line.refuse_others(keys);
            found.extend(read(&mut line));
        }
        found
    }
}

/// One line of a list.
pub(super) struct Line<'a> {
    name: String,
    table: Table,
    mistakes: &'a mut Vec<String>,
}

impl Line<'_> {
    fn refuse_others(&mut self, keys: &[&str]) {
        for key in self.table.keys().filter(|key| !keys.contains(&key.as_str())) {
            self.mistakes.push(format!("{}.{key}: there is no such key; known are {}", self.name, keys.join(", ")));
        }
    }

    fn required<T>(&mut self, key: &str, expected: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.mistakes.push(format!("{}.{key}: must be {expected}", self.name));
        }
        value
    }

    pub fn text(&mut self, key: &str) -> Option<String> {
        let text = self.table.get(key).and_then(Value::as_str).map(str::to_owned);
        self.required(key, "a text", text)
    }

    pub fn one_of(&mut self, key: &str, known: &[&str]) -> Option<String> {
        let text = self.table.get(key).and_then(Value::as_str).filter(|text| known.contains(text)).map(str::to_owned);
        self.required(key, &format!("one of {}", known.join(", ")), text)
    }

    pub fn pence(&mut self, key: &str) -> Option<u64> {
        let pence = self.table.get(key).and_then(Value::as_integer).and_then(|pence| u64::try_from(pence).ok());
        self.required(key, "an amount in pence, 0 or more", pence)
    }

    pub fn date(&mut self, key: &str) -> Option<Date> {
        let value = self.table.get(key)?.clone();
        let date = date_of(&value);
        self.required(key, "a date such as 2026-04-01", date)
    }
}

/// A TOML date, or a text that is one.
fn date_of(value: &Value) -> Option<Date> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Datetime(date) => date.to_string().parse().ok(),
        _ => None,
    }
}
