//! What a return lacks, from a CSV of its own: who the child is, where it came from, whether a placement was planned.
//!
//! A row without `started_on` is about the child; one with it is about the placement that began on that day, and what it
//! says of the start of care is about the care period that began then.

use super::fields;
use super::source::ROWS_MAX;
use super::table::{self, Table};
use domain::Code;
use domain::identifiers::is_nhs_number;
use domain::message::{CarePlan, Contact, Contacts};
use jiff::civil::Date;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

const COLUMNS: [&str; 26] = [
    "CHILD",
    "STARTED_ON",
    "NHS_NUMBER",
    "NHS_NUMBER_STATUS",
    "GIVEN_NAME",
    "FAMILY_NAME",
    "GP_PRACTICE",
    "SIBLING_GROUP",
    "CARE_STARTED_ON",
    "GP_AT_ENTRY",
    "COMMISSIONER_AT_ENTRY",
    "PLANNED",
    "EXPECTED_END_ON",
    "LOCAL_AUTHORITY",
    "ADDRESS_WITHHELD",
    "CARER",
    "CARE_PLAN_TITLE",
    "CARE_PLAN_REFERENCE",
    "CARE_PLAN_SHA256",
    "SOCIAL_WORKER_NAME",
    "SOCIAL_WORKER_EMAIL",
    "SOCIAL_WORKER_PHONE",
    "REVIEWING_OFFICER_NAME",
    "REVIEWING_OFFICER_EMAIL",
    "REVIEWING_OFFICER_PHONE",
    "NOTE",
];

/// The whole file, by child.
#[derive(Debug, Default)]
pub struct Extra {
    pub file: Arc<str>,
    children: HashMap<String, ChildExtra>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChildExtra {
    pub row: Option<u64>,
    pub nhs_number: Option<String>,
    pub nhs_number_status: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub gp_practice: Option<String>,
    pub sibling_group: Option<String>,
    pub contacts: Contacts,
    /// What counts for each placement of the child that has no row of its own, or says nothing there.
    pub any: PlacementExtra,
    pub placements: BTreeMap<Date, PlacementExtra>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlacementExtra {
    pub care_started_on: Option<Date>,
    pub gp_at_entry: Option<String>,
    pub commissioner_at_entry: Option<Code>,
    pub planned: Option<bool>,
    pub expected_end_on: Option<Date>,
    pub local_authority: Option<Code>,
    pub address_withheld: Option<bool>,
    pub carer: Option<String>,
    pub care_plan: Option<CarePlan>,
}

impl Extra {
    /// # Errors
    /// All mistakes, one a line, with file and line: this file is written for the hub, so nothing in it is passed over.
    pub fn open(path: &Path) -> Result<Self, String> {
        let names = table::columns(path)?;
        let mut mistakes = Mistakes { file: path.display().to_string(), line: 1, found: Vec::new() };
        for name in names.iter().filter(|name| !COLUMNS.contains(&name.as_str())) {
            mistakes.add(&format!("there is no column {}; the columns are {}", name.to_lowercase(), COLUMNS.join(", ").to_lowercase()));
        }
        if !names.iter().any(|name| name == "CHILD") {
            mistakes.add("it has no column child");
        }
        let mut extra = Self { file: mistakes.file.as_str().into(), children: HashMap::new() };
        let mut table = Table::open(path, &COLUMNS.each_ref().map(std::slice::from_ref))?;
        let mut rows = 0;
        while let Some(row) = table.next(path) {
            let row = row?;
            rows += 1;
            if rows > ROWS_MAX {
                return Err(format!("{} has more than {ROWS_MAX} rows", path.display()));
            }
            mistakes.line = row.line;
            if row.sound {
                extra.add(row.line, &row.values, &mut mistakes);
            } else {
                mistakes.add("it has not as many values as the first line");
            }
        }
        if mistakes.found.is_empty() { Ok(extra) } else { Err(mistakes.found.join("\n")) }
    }

    #[must_use]
    pub fn of(&self, child: &str) -> Option<&ChildExtra> {
        self.children.get(child)
    }

    fn add(&mut self, line: u64, values: &[String; 26], mistakes: &mut Mistakes) {
        let text = |name: &str| {
            let at = COLUMNS.iter().position(|column| *column == name);
            at.map(|at| values[at].as_str()).filter(|value| !value.is_empty())
        };
        let owned = |name: &str| text(name).map(str::to_owned);
        let Some(child) = text("CHILD").filter(|id| fields::is_child_id(id)) else {
            return mistakes.add("child must be 1 to 20 letters and digits");
        };
        let placement = placement(&text, mistakes);
        let known = self.children.entry(child.to_owned()).or_default();
        if let Some(started_on) = mistakes.day(&text, "STARTED_ON") {
            if known.placements.insert(started_on, placement).is_some() {
                mistakes.add("the child has another row with this started_on");
            }
            return;
        }
        if text("STARTED_ON").is_some() {
            return;
        }
        if known.row.is_some() {
            return mistakes.add("the child has another row without started_on");
        }
        let contact = |who: &str| {
            let part = |what: &str| owned(&format!("{who}_{what}"));
            part("NAME").map(|name| Contact { name, email: part("EMAIL"), phone: part("PHONE") })
        };
        let nhs_number: Option<String> = text("NHS_NUMBER").map(|number| number.chars().filter(|c| !c.is_whitespace()).collect());
        if nhs_number.as_deref().is_some_and(|number| !is_nhs_number(number)) {
            mistakes.add("nhs_number: its check digit does not fit; correct it, or leave it out");
        }
        *known = ChildExtra {
            row: Some(line),
            nhs_number,
            nhs_number_status: owned("NHS_NUMBER_STATUS"),
            given_name: owned("GIVEN_NAME"),
            family_name: owned("FAMILY_NAME"),
            gp_practice: owned("GP_PRACTICE"),
            sibling_group: owned("SIBLING_GROUP"),
            contacts: Contacts { social_worker: contact("SOCIAL_WORKER"), reviewing_officer: contact("REVIEWING_OFFICER") },
            any: placement,
            placements: std::mem::take(&mut known.placements),
        };
    }
}

fn placement<'a>(text: &impl Fn(&str) -> Option<&'a str>, mistakes: &mut Mistakes) -> PlacementExtra {
    let owned = |name: &str| text(name).map(str::to_owned);
    let plan = (owned("CARE_PLAN_TITLE"), owned("CARE_PLAN_REFERENCE"), owned("CARE_PLAN_SHA256"));
    let care_plan = match plan {
        (Some(title), Some(reference), Some(sha256)) => Some(CarePlan { title, reference, sha256 }),
        (None, None, None) => None,
        _ => {
            mistakes.add("a care plan needs care_plan_title, care_plan_reference and care_plan_sha256");
            None
        }
    };
    PlacementExtra {
        care_started_on: mistakes.day(text, "CARE_STARTED_ON"),
        gp_at_entry: owned("GP_AT_ENTRY"),
        commissioner_at_entry: mistakes.code(text, "COMMISSIONER_AT_ENTRY"),
        planned: mistakes.yes_no(text, "PLANNED"),
        expected_end_on: mistakes.day(text, "EXPECTED_END_ON"),
        local_authority: mistakes.code(text, "LOCAL_AUTHORITY"),
        address_withheld: mistakes.yes_no(text, "ADDRESS_WITHHELD"),
        carer: owned("CARER"),
        care_plan,
    }
}

/// Most mistakes told: whoever made a hundred has to start over anyway.
const MISTAKES_MAX: usize = 100;

struct Mistakes {
    file: String,
    line: u64,
    found: Vec<String>,
}

impl Mistakes {
    fn add(&mut self, what: &str) {
        if self.found.len() < MISTAKES_MAX {
            self.found.push(format!("{}:{}: {what}", self.file, self.line));
        }
    }

    fn day<'a>(&mut self, text: &impl Fn(&str) -> Option<&'a str>, name: &str) -> Option<Date> {
        let found = text(name)?;
        let day = fields::day(found);
        if day.is_none() {
            self.add(&format!("{}: a day is written dd/mm/yyyy or yyyy-mm-dd", name.to_lowercase()));
        }
        day
    }

    fn yes_no<'a>(&mut self, text: &impl Fn(&str) -> Option<&'a str>, name: &str) -> Option<bool> {
        match text(name)?.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" => Some(true),
            "no" | "n" | "false" | "0" => Some(false),
            _ => {
                self.add(&format!("{}: write yes or no", name.to_lowercase()));
                None
            }
        }
    }

    fn code<'a>(&mut self, text: &impl Fn(&str) -> Option<&'a str>, name: &str) -> Option<Code> {
        let code = Code::new(text(name)?);
        code.map_err(|error| self.add(&format!("{}: {error}", name.to_lowercase()))).ok()
    }
}
