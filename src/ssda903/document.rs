//! A placement change from an episode, its care period, and what the return lacks.

use super::chain::Period;
use super::episode::Episode;
use super::extra::{ChildExtra, PlacementExtra};
use domain::Code;
use domain::message::{CarePeriodFacts, Child, Header, Needs, Origin, PlacementChange, PlacementFacts, PlacementStatus};
use jiff::Timestamp;
use jiff::civil::Date;

/// Who the child is, from the header and the extra file.
pub fn child(local_id: &str, sex: &str, birth_date: Date, extra: &ChildExtra, names: (&str, &str)) -> Child {
    Child {
        local_id: local_id.to_owned(),
        nhs_number: extra.nhs_number.clone(),
        nhs_number_status: extra.nhs_number_status.clone(),
        given_name: names.0.to_owned(),
        family_name: names.1.to_owned(),
        birth_date,
        sex: sex.to_owned(),
        gp_practice: extra.gp_practice.clone(),
        sibling_group: extra.sibling_group.clone(),
    }
}

/// How the contract writes what a return writes as 1, 2, M, F or U.
pub fn sex(code: &str) -> &'static str {
    match code {
        "1" | "M" => "M",
        "2" | "F" => "F",
        _ => "U",
    }
}

/// Where the child lived before the care period: the return's home postcode, and better evidence from the extra file.
pub fn origin(home: Option<&String>, evidence: Option<&PlacementExtra>) -> Option<Origin> {
    let origin = Origin {
        gp_practice: evidence.and_then(|extra| extra.gp_at_entry.clone()),
        commissioner: evidence.and_then(|extra| extra.commissioner_at_entry),
        home_postcode: home.cloned(),
    };
    (origin != Origin::default()).then_some(origin)
}

/// What is said of a placement, the nearer source first.
pub fn merged(sources: &[Option<&PlacementExtra>]) -> PlacementExtra {
    let sources: Vec<_> = sources.iter().flatten().collect();
    let first = |of: &dyn Fn(&PlacementExtra) -> bool| sources.iter().find(|one| of(one));
    PlacementExtra {
        care_started_on: first(&|one| one.care_started_on.is_some()).and_then(|one| one.care_started_on),
        gp_at_entry: first(&|one| one.gp_at_entry.is_some()).and_then(|one| one.gp_at_entry.clone()),
        commissioner_at_entry: first(&|one| one.commissioner_at_entry.is_some()).and_then(|one| one.commissioner_at_entry),
        planned: first(&|one| one.planned.is_some()).and_then(|one| one.planned),
        expected_end_on: first(&|one| one.expected_end_on.is_some()).and_then(|one| one.expected_end_on),
        local_authority: first(&|one| one.local_authority.is_some()).and_then(|one| one.local_authority),
        address_withheld: first(&|one| one.address_withheld.is_some()).and_then(|one| one.address_withheld),
        carer: first(&|one| one.carer.is_some()).and_then(|one| one.carer.clone()),
        care_plan: first(&|one| one.care_plan.is_some()).and_then(|one| one.care_plan.clone()),
    }
}

/// The whole document, in version 1 and without an id or a time: both belong to its publication.
pub fn change(
    publisher: Code,
    child: &Child,
    period: (&Period, Option<&Origin>),
    episode: &Episode,
    planned: bool,
    extra: &PlacementExtra,
) -> PlacementChange {
    let (period, origin) = period;
    PlacementChange {
        header: Header { version: "1.0".to_owned(), message_id: String::new(), sent_at: Timestamp::UNIX_EPOCH, publisher },
        child: child.clone(),
        care_period: CarePeriodFacts {
            id: period.id.clone(),
            started_on: period.started_on,
            ended_on: period.ended.as_ref().map(|(on, _)| *on),
            end_reason: period.ended.as_ref().map(|(_, reason)| reason.clone()),
            legal_status: episode.legal_status.clone(),
            origin: origin.cloned(),
        },
        placement: PlacementFacts {
            id: episode.id.clone(),
            version: 1,
            status: PlacementStatus::Active,
            started_on: episode.started_on,
            ended_on: episode.end.day(),
            end_reason: episode.end.reason().map(str::to_owned),
            reason_for_change: episode.reason.clone().unwrap_or_default(),
            placement_type: episode.place.clone(),
            provider: episode.provider.clone(),
            planned,
            expected_end_on: extra.expected_end_on,
            postcode: episode.postcode.clone(),
            local_authority: extra.local_authority.or(episode.area),
            address_withheld: extra.address_withheld.unwrap_or(episode.withheld),
            address_lines: Vec::new(),
            carer: extra.carer.clone(),
        },
        needs: extra.care_plan.clone().map(|plan| Needs { care_plan: Some(plan), ..Needs::default() }),
        referral: None,
        contacts: domain::message::Contacts::default(),
    }
}
