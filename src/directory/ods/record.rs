//! An organisation record, as `/ORD/2-0-0/organisations/{code}` answers it.
//!
//! Sections are missing where they are empty, and an only element may stand without its list. A succession may be stated
//! by either end or by both, under different ids: an edge is its two codes and its day.

use domain::Code;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub code: Code,
    pub name: String,
    pub active: bool,
    /// The legal dates where the record has such, else the operational ones: an organisation is set up before it is responsible.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// `RO98` and the like, the primary one first.
    pub roles: Vec<String>,
    /// By whom it is commissioned (`RE4`): a practice's CCG or sub-ICB location.
    pub serves: Vec<Serves>,
    pub edges: Vec<Edge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Serves {
    pub commissioner: Code,
    pub from: Option<Date>,
    pub to: Option<Date>,
}

/// `to` took over from `from` on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    pub from: Code,
    pub to: Code,
    pub on: Date,
}

/// Reads one record, or a list of them.
///
/// # Errors
/// A sentence, where it is not JSON of that form, or a code or date in it is none.
pub fn read(json: &str) -> Result<Vec<Record>, String> {
    let documents: Many<Document> =
        serde_json::from_str(json.trim_start_matches('\u{feff}')).map_err(|error| format!("it is no organisation record: {error}"))?;
    documents.0.into_iter().map(|document| document.organisation.record()).collect()
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Organisation")]
    organisation: Written,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    name: String,
    #[serde(default)]
    date: Many<Dates>,
    org_id: Id,
    #[serde(default)]
    status: String,
    #[serde(default)]
    roles: Roles,
    #[serde(default)]
    rels: Rels,
    #[serde(default)]
    succs: Succs,
}

#[derive(Deserialize)]
struct Id {
    extension: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Dates {
    #[serde(rename = "Type")]
    kind: String,
    start: Option<Date>,
    end: Option<Date>,
}

#[derive(Deserialize, Default)]
struct Roles {
    #[serde(rename = "Role", default)]
    role: Many<Role>,
}

#[derive(Deserialize)]
struct Role {
    id: String,
    #[serde(rename = "primaryRole", default)]
    primary: bool,
}

#[derive(Deserialize, Default)]
struct Rels {
    #[serde(rename = "Rel", default)]
    rel: Many<Rel>,
}

#[derive(Deserialize)]
struct Rel {
    id: String,
    #[serde(rename = "Date", default)]
    date: Many<Dates>,
    #[serde(rename = "Target")]
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    #[serde(rename = "OrgId")]
    org_id: Id,
}

#[derive(Deserialize, Default)]
struct Succs {
    #[serde(rename = "Succ", default)]
    succ: Many<Succ>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Succ {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    date: Many<Dates>,
    target: Target,
}

impl Written {
    fn record(self) -> Result<Record, String> {
        let code = code(&self.org_id)?;
        let wrong = |what: String| format!("{code}: {what}");
        let mut edges = Vec::new();
        for succ in &self.succs.succ.0 {
            let other = self::code(&succ.target.org_id).map_err(wrong)?;
            let (on, _) = span(&succ.date);
            let on = on.ok_or_else(|| wrong(format!("its succession with {other} has no date")))?;
            edges.push(match succ.kind.as_str() {
                "Successor" => Edge { from: code, to: other, on },
                "Predecessor" => Edge { from: other, to: code, on },
                kind => return Err(wrong(format!("a succession is of type Predecessor or Successor, not {kind}"))),
            });
        }
        let mut serves = Vec::new();
        for rel in self.rels.rel.0.iter().filter(|rel| rel.id == COMMISSIONED_BY) {
            let (from, to) = span(&rel.date);
            serves.push(Serves { commissioner: self::code(&rel.target.org_id).map_err(wrong)?, from, to });
        }
        let (from, to) = span(&self.date);
        let mut roles = self.roles.role.0;
        roles.sort_by_key(|role| !role.primary);
        Ok(Record {
            code,
            name: self.name.trim().to_owned(),
            active: self.status.eq_ignore_ascii_case("active"),
            from,
            to,
            roles: roles.into_iter().map(|role| role.id).collect(),
            serves,
            edges,
        })
    }
}

/// "Is commissioned by".
const COMMISSIONED_BY: &str = "RE4";

fn code(id: &Id) -> Result<Code, String> {
    Code::new(id.extension.trim()).map_err(|error| format!("`{}`: {error}", id.extension))
}

/// First and last day: legal before operational, each for itself.
fn span(dates: &Many<Dates>) -> (Option<Date>, Option<Date>) {
    let of = |kind: &str| dates.0.iter().find(|date| date.kind.eq_ignore_ascii_case(kind));
    let (legal, operational) = (of("Legal"), of("Operational"));
    let either = |end: fn(&Dates) -> Option<Date>| legal.and_then(end).or_else(|| operational.and_then(end));
    (either(|date| date.start), either(|date| date.end))
}

/// A list, an only element without one, or nothing.
struct Many<T>(Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Told apart before reading on, so that a mistake inside is told as what it is.
        let elements = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Array(elements) => elements,
            only => vec![only],
        };
        elements.into_iter().map(serde_json::from_value).collect::<Result<_, _>>().map(Self).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Edge, read};
    use domain::Code;
    use jiff::civil::date;

    fn code(text: &str) -> Code {
        Code::new(text).unwrap()
    }

    /// An invented merger, with everything that a record may have.
    const WHOLE: &str = r#"{"Organisation":{"Name":"NHS SEVEN HILLS CCG","Date":[
        {"Type":"Operational","Start":"2019-10-25","End":"2026-03-31"},{"Type":"Legal","Start":"2020-04-01"}],
        "OrgId":{"root":"1.2","assigningAuthorityName":"HSCIC","extension":"77Z"},"Status":"Inactive",
        "Roles":{"Role":[{"id":"RO319","Status":"Active"},{"id":"RO98","primaryRole":true}]},
        "Succs":{"Succ":[
            {"uniqueSuccId":1,"Date":[{"Type":"Legal","Start":"2020-04-01"}],"Type":"Predecessor","Target":{"OrgId":{"extension":"77A"}}},
            {"uniqueSuccId":2,"Date":[{"Type":"Legal","Start":"2026-04-01"}],"Type":"Successor","Target":{"OrgId":{"extension":"77Y"}}}]}}}"#;

    #[test]
    fn a_whole_record_is_read() {
        let record = read(WHOLE).unwrap().remove(0);
        assert_eq!((record.code, record.name.as_str(), record.active), (code("77Z"), "NHS SEVEN HILLS CCG", false));
        assert_eq!((record.from, record.to), (Some(date(2020, 4, 1)), Some(date(2026, 3, 31))));
        assert_eq!(record.roles, ["RO98", "RO319"]);
        let edge = |from: &str, to: &str, year| Edge { from: code(from), to: code(to), on: date(year, 4, 1) };
        assert_eq!(record.edges, [edge("77A", "77Z", 2020), edge("77Z", "77Y", 2026)]);
    }

    #[test]
    fn missing_sections_and_lone_elements_are_read() {
        let bare = r#"{"Organisation":{"Name":"A PRACTICE","OrgId":{"extension":"Z00001"},"Status":"Active",
            "Date":{"Type":"Operational","Start":"1999-04-01"},
            "Rels":{"Rel":{"id":"RE4","Date":{"Type":"Operational","Start":"2020-04-01"},"Target":{"OrgId":{"extension":"91Q"}}}}}}"#;
        let records = read(&format!("[{bare},{WHOLE}]")).unwrap();
        assert_eq!(records.len(), 2);
        assert_eq!((records[0].from, records[0].to, records[0].edges.len()), (Some(date(1999, 4, 1)), None, 0));
        assert_eq!((records[0].serves[0].commissioner, records[0].serves[0].from), (code("91Q"), Some(date(2020, 4, 1))));
        assert_eq!(read(&format!("\u{feff}{bare}")).unwrap().len(), 1);
    }

    #[test]
    fn what_is_no_record_is_told() {
        let check = |json: &str, expected: &str| {
            let why = read(json).unwrap_err();
            assert!(why.contains(expected), "{why}");
        };
        check("<html>", "it is no organisation record");
        check(r#"{"Organisations":[]}"#, "missing field `Organisation`");
        check(&WHOLE.replace("\"77Z\"", "\"?\""), "`?`: an organisation code is");
        check(&WHOLE.replace("Predecessor", "Cousin"), "not Cousin");
        check(&WHOLE.replace("2019-10-25", "2019-13-25"), "it is no organisation record");
        check(&WHOLE.replace("{\"Type\":\"Legal\",\"Start\":\"2026-04-01\"}", ""), "its succession with 77Y has no date");
    }
}
