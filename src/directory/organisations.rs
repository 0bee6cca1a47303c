//! The CSV files as rows: organisations, and how they belong together by date.

use super::mistake::Notes;
use super::table::{Row, read};
use domain::Code;
use domain::directory::{Link, Organisation, OrganisationKind, Succession};
use domain::working_days::Calendar;
use std::path::Path;

/// Every CSV file of a directory.
pub(super) struct Files {
    pub(super) organisations: Vec<(&'static str, Row<Organisation>)>,
    /// (other code, code in use).
    pub(super) aliases: Vec<(&'static str, Row<(Code, Code)>)>,
    pub(super) districts: Vec<Row<Link>>,
    pub(super) areas: Vec<Row<Link>>,
    pub(super) parents: Vec<Row<Link>>,
    pub(super) camhs: Vec<Row<Link>>,
    pub(super) practices: Vec<Row<Link>>,
    /// None for an organisation that closed with no successor, and is marked so.
    pub(super) successions: Vec<Row<(Code, Option<Succession>)>>,
    pub(super) adjoining: Vec<Row<(Code, Code)>>,
    pub(super) calendar: Calendar,
}

impl Files {
    pub(super) fn read(folder: &Path, notes: &mut Notes) -> Self {
        let mut files = Self {
            organisations: Vec::new(),
            aliases: Vec::new(),
            districts: links(folder, "districts.csv", &["district", "name", "authority", "from", "to"], notes),
            areas: links(folder, "areas.csv", &["authority", "commissioner", "from", "to"], notes),
            parents: links(folder, "parents.csv", &["place", "body", "from", "to"], notes),
            camhs: camhs(folder, notes),
            practices: links(folder, "practices.csv", &["practice", "commissioner", "from", "to"], notes),
            successions: successions(folder, notes),
            adjoining: adjoining(folder, notes),
            calendar: calendar(folder, notes),
        };
        files.organisations("authorities.csv", folder, notes);
        files.organisations("commissioners.csv", folder, notes);
        files.organisations("providers.csv", folder, notes);
        files
    }

    fn organisations(&mut self, file: &'static str, folder: &Path, notes: &mut Notes) {
        let columns: &[&str] = match file {
            "authorities.csv" => &["code", "name", "kind", "region", "also", "from", "to"],
            "commissioners.csv" => &["code", "name", "kind", "also", "from", "to"],
            _ => &["code", "name", "from", "to"],
        };
        let kinds = [("place", OrganisationKind::CommissionerPlace), ("body", OrganisationKind::CommissionerBody)];
        let rows = read(folder, file, columns, notes, |fields| {
            let (code, span, also) = (fields.code("code"), fields.span(), fields.codes("also"));
            let kind = match file {
                "authorities.csv" => Some(OrganisationKind::Authority),
                "commissioners.csv" => fields.one_of("kind", &kinds),
                _ => Some(OrganisationKind::Provider),
            };
            let name = fields.text("name").to_owned();
            if name.is_empty() {
                fields.wrong("name: it is empty");
            }
            let (code, span) = (code?, span?);
            Some((Organisation { code, name, kind: kind?, from: span.from, to: span.to }, also))
        });
        for Row { line, value: (organisation, also) } in rows {
            self.aliases.extend(also.into_iter().map(|alias| (file, Row { line, value: (alias, organisation.code) })));
            self.organisations.push((file, Row { line, value: organisation }));
        }
    }
}

/// First and second code, and the days from and to.
fn links(folder: &Path, file: &'static str, columns: &[&'static str], notes: &mut Notes) -> Vec<Row<Link>> {
    let second = if columns.contains(&"name") { columns[2] } else { columns[1] };
    read(folder, file, columns, notes, |fields| {
        let (code, other, span) = (fields.code(columns[0]), fields.code(second), fields.span());
        Some(Link { code: code?, other: other?, span: span? })
    })
}

fn camhs(folder: &Path, notes: &mut Notes) -> Vec<Row<Link>> {
    read(folder, "camhs.csv", &["authority", "provider", "from", "to", "confidence"], notes, |fields| {
        let (code, other, span) = (fields.code("authority"), fields.code("provider"), fields.span());
        fields.one_of("confidence", &[("high", ()), ("medium", ()), ("low", ())])?;
        Some(Link { code: code?, other: other?, span: span? })
    })
}

fn successions(folder: &Path, notes: &mut Notes) -> Vec<Row<(Code, Option<Succession>)>> {
    read(folder, "succession.csv", &["from", "to", "on", "part"], notes, |fields| {
        let (from, on) = (fields.code("from"), fields.date("on"));
        let whole = fields.one_of("part", &[("whole", Some(true)), ("part", Some(false)), ("none", None)])?;
        let Some(whole) = whole else { return Some((from?, None)) };
        let to = fields.code("to");
        let from = from?;
        Some((from, Some(Succession { from, to: to?, on: on?, whole })))
    })
}

fn adjoining(folder: &Path, notes: &mut Notes) -> Vec<Row<(Code, Code)>> {
    read(folder, "adjoining.csv", &["authority", "neighbour"], notes, |fields| {
        let (one, other) = (fields.code("authority"), fields.code("neighbour"));
        Some((one?, other?))
    })
}

pub(super) fn calendar(folder: &Path, notes: &mut Notes) -> Calendar {
    let days = read(folder, "bank-holidays.csv", &["date", "name"], notes, |fields| fields.date("date"));
    Calendar { bank_holidays: days.into_iter().map(|day| day.value).collect() }
}
