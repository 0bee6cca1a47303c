//! What each kind of recipient may know: the least that it needs (rule 14). One function per kind of message.
//!
//! Area authority: everything, with the care plan. Commissioner: child, placement, health needs; no care plan. CAMHS: clinical
//! need and contacts. Reclaim: opaque id, codes, service line, dates, units, amount. What is not built here cannot leave.

use super::origin::Originating;
use super::stays::{End, EndedBy, Stay};
use crate::code::Code;
use crate::delivery::Kind;
use crate::message::{CarePlan, Child, Contacts, Needs};
use crate::policy::{Policy, Stage};
use crate::timeline::{Placement, ReferralEvent, Request, Snapshot, Timeline};
use jiff::civil::Date;
use serde::Serialize;
use uuid::Uuid;

const WITHHELD: &str = "address withheld, contact the duty desk";

/// Why a stay concerns them: it decides what they may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    AreaAuthority,
    NewAreaCommissioner,
    FormerAreaCommissioner,
}

/// What one claim is made of.
pub(super) struct Claim<'a> {
    pub id: String,
    pub stage: Stage,
    pub event: &'a ReferralEvent,
    pub origin: Originating,
    pub responsible: Code,
    pub nhs_number: Option<&'a str>,
}

/// An arrival notice, as its role may see it.
pub(super) fn arrival(policy: &Policy, timeline: &Timeline, stay: &Stay<'_>, role: Role) -> String {
    let told = stay.told();
    let whole = role == Role::AreaAuthority;
    json(&Arrival {
        role,
        responsible_authority: timeline.authority,
        child: ChildView::of(&told.child, whole.then_some(timeline.local_id.as_str())),
        legal_status: whole.then_some(&told.legal_status),
        placement: PlacementView::of(policy, stay.subject, told),
        needs: told.needs.as_ref().map(|needs| if whole { NeedsView::whole(needs) } else { NeedsView::health(needs) }),
        contacts: whole.then_some(&told.contacts),
    })
}

/// An end notice: which stay ended, when and why.
pub(super) fn ending(policy: &Policy, timeline: &Timeline, stay: &Stay<'_>, end: End, role: Role) -> String {
    let told = stay.told();
    let facts = &stay.last.newest.facts;
    json(&Ending {
        role,
        responsible_authority: timeline.authority,
        child: ChildView::of(&told.child, (role == Role::AreaAuthority).then_some(timeline.local_id.as_str())),
        placement: EndedView {
            id: stay.subject,
            started_on: told.facts.started_on,
            ended_on: end.on,
            end_reason: facts.end_reason.as_deref().filter(|_| end.by == EndedBy::Placement),
            left_care: end.by == EndedBy::CarePeriod,
            local_authority: told.facts.local_authority.filter(|_| !is_restricted(policy, told)),
        },
    })
}

/// A referral: the clinical need, and whom to call. The reference comes back in every update.
pub(super) fn referral(policy: &Policy, timeline: &Timeline, id: &str, request: &Request, placement: &Placement) -> String {
    let told = placement.told();
    json(&ReferralView {
        referral: Asked {
            id,
            priority: &request.asked.priority,
            reason: &request.asked.reason,
            continues_treatment: request.asked.continues_treatment,
            current_provider: request.asked.current_provider,
            follows: request.asked.follows.as_deref(),
        },
        reference: Reference { id, responsible_authority: timeline.authority, child: &timeline.local_id },
        child: ChildView::of(&told.child, None),
        placement: StayView {
            started_on: told.facts.started_on,
            expected_end_on: told.facts.expected_end_on,
            local_authority: told.facts.local_authority.filter(|_| !is_restricted(policy, told)),
        },
        needs: request.needs.as_ref().or(told.needs.as_ref()).map(NeedsView::health),
        contacts: &request.contacts,
    })
}

/// A task for the responsible authority's worker: the provider refused, or has not answered.
pub(super) fn task(timeline: &Timeline, referral: &str, refusal: Option<&ReferralEvent>) -> String {
    json(&Task {
        task: if refusal.is_some() { "referral-refused" } else { "referral-not-answered" },
        reference: Reference { id: referral, responsible_authority: timeline.authority, child: &timeline.local_id },
        provider: refusal.map(|event| event.provider),
        refused_on: refusal.map(|event| event.occurred_on),
        reason: refusal.and_then(|event| event.reason.as_deref()),
    })
}

/// For the recipient of a notice that it has not acknowledged: which one. Nothing of the child: all of that is in the notice.
pub(super) fn reminder(timeline: &Timeline, notice: NoticeView) -> String {
    json(&Chase {
        task: "acknowledge-notice",
        responsible_authority: timeline.authority,
        notice,
        recipient: None,
        child: None,
        placement: None,
    })
}

/// For the responsible authority: who has not acknowledged which notice, about which of its own children.
pub(super) fn escalation(timeline: &Timeline, notice: NoticeView, recipient: Code, placement: &str) -> String {
    json(&Chase {
        task: "notice-not-acknowledged",
        responsible_authority: timeline.authority,
        notice,
        recipient: Some(recipient),
        child: Some(&timeline.local_id),
        placement: Some(placement),
    })
}

/// A reclaim: nothing of the child but, where configured, the NHS number.
pub(super) fn reclaim(policy: &Policy, claim: &Claim<'_>) -> String {
    let tariff = policy.tariff_for(claim.stage, claim.event.occurred_on);
    json(&Reclaim {
        claim: &claim.id,
        stage: claim.stage.name(),
        service_line: tariff.map(|line| line.service_line.as_str()),
        service_date: claim.event.occurred_on,
        units: 1,
        unit: tariff.map(|line| line.unit.as_str()),
        amount_pence: tariff.map(|line| line.amount_pence),
        currency: "GBP",
        provider: claim.event.provider,
        originating_commissioner: claim.origin.code_at_entry,
        responsible_commissioner: claim.responsible,
        evidence: claim.origin.grade,
        nhs_number: claim.nhs_number,
    })
}

/// A withdrawal: what tells the one that is taken back from another authority's, all of which its recipient was told before.
pub(crate) fn withdrawal(timeline: &Timeline, kind: Kind, subject: &str) -> String {
    let responsible_authority = timeline.authority;
    match kind {
        Kind::ReferralWithdrawal => {
            json(&Revoked { reference: Reference { id: subject, responsible_authority, child: &timeline.local_id } })
        }
        Kind::NoticeWithdrawal => json(&Withdrawn { responsible_authority }),
        // A claim's id is nobody else's.
        _ => String::new(),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Arrival<'a> {
    role: Role,
    responsible_authority: Code,
    child: ChildView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    legal_status: Option<&'a String>,
    placement: PlacementView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<NeedsView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<&'a Contacts>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChildView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    local_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nhs_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nhs_number_status: Option<&'a str>,
    given_name: &'a str,
    family_name: &'a str,
    birth_date: Date,
    sex: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    gp_practice: Option<&'a str>,
}

impl<'a> ChildView<'a> {
    fn of(child: &'a Child, local_id: Option<&'a str>) -> Self {
        Self {
            local_id,
            nhs_number: child.nhs_number.as_deref(),
            nhs_number_status: child.nhs_number_status.as_deref(),
            given_name: &child.given_name,
            family_name: &child.family_name,
            birth_date: child.birth_date,
            sex: &child.sex,
            gp_practice: child.gp_practice.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlacementView<'a> {
    id: &'a str,
    started_on: Date,
    planned: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_end_on: Option<Date>,
    #[serde(rename = "type")]
    placement_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    address: Address<'a>,
}

/// Withheld: nothing that would lead to the door, the postcode least of all (reg 13(3) and protected addresses).
#[derive(Serialize)]
#[serde(rename_all = "camelCase", untagged)]
enum Address<'a> {
    Withheld {
        withheld: &'static str,
    },
    #[serde(rename_all = "camelCase")]
    Known {
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        lines: &'a [String],
        #[serde(skip_serializing_if = "Option::is_none")]
        postcode: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        local_authority: Option<Code>,
        #[serde(skip_serializing_if = "Option::is_none")]
        carer: Option<&'a str>,
    },
}

impl<'a> PlacementView<'a> {
    fn of(policy: &Policy, id: &'a str, told: &'a Snapshot) -> Self {
        let facts = &told.facts;
        let address = if is_restricted(policy, told) {
            Address::Withheld { withheld: WITHHELD }
        } else {
            Address::Known {
                lines: &facts.address_lines,
                postcode: facts.postcode.as_deref(),
                local_authority: facts.local_authority,
                carer: facts.carer.as_deref(),
            }
        };
        Self {
            id,
            started_on: facts.started_on,
            planned: facts.planned,
            expected_end_on: facts.expected_end_on,
            placement_type: &facts.placement_type,
            provider: facts.provider.as_deref(),
            address,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NeedsView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emotional_health: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdq_score: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    education: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why_suitable: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    care_plan: Option<&'a CarePlan>,
}

impl<'a> NeedsView<'a> {
    fn health(needs: &'a Needs) -> Self {
        Self {
            summary: needs.summary.as_deref(),
            emotional_health: needs.emotional_health.as_deref(),
            sdq_score: needs.sdq_score,
            education: None,
            why_suitable: None,
            care_plan: None,
        }
    }

    fn whole(needs: &'a Needs) -> Self {
        Self {
            education: needs.education.as_deref(),
            why_suitable: needs.why_suitable.as_deref(),
            care_plan: needs.care_plan.as_ref(),
            ..Self::health(needs)
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ending<'a> {
    role: Role,
    responsible_authority: Code,
    child: ChildView<'a>,
    placement: EndedView<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndedView<'a> {
    id: &'a str,
    started_on: Date,
    ended_on: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_reason: Option<&'a str>,
    left_care: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_authority: Option<Code>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReferralView<'a> {
    referral: Asked<'a>,
    reference: Reference<'a>,
    child: ChildView<'a>,
    placement: StayView,
    #[serde(skip_serializing_if = "Option::is_none")]
    needs: Option<NeedsView<'a>>,
    contacts: &'a Contacts,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Asked<'a> {
    id: &'a str,
    priority: &'a str,
    reason: &'a str,
    continues_treatment: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_provider: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    follows: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    id: &'a str,
    responsible_authority: Code,
    child: &'a str,
}

#[derive(Serialize)]
struct Revoked<'a> {
    reference: Reference<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Withdrawn {
    responsible_authority: Code,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StayView {
    started_on: Date,
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_end_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_authority: Option<Code>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Task<'a> {
    task: &'static str,
    reference: Reference<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_on: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Chase<'a> {
    task: &'static str,
    responsible_authority: Code,
    notice: NoticeView,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    child: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    placement: Option<&'a str>,
}

/// A notice that was sent, as its recipient knows it: `id` and `sequence` of its envelope.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NoticeView {
    pub id: Uuid,
    pub kind: Kind,
    pub sequence: u32,
    pub issued_on: Date,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reclaim<'a> {
    claim: &'a str,
    stage: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_line: Option<&'a str>,
    service_date: Date,
    units: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_pence: Option<u64>,
    currency: &'static str,
    provider: Code,
    originating_commissioner: Code,
    responsible_commissioner: Code,
    evidence: super::Grade,
    #[serde(skip_serializing_if = "Option::is_none")]
    nhs_number: Option<&'a str>,
}

fn is_restricted(policy: &Policy, told: &Snapshot) -> bool {
    why_restricted(policy, told).is_some()
}

/// Why the address stays here; none where it goes out.
pub(super) fn why_restricted(policy: &Policy, told: &Snapshot) -> Option<&'static str> {
    let placement_type = &told.facts.placement_type;
    if told.facts.address_withheld {
        Some("the authority withholds the address")
    } else if policy.secure_types.contains(placement_type) {
        Some("it is a secure home or youth custody")
    } else if policy.withheld_types.contains(placement_type) {
        Some("it is an adoptive placement")
    } else {
        None
    }
}

/// These structs hold strings, numbers and dates: serialising them cannot fail.
fn json(view: &impl Serialize) -> String {
    serde_json::to_string(view).unwrap_or_default()
}
