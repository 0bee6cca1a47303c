//! Where the story plays and what people are called in it. Places and postcodes are real; the names are plainly invented.

use domain::Code;

/// A place where a child can live.
#[derive(Debug)]
pub struct Place {
    /// The authority whose area it is in.
    pub authority: &'static str,
    pub town: &'static str,
    pub postcode: &'static str,
}

const fn place(authority: &'static str, town: &'static str, postcode: &'static str) -> Place {
    Place { authority, town, postcode }
}

/// Two places or more in each of the nineteen authorities of the South East.
pub static PLACES: [Place; 44] = [
    place("E06000035", "Rochester", "ME1 1EE"),
    place("E06000035", "Gillingham", "ME7 1RL"),
    place("E06000036", "Bracknell", "RG12 1JG"),
    place("E06000036", "Bracknell", "RG12 2JB"),
    place("E06000037", "Newbury", "RG14 1AA"),
    place("E06000037", "Thatcham", "RG18 3AA"),
    place("E06000038", "Reading", "RG1 1BE"),
    place("E06000038", "Reading", "RG30 1AA"),
    place("E06000039", "Slough", "SL1 1AA"),
    place("E06000039", "Langley", "SL3 7AA"),
    place("E06000040", "Windsor", "SL4 1AA"),
    place("E06000040", "Maidenhead", "SL6 1AA"),
    place("E06000041", "Wokingham", "RG40 1AA"),
    place("E06000041", "Wokingham", "RG40 2AA"),
    place("E06000042", "Milton Keynes", "MK9 3AA"),
    place("E06000042", "Bletchley", "MK1 1AA"),
    place("E06000043", "Brighton", "BN1 6AG"),
    place("E06000043", "Hove", "BN3 1AA"),
    place("E06000044", "Portsmouth", "PO1 1AR"),
    place("E06000044", "Southsea", "PO4 0AA"),
    place("E06000045", "Southampton", "SO14 7LY"),
    place("E06000045", "Southampton", "SO15 2AA"),
    place("E06000046", "Newport", "PO30 1SY"),
    place("E06000046", "Ryde", "PO33 1AA"),
    place("E06000060", "Aylesbury", "HP20 1AA"),
    place("E06000060", "High Wycombe", "HP11 1AA"),
    place("E10000011", "Eastbourne", "BN21 1AA"),
    place("E10000011", "Hastings", "TN34 1AA"),
    place("E10000011", "Lewes", "BN7 1AA"),
    place("E10000014", "Winchester", "SO23 9AA"),
    place("E10000014", "Basingstoke", "RG21 3AA"),
    place("E10000014", "Aldershot", "GU11 1AA"),
    place("E10000016", "Maidstone", "ME14 2AA"),
    place("E10000016", "Canterbury", "CT1 2HX"),
    place("E10000016", "Ashford", "TN23 1PL"),
    place("E10000016", "Dartford", "DA1 1AA"),
    place("E10000025", "Oxford", "OX1 1BU"),
    place("E10000025", "Banbury", "OX16 5AA"),
    place("E10000025", "Abingdon", "OX14 1AA"),
    place("E10000030", "Guildford", "GU1 1AA"),
    place("E10000030", "Redhill", "RH1 1AA"),
    place("E10000032", "Worthing", "BN11 1DP"),
    place("E10000032", "Crawley", "RH10 1AA"),
    place("E10000032", "Chichester", "PO19 1AA"),
];

/// A whole postcode that belongs to nobody: the sector is not in use.
pub const UNKNOWN_POSTCODE: &str = "BN99 9ZZ";

/// The authority and the commissioner that are out of reach for a while.
pub const OUT_OF_REACH: [&str; 2] = ["E10000032", "S9B9J"];

/// The council whose system refuses some notices at first.
pub const PICKY: &str = "E06000043";

/// How an organisation of the demo is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rail {
    Webhook,
    Queue,
    Feed,
}

/// A council and a commissioner that read queues.
const BY_QUEUE: [&str; 2] = ["E10000014", "QKS"];
/// A council and a commissioner that fetch their feeds.
const BY_FEED: [&str; 2] = ["E10000025", "QRL"];

impl Rail {
    #[must_use]
    pub fn of(code: Code) -> Self {
        match code.as_str() {
            code if BY_QUEUE.contains(&code) => Self::Queue,
            code if BY_FEED.contains(&code) => Self::Feed,
            _ => Self::Webhook,
        }
    }
}

pub const GIVEN_NAMES: [&str; 36] = [
    "Amarelle",
    "Bekzhan",
    "Corvinia",
    "Dashiell",
    "Eluned",
    "Farzaneh",
    "Gwendolyth",
    "Hadassah",
    "Ikenna",
    "Jovanka",
    "Kasimira",
    "Leocadia",
    "Mahmoudin",
    "Nkechinyere",
    "Oluwaseun",
    "Parmindra",
    "Quillon",
    "Rosamunde",
    "Siobhaine",
    "Tadeusz",
    "Uchenna",
    "Vashtine",
    "Wilhelmyna",
    "Xiadani",
    "Yevgenya",
    "Zubaidah",
    "Ambroisine",
    "Brychan",
    "Caoimhin",
    "Demelzah",
    "Ezekielle",
    "Fionnbharr",
    "Ghislaine",
    "Haruyoshi",
    "Ingveldur",
    "Jaskiratte",
];

pub const FAMILY_NAMES: [&str; 36] = [
    "Testerly",
    "Samplewhite",
    "Fictivo",
    "Examplovic",
    "Nobodiah",
    "Placeholde",
    "Inventadze",
    "Madeupson",
    "Dummyworth",
    "Pretendola",
    "Fabrikant",
    "Mockridge",
    "Specimensen",
    "Trialova",
    "Demonstrade",
    "Rehearsal-Okoro",
    "Notreally",
    "Imaginez",
    "Supposewicz",
    "Phantomley",
    "Makebelieve",
    "Storyteller",
    "Anyoneski",
    "Unrealdo",
    "Quasimoto",
    "Hypothetis",
    "Figmentini",
    "Patternoster",
    "Scenarius",
    "Theoretico",
    "Pseudonymm",
    "Blankenform",
    "Exemplarsson",
    "Guesswork",
    "Whatifoglu",
    "Draftmann",
];

/// Placement types (SSDA903): foster care with others and relatives, children's homes, supported accommodation.
pub const PLACEMENT_TYPES: [&str; 6] = ["U4", "U4", "U6", "U1", "K2", "H5"];
pub const LEGAL_STATUSES: [&str; 4] = ["C1", "C2", "V2", "E1"];
pub const SEXES: [&str; 6] = ["F", "M", "F", "M", "M", "X"];
pub const STREETS: [&str; 5] = ["Example Road", "Sample Street", "Specimen Lane", "Pattern Avenue", "Model Close"];

pub const SUMMARIES: [&str; 4] = [
    "Needs a calm home and a steady routine.",
    "Needs support with sleep, and time to settle.",
    "Has lived in several homes; needs one that lasts.",
    "Needs help to stay in touch with brothers and sisters.",
];
pub const FEELINGS: [&str; 4] = [
    "Anxious in new places; settles with one familiar adult.",
    "Low mood since the last move.",
    "Finds it hard to trust; therapy has helped.",
    "Well at present; watchful after contact.",
];
pub const EDUCATION: [&str; 3] =
    ["Stays at the present school.", "A new school place is being sought.", "Has an education, health and care plan."];
pub const SUITABLE: [&str; 3] =
    ["Close to family.", "The carers have long experience.", "The only home that can take the siblings together."];
pub const REFERRAL_REASONS: [&str; 4] = [
    "Treatment under way has to go on.",
    "Low mood and poor sleep for a month.",
    "Self-harm was seen this week.",
    "Flashbacks and panic after the move.",
];
pub const PRIORITIES: [&str; 4] = ["routine", "urgent", "urgent", "emergency"];

#[cfg(test)]
mod tests {
    use super::{FAMILY_NAMES, GIVEN_NAMES, PLACES};
    use std::collections::BTreeSet;

    #[test]
    fn the_whole_region_is_there_and_nothing_is_there_twice() {
        let authorities: BTreeSet<_> = PLACES.iter().map(|place| place.authority).collect();
        let postcodes: BTreeSet<_> = PLACES.iter().map(|place| place.postcode).collect();
        assert_eq!((authorities.len(), postcodes.len()), (19, PLACES.len()));
        let names: BTreeSet<_> = GIVEN_NAMES.iter().chain(&FAMILY_NAMES).collect();
        assert_eq!(names.len(), GIVEN_NAMES.len() + FAMILY_NAMES.len());
    }
}
