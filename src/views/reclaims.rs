//! Claims: how each stands, and how old the open ones are by commissioner and stage; as JSON, as CSV, as a page.

use super::{ViewError, Views, name};
use domain::Code;
use domain::claim::{Age, ClaimState, Sum, ageing};
use domain::directory::Directory;
use domain::policy::Stage;
use domain::port::{ClaimFilter, ClaimRow};
use jiff::civil::Date;
use serde::Serialize;

/// Claims that are read at once.
const PAGE: usize = 1_000;
/// Open claims that are looked at for their ages: a region has some thousand a year.
const CLAIMS_MAX: usize = 50_000;

impl Views {
    /// The open claims by commissioner, stage and age.
    ///
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn claim_ages(&self) -> Result<Vec<Age>, ViewError> {
        let rows = self.claims(ClaimFilter { open: true, limit: CLAIMS_MAX, ..ClaimFilter::default() }).await?;
        Ok(ageing(&rows, self.today()))
    }

    /// All that match, up to `filter.limit`, in the order of their ids.
    ///
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn claims(&self, filter: ClaimFilter) -> Result<Vec<ClaimRow>, ViewError> {
        let mut rows: Vec<ClaimRow> = Vec::new();
        while rows.len() < filter.limit {
            let after = rows.last().map(|row| row.id.clone()).or_else(|| filter.after.clone());
            let limit = PAGE.min(filter.limit - rows.len());
            let page = self.journey.ledger.claims(ClaimFilter { after, limit, ..filter.clone() }).await?;
            let is_last = page.len() < limit;
            rows.extend(page);
            if is_last {
                break;
            }
        }
        Ok(rows)
    }
}

/// The columns of a list of claims as CSV; amounts in pounds.
pub const LIST_HEADER: [&str; 12] = [
    "claim",
    "state",
    "since",
    "claimed_on",
    "stage",
    "commissioner",
    "commissioner_name",
    "place",
    "provider",
    "service_date",
    "amount_pounds",
    "answered_pounds",
];

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Claim<'a> {
    pub claim: &'a str,
    pub state: ClaimState,
    pub since: Date,
    pub claimed_on: Date,
    pub stage: Stage,
    pub commissioner: Code,
    pub commissioner_name: &'a str,
    pub place: Option<Code>,
    pub provider: Code,
    pub service_date: Date,
    pub amount_pence: Option<u64>,
    pub answered_pence: Option<u64>,
}

impl<'a> Claim<'a> {
    #[must_use]
    pub fn of(row: &'a ClaimRow, directory: &'a Directory) -> Self {
        Self {
            claim: &row.id,
            state: row.state,
            since: row.since,
            claimed_on: row.claimed_on,
            stage: row.stage,
            commissioner: row.commissioner,
            commissioner_name: name(directory, row.commissioner),
            place: row.place,
            provider: row.provider,
            service_date: row.service_on,
            amount_pence: row.amount_pence,
            answered_pence: row.answered_pence,
        }
    }

    #[must_use]
    pub fn record(&self) -> [String; 12] {
        [
            self.claim.to_owned(),
            self.state.to_string(),
            self.since.to_string(),
            self.claimed_on.to_string(),
            self.stage.name().to_owned(),
            self.commissioner.to_string(),
            self.commissioner_name.to_owned(),
            self.place.map(|place| place.to_string()).unwrap_or_default(),
            self.provider.to_string(),
            self.service_date.to_string(),
            self.amount_pence.map(pounds).unwrap_or_default(),
            self.answered_pence.map(pounds).unwrap_or_default(),
        ]
    }
}

/// The columns of claims by age as CSV; amounts in pounds.
pub const AGEING_HEADER: [&str; 14] = [
    "commissioner",
    "commissioner_name",
    "stage",
    "claims_0_30",
    "pounds_0_30",
    "claims_31_60",
    "pounds_31_60",
    "claims_61_90",
    "pounds_61_90",
    "claims_over_90",
    "pounds_over_90",
    "claims",
    "pounds",
    "claims_without_amount",
];

/// What one commissioner owes of one stage.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AgeLine<'a> {
    pub commissioner: Code,
    pub commissioner_name: &'a str,
    pub stage: Stage,
    pub bands: [Band; 4],
    pub all: Band,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Band {
    pub days: &'static str,
    pub claims: u64,
    pub amount_pence: u64,
    pub claims_without_amount: u64,
}

impl Band {
    #[must_use]
    pub fn of(days: &'static str, sum: Sum) -> Self {
        Self { days, claims: sum.claims, amount_pence: sum.pence, claims_without_amount: sum.unpriced }
    }
}

impl<'a> AgeLine<'a> {
    #[must_use]
    pub fn of(age: &Age, directory: &'a Directory) -> Self {
        let [first, second, third, last] = age.bands;
        let mut all = Sum::default();
        age.bands.iter().for_each(|sum| all.add(*sum));
        Self {
            commissioner: age.commissioner,
            commissioner_name: name(directory, age.commissioner),
            stage: age.stage,
            bands: [Band::of("0-30", first), Band::of("31-60", second), Band::of("61-90", third), Band::of("over 90", last)],
            all: Band::of("all", all),
        }
    }

    #[must_use]
    pub fn record(&self) -> [String; 14] {
        let [first, second, third, last] = &self.bands;
        [
            self.commissioner.to_string(),
            self.commissioner_name.to_owned(),
            self.stage.name().to_owned(),
            first.claims.to_string(),
            pounds(first.amount_pence),
            second.claims.to_string(),
            pounds(second.amount_pence),
            third.claims.to_string(),
            pounds(third.amount_pence),
            last.claims.to_string(),
            pounds(last.amount_pence),
            self.all.claims.to_string(),
            pounds(self.all.amount_pence),
            self.all.claims_without_amount.to_string(),
        ]
    }
}

/// `12.05`
#[must_use]
pub fn pounds(pence: u64) -> String {
    format!("{}.{:02}", pence / 100, pence % 100)
}

/// # Errors
/// Where a record cannot be written.
pub fn csv<const N: usize>(header: &[&str; N], records: impl Iterator<Item = [String; N]>) -> Result<String, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header)?;
    for record in records {
        writer.write_record(record)?;
    }
    let bytes = writer.into_inner().map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_csv_stands_under_its_header() {
        let band = |pence| Band::of("a band", Sum { claims: pence / 100, pence, unpriced: 1 });
        let line = AgeLine {
            commissioner: Code::new("QKS").unwrap(),
            commissioner_name: "Kent, and Medway",
            stage: Stage::Treatment,
            bands: [band(100), band(205), band(300), band(40_000)],
            all: band(40_605),
        };
        let told: Vec<String> = AGEING_HEADER.iter().zip(line.record()).map(|(header, value)| format!("{header}={value}")).collect();
        assert_eq!(
            told.join(" "),
            "commissioner=QKS commissioner_name=Kent, and Medway stage=treatment claims_0_30=1 pounds_0_30=1.00 claims_31_60=2 \
             pounds_31_60=2.05 claims_61_90=3 pounds_61_90=3.00 claims_over_90=400 pounds_over_90=400.00 claims=406 pounds=406.05 \
             claims_without_amount=1"
        );
    }
}
