//! A child of the story, and what its council's system writes about it.

use super::chance::Chance;
use super::paper::{Fields, Node};
use super::region::{
    EDUCATION, FAMILY_NAMES, FEELINGS, GIVEN_NAMES, LEGAL_STATUSES, PLACEMENT_TYPES, PRIORITIES, Place, REFERRAL_REASONS, SEXES, STREETS,
    SUITABLE, SUMMARIES,
};
use domain::identifiers::is_nhs_number;
use jiff::civil::Date;
use jiff::{Span, ToSpan};

/// Synthetic NHS numbers begin with 999; these are the nine digits before the check digit.
const NHS_STEM: u64 = 999_200_000;
/// Ids of children at their authority start here, so that they have six digits; a letter before them tells them from a figure.
const LOCAL_ID: u64 = 300_000;

/// A child in care, as its council knows it.
#[derive(Clone, Debug)]
pub struct Child {
    /// The responsible authority.
    pub authority: &'static str,
    pub local_id: String,
    nhs_number: Option<String>,
    given_name: &'static str,
    pub family_name: &'static str,
    born: Date,
    sex: &'static str,
    pub siblings: Option<String>,
    pub home: &'static Place,
    pub care_since: Date,
    pub care_ended: Option<Date>,
    /// The commissioner that the council wrote down when care began, in the code of that time.
    commissioner_then: Option<&'static str>,
    legal_status: &'static str,
    social_worker: String,
    /// Oldest first; never empty once the story has spoken of the child.
    pub stays: Vec<Stay>,
    pub referrals: u32,
}

/// One placement, in its newest version.
#[derive(Clone, Debug)]
pub struct Stay {
    pub id: String,
    pub version: u64,
    pub cancelled: bool,
    pub place: &'static Place,
    /// Where the postcode written down is another than the place's.
    pub postcode: Option<&'static str>,
    pub started_on: Date,
    pub ended_on: Option<Date>,
    pub planned: bool,
    pub reason: &'static str,
    placement_type: &'static str,
    withheld: bool,
    house: u64,
    carer: &'static str,
    pub referral: Option<String>,
    words: usize,
}

impl Child {
    /// Child number `number` of the story, whose home was at `home`, in care since `care_since`; under 18 for a while yet.
    pub fn new(number: u64, home: &'static Place, care_since: Date, today: Date, chance: &mut Chance) -> Self {
        let years_in_care = i32::from(today.year() - care_since.year()).max(0);
        let age = Span::new().years(chance.between(years_in_care + 1, 16)).days(chance.between(0, 300));
        let old_kent = home.authority == "E10000016" && care_since < jiff::civil::date(2020, 4, 1);
        Self {
            authority: home.authority,
            local_id: format!("C{}", LOCAL_ID + number * 7),
            nhs_number: Some(nhs_number(number)).filter(|_| !chance.percent(8)),
            given_name: chance.pick(&GIVEN_NAMES),
            family_name: chance.pick(&FAMILY_NAMES),
            born: today.saturating_sub(age).min(care_since),
            sex: chance.pick(&SEXES),
            siblings: None,
            home,
            care_since,
            care_ended: None,
            // NHS West Kent CCG, which closed on 31 March 2020: claims find its successor.
            commissioner_then: old_kent.then_some("99J"),
            legal_status: chance.pick(&LEGAL_STATUSES),
            social_worker: format!("{} {}", chance.pick(&GIVEN_NAMES), chance.pick(&FAMILY_NAMES)),
            stays: Vec::new(),
            referrals: 0,
        }
    }

    /// The child begins to live at `place`; where it is about to, or has lately, `planned` says whether that was known.
    pub fn moves(&mut self, place: &'static Place, started_on: Date, planned: bool, chance: &mut Chance) {
        let reason = if self.stays.is_empty() { "S" } else { "P" };
        self.stays.push(Stay {
            id: format!("{}-{}", self.local_id, self.stays.len() + 1),
            version: 1,
            cancelled: false,
            place,
            postcode: None,
            started_on,
            ended_on: None,
            planned,
            reason,
            placement_type: chance.pick(&PLACEMENT_TYPES),
            withheld: chance.percent(8),
            house: u64::try_from(chance.between(1, 99)).unwrap_or(1),
            carer: chance.pick(&FAMILY_NAMES),
            referral: None,
            words: chance.below(12),
        });
    }

    /// The same home goes on under another legal status: a new episode, and no move.
    pub fn changes_status(&mut self, on: Date) {
        let Some(last) = self.stays.last().cloned() else { return };
        let id = format!("{}-{}", self.local_id, self.stays.len() + 1);
        self.stays.push(Stay { id, version: 1, started_on: on, reason: "L", referral: None, ..last });
        self.legal_status = if self.legal_status == "E1" { "C2" } else { "E1" };
    }

    pub fn newest(&self) -> Option<&Stay> {
        self.stays.last()
    }

    pub fn newest_mut(&mut self) -> Option<&mut Stay> {
        self.stays.last_mut()
    }

    /// A new referral's id.
    pub fn next_referral(&mut self) -> String {
        self.referrals += 1;
        format!("R-{}-{}", self.local_id, self.referrals)
    }

    /// What follows the header of a `placement-change` about the stay at this position.
    pub fn placement_change(&self, position: usize) -> Fields {
        let Some(stay) = self.stays.get(position) else { return Fields::new() };
        let mut fields: Fields =
            vec![("child", self.child().into()), ("carePeriod", self.care_period().into()), ("placement", stay.facts().into())];
        fields.push(("needs", needs(stay.words).into()));
        if let Some(id) = &stay.referral {
            fields.push(("referral", referral(id, None, stay.words).into()));
        }
        fields.push(("contacts", self.contacts().into()));
        fields
    }

    /// What follows the header of a `wellbeing-concern`.
    pub fn concern(&self, id: &str, follows: Option<String>, observed_on: Date, words: usize) -> Fields {
        let child: Fields = vec![("localId", self.local_id.as_str().into())];
        vec![
            ("child", child.into()),
            ("referral", referral(id, follows, words).into()),
            ("observedOn", observed_on.into()),
            ("needs", needs(words).into()),
            ("contacts", self.contacts().into()),
        ]
    }

    fn child(&self) -> Fields {
        let mut fields: Fields = vec![("localId", self.local_id.as_str().into())];
        if let Some(number) = &self.nhs_number {
            fields.extend([("nhsNumber", number.as_str().into()), ("nhsNumberStatus", "verified".into())]);
        }
        fields.extend([
            ("givenName", self.given_name.into()),
            ("familyName", self.family_name.into()),
            ("birthDate", self.born.into()),
            ("sex", self.sex.into()),
        ]);
        fields.extend(self.siblings.as_deref().map(|group| ("siblingGroup", Node::from(group))));
        fields
    }

    fn care_period(&self) -> Fields {
        let mut origin = Fields::new();
        origin.extend(self.commissioner_then.map(|code| ("commissioner", Node::from(code))));
        origin.push(("homePostcode", self.home.postcode.into()));
        vec![
            ("id", format!("CP-{}", self.local_id).into()),
            ("startedOn", self.care_since.into()),
            ("endedOn", self.care_ended.into()),
            ("endReason", self.care_ended.map(|_| "E4A").into()),
            ("legalStatus", self.legal_status.into()),
            ("origin", origin.into()),
        ]
    }

    fn contacts(&self) -> Fields {
        let worker: Fields =
            vec![("name", self.social_worker.as_str().into()), ("email", "duty.desk@example.org".into()), ("phone", "01234 567890".into())];
        vec![("socialWorker", worker.into())]
    }
}

impl Stay {
    fn facts(&self) -> Fields {
        let expected_end_on = self.planned.then(|| self.started_on.saturating_add(180.days()));
        let mut fields: Fields = vec![
            ("id", self.id.as_str().into()),
            ("version", self.version.into()),
            ("status", if self.cancelled { "cancelled" } else { "active" }.into()),
            ("startedOn", self.started_on.into()),
            ("endedOn", self.ended_on.into()),
            ("endReason", self.ended_on.map(|_| "X1").into()),
            ("reasonForChange", self.reason.into()),
            ("type", self.placement_type.into()),
            ("provider", "PR4".into()),
            ("planned", self.planned.into()),
            ("expectedEndOn", expected_end_on.into()),
            ("postcode", self.postcode.unwrap_or(self.place.postcode).into()),
        ];
        // Where the postcode is unknown, a message without the authority leaves it to a person.
        if self.postcode.is_none() {
            fields.push(("localAuthority", self.place.authority.into()));
        }
        let lines = vec![format!("{} {}", self.house, STREETS[self.words % STREETS.len()]).into(), self.place.town.into()];
        fields.extend([
            ("addressWithheld", self.withheld.into()),
            ("addressLines", Node::List(lines)),
            ("carer", format!("Carer {}", self.carer).into()),
        ]);
        fields
    }
}

fn needs(words: usize) -> Fields {
    let plan: Fields = vec![
        ("title", "Care plan".into()),
        ("reference", "https://plans.example.org/care-plan".into()),
        ("sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into()),
    ];
    let score = u64::try_from(words).unwrap_or_default() * 3 % 41;
    vec![
        ("summary", SUMMARIES[words % SUMMARIES.len()].into()),
        ("emotionalHealth", FEELINGS[words % FEELINGS.len()].into()),
        ("education", EDUCATION[words % EDUCATION.len()].into()),
        ("sdqScore", score.into()),
        ("whySuitable", SUITABLE[words % SUITABLE.len()].into()),
        ("carePlan", plan.into()),
    ]
}

fn referral(id: &str, follows: Option<String>, words: usize) -> Fields {
    let mut fields: Fields = vec![
        ("id", id.into()),
        ("priority", PRIORITIES[words % PRIORITIES.len()].into()),
        ("reason", REFERRAL_REASONS[words % REFERRAL_REASONS.len()].into()),
        ("continuesTreatment", words.is_multiple_of(REFERRAL_REASONS.len()).into()),
    ];
    fields.extend(follows.map(|earlier| ("follows", Node::from(earlier))));
    fields
}

/// The NHS number of child `number`; some nine digits have no check digit, so each child has ten to choose from.
fn nhs_number(number: u64) -> String {
    let stems = (NHS_STEM + number * 10)..;
    let mut numbers = stems.flat_map(|stem| (0..10).map(move |check| format!("{stem}{check}")));
    numbers.find(|candidate| is_nhs_number(candidate)).unwrap_or_default()
}
