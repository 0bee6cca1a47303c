//! From the ledger's record of a child to the statement about one placement.

use super::statement::{self, About, Acknowledgement, Attempt, Delivery, KnownBy, Message, Organisation, Statement, Timeliness};
use crate::journey::{SEAL_CASEFILE, SEAL_PAYLOAD};
use crate::keys::{KeyError, Keys};
use domain::Code;
use domain::casefile::Casefile;
use domain::deadline::{Clock, clock};
use domain::delivery::{DeliveryState, Kind, ObligationState};
use domain::directory::Directory;
use domain::hex::hex;
use domain::port::{DeliveryHistory, History, MessageNote};
use domain::reconcile::Issued;
use domain::timeline::{Cause, Placement, Timeline};
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil::Date};
use ring::digest::{SHA256, digest};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// Who certifies, and when.
pub struct Issuer<'a> {
    pub keys: &'a Keys,
    /// For the names of organisations.
    pub directory: &'a Directory,
    /// The hub's own name, as in its envelopes.
    pub source: &'a str,
    /// Where days are days.
    pub time_zone: &'a TimeZone,
    pub now: Timestamp,
}

/// Why nothing is certified.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error(
        "the ledger knows no placement with this id{}; give the id as its message wrote it (`trace` shows what another id is)",
        authority.map_or_else(String::new, |code| format!(" of {code}"))
    )]
    NoPlacement { authority: Option<Code> },
    #[error(
        "{count} children have a placement with this id, of {}: say whose with --authority; one certificate is about one child",
        authorities.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ")
    )]
    Several { count: usize, authorities: BTreeSet<Code> },
    #[error(
        "{count} children of {authority} have a placement with this id: the hub cannot tell which one is meant, so it certifies neither"
    )]
    Ambiguous { count: usize, authority: Code },
    #[error("the ledger's record is not whole: {0}; run `doctor`. A certificate that leaves something out would mislead")]
    NotWhole(&'static str),
    #[error("the ledger's content does not open")]
    Sealed(#[from] KeyError),
    #[error("a casefile in the ledger cannot be read; it was written by a newer version, or is damaged")]
    Casefile(#[from] serde_json::Error),
}

/// States everything that was issued about `placement`, and about the referrals that came with it. `histories` are the
/// children that its id may belong to; where it belongs to several, `authority` says whose is meant.
///
/// # Errors
/// Where no child or more than one is meant, or the record cannot be opened or is not whole.
pub fn draw_up(
    issuer: &Issuer<'_>,
    histories: &[History],
    placement: &str,
    authority: Option<Code>,
) -> Result<Statement, CertificateError> {
    let (history, casefile) = choose(issuer.keys, histories, placement, authority)?;
    let timeline = &casefile.timeline;
    let mut known: HashMap<Uuid, &DeliveryHistory> = history.deliveries.iter().map(|one| (one.row.obligation, one)).collect();
    let mut deliveries = Vec::new();
    for issued in &casefile.issued {
        let Some(about) = about(issued, placement, timeline) else { continue };
        let recorded = known.remove(&issued.id).ok_or(CertificateError::NotWhole("something was issued and has no delivery"))?;
        let supersedes = issued.supersedes.and_then(|id| casefile.issued.iter().find(|one| one.id == id)).map(|one| one.sequence);
        deliveries.push(issuer.delivery(recorded, about, supersedes)?);
    }
    let versions = &timeline.placements[placement];
    Ok(Statement {
        version: statement::VERSION.to_owned(),
        issued_at: issuer.now,
        source: issuer.source.to_owned(),
        time_zone: issuer.time_zone.iana_name().unwrap_or("UTC").to_owned(),
        placement: placement.to_owned(),
        responsible_authority: issuer.organisation(timeline.authority),
        messages: issuer.messages(history, versions, timeline.authority, &deliveries)?,
        deliveries,
    })
}

/// The one child whose placement is meant.
fn choose<'a>(
    keys: &Keys,
    histories: &'a [History],
    placement: &str,
    authority: Option<Code>,
) -> Result<(&'a History, Casefile), CertificateError> {
    let mut found = Vec::new();
    for history in histories.iter().filter(|history| history.child.version > 0) {
        let casefile = Casefile::from_json(&keys.open(SEAL_CASEFILE, &history.child.casefile)?)?;
        // The id may also be that of a child, a referral or a claim.
        let asked = authority.is_none_or(|code| code == casefile.timeline.authority);
        if asked && casefile.timeline.placements.contains_key(placement) {
            found.push((history, casefile));
        }
    }
    let authorities: BTreeSet<Code> = found.iter().map(|(_, casefile)| casefile.timeline.authority).collect();
    let count = found.len();
    match (found.pop(), authorities.first()) {
        (Some(one), _) if count == 1 => Ok(one),
        (_, Some(authority)) if authorities.len() == 1 => Err(CertificateError::Ambiguous { count, authority: *authority }),
        (Some(_), _) => Err(CertificateError::Several { count, authorities }),
        (None, _) => Err(CertificateError::NoPlacement { authority }),
    }
}

/// None where it is about something else: another placement, a reclaim, a referral that came by itself.
fn about(issued: &Issued, placement: &str, timeline: &Timeline) -> Option<About> {
    if issued.base == Kind::Referral {
        let request = timeline.referrals.get(&issued.subject)?.request.as_ref()?;
        let with_it = matches!(&request.cause, Cause::Move { placement: its } if its == placement);
        return with_it.then_some(About::Referral);
    }
    let notice = matches!(issued.base, Kind::ArrivalNotice | Kind::EndNotice);
    (notice && issued.subject == placement).then_some(About::Placement)
}

impl Issuer<'_> {
    fn delivery(&self, recorded: &DeliveryHistory, about: About, supersedes: Option<u32>) -> Result<Delivery, CertificateError> {
        let row = &recorded.row;
        let envelope = self.keys.open(SEAL_PAYLOAD, &recorded.payload)?;
        let delivered = delivered(recorded);
        Ok(Delivery {
            id: row.id,
            obligation: row.obligation,
            about,
            kind: row.kind,
            recipient: self.organisation(row.recipient),
            place: row.place.map(|code| self.organisation(code)),
            basis: recorded.basis.clone(),
            sequence: recorded.sequence,
            supersedes,
            due_by: row.due_on,
            timeliness: self.timeliness(row.due_on, delivered.map(|(at, _)| at), recorded.obligation_state),
            breached_at: recorded.breached_at,
            standing: recorded.obligation_state,
            state: row.state,
            // Only the reason's name: what stands behind it is somebody's own words.
            held_for: held_for(row.state, row.reason.as_deref()),
            caused_by: recorded.message,
            recorded_at: row.recorded_at,
            accepted_at: ended(recorded, "accepted"),
            delivered_at: delivered.map(|(at, _)| at),
            delivery_known_by: delivered.map(|(_, by)| by),
            envelope_sha256: hex(digest(&SHA256, &envelope).as_ref()),
            // Without what the far end said: nobody vouches for its words, and they are not needed.
            attempts: recorded
                .attempts
                .iter()
                .map(|one| Attempt {
                    started_at: one.started_at,
                    ended_at: one.ended_at,
                    rail: one.adapter.clone(),
                    outcome: one.outcome.clone(),
                    status: one.status,
                })
                .collect(),
            acknowledgements: recorded
                .acknowledgements
                .iter()
                .map(|one| Acknowledgement { by: self.organisation(one.by), status: one.status.clone(), at: one.at })
                .collect(),
        })
    }

    fn timeliness(&self, due_by: Option<Date>, delivered_at: Option<Timestamp>, standing: ObligationState) -> Timeliness {
        let day = |at: Timestamp| self.time_zone.to_datetime(at).date();
        let Some(due_by) = due_by else { return Timeliness::NoDueDay };
        if delivered_at.is_none() && standing == ObligationState::Retracted {
            return Timeliness::TakenBack;
        }
        match clock(due_by, delivered_at.map(day), day(self.now), &self.directory.calendar) {
            Clock::Met => Timeliness::InTime,
            Clock::Late => Timeliness::Late,
            Clock::OnTime | Clock::AtRisk => Timeliness::Open,
            Clock::Overdue => Timeliness::Overdue,
        }
    }

    /// A move that was parked is told of because of another message than its own: both are named.
    fn messages(
        &self,
        history: &History,
        placement: &Placement,
        authority: Code,
        deliveries: &[Delivery],
    ) -> Result<Vec<Message>, CertificateError> {
        let causes: BTreeSet<Uuid> = deliveries.iter().filter_map(|delivery| delivery.caused_by).collect();
        let own: BTreeSet<&str> = placement.versions.iter().map(|version| version.stamp.message_id.as_str()).collect();
        let wanted = |note: &&MessageNote| {
            causes.contains(&note.id) || (note.key.publisher == authority && own.contains(note.key.message_id.as_str()))
        };
        let messages: Vec<Message> = history.messages.iter().filter(wanted).map(|note| self.message(note)).collect();
        let named: BTreeSet<Uuid> = messages.iter().map(|message| message.id).collect();
        if !causes.is_subset(&named) {
            return Err(CertificateError::NotWhole("a delivery names a message that is not there"));
        }
        Ok(messages)
    }

    fn message(&self, note: &MessageNote) -> Message {
        Message {
            id: note.id,
            publisher: self.organisation(note.key.publisher),
            message_id: note.key.message_id.clone(),
            message_type: note.message_type.clone(),
            verdict: note.verdict.clone(),
            sha256: hex(&note.digest),
            received_at: note.received_at,
            recorded_at: note.recorded_at,
        }
    }

    fn organisation(&self, code: Code) -> Organisation {
        Organisation { code, name: self.directory.organisation(code).map(|known| known.name.clone()) }
    }
}

/// When it was delivered for all that the hub knows, and by what: the answer of the recipient's system before all else.
fn delivered(recorded: &DeliveryHistory) -> Option<(Timestamp, KnownBy)> {
    if let Some(at) = ended(recorded, "delivered") {
        return Some((at, KnownBy::Answer));
    }
    match recorded.row.state {
        DeliveryState::Delivered => recorded.row.settled_at.map(|at| (at, KnownBy::Collection)),
        DeliveryState::Acknowledged => {
            recorded.acknowledgements.iter().map(|one| (one.at, KnownBy::Acknowledgement)).min_by_key(|(at, _)| *at)
        }
        _ => None,
    }
}

/// When the first attempt with this outcome ended.
fn ended(recorded: &DeliveryHistory, outcome: &str) -> Option<Timestamp> {
    recorded.attempts.iter().find(|attempt| attempt.outcome == outcome).map(|attempt| attempt.ended_at)
}

fn held_for(state: DeliveryState, reason: Option<&str>) -> Option<domain::delivery::HoldReason> {
    let name = reason.filter(|_| state == DeliveryState::Held)?.split(':').next()?;
    name.parse().ok()
}
