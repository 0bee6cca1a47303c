//! Reclaims: the provider's cost, asked back from the originating commissioner in two stages.
//!
//! A reclaim follows the care; nothing about it reaches back to a referral.

use super::referral::is_revoked;
use super::view::{self, Claim};
use super::{Desk, Required, eighteenth_birthday};
use crate::claim::Claimed;
use crate::code::Code;
use crate::delivery::{Basis, HoldReason, Kind};
use crate::directory::Country;
use crate::policy::Stage;
use crate::rules::{Rule, Verdict};
use crate::timeline::{CarePeriod, Placement, Referral, ReferralEvent, Ruling};
use sha2::{Digest, Sha256};

impl<'a> Desk<'a> {
    pub(super) fn reclaims(&mut self, referral_id: &str, referral: &'a Referral) {
        let Some(request) = &referral.request else { return };
        let Some(asked_in) = self.placement_of(request) else { return };
        if is_revoked(asked_in, request) {
            return;
        }
        for stage in [Stage::Assessment, Stage::Treatment] {
            let trigger = match stage {
                Stage::Assessment => self.policy.assessment_trigger,
                Stage::Treatment => self.policy.treatment_trigger,
            };
            match referral.latest(trigger) {
                Some(event) => self.reclaim(referral_id, asked_in, stage, event),
                None => self.note(Rule::Reclaim, referral_id, Verdict::Waits, |_| {
                    format!("{}: nothing is due until the provider reports it", stage.name())
                }),
            }
        }
    }

    fn reclaim(&mut self, referral_id: &str, asked_in: &'a Placement, stage: Stage, event: &'a ReferralEvent) {
        let timeline = self.timeline;
        let Some(period) = timeline.care_periods.get(&asked_in.newest.care_period) else { return };
        let id = claim_id(&self.policy.claim_key, timeline.authority, &timeline.local_id, referral_id, stage);
        let placement = self.placement_on(event.occurred_on).unwrap_or(asked_in);
        let told = placement.told();
        if event.occurred_on >= eighteenth_birthday(told.child.birth_date) {
            // Only a person can say that it is claimed all the same.
            match timeline.decided("adult-service-date", &id) {
                Some(Ruling::Proceed) => {}
                Some(_) => {
                    return self.note(Rule::Reclaim, &id, Verdict::DoesNotApply, |_| {
                        "the service was given after the 18th birthday, and a person decided that it is not claimed".to_owned()
                    });
                }
                None => return self.claim_review("adult-service-date", &id, "the service was given after the 18th birthday", event),
            }
        }
        // A care period without an origin is already a question of its own.
        let Ok(origin) = self.originating(period) else { return };
        let home = CarePeriod::earliest(&period.home_postcode).map(String::as_str);
        let recorded_on = self.policy.day(event.recorded_at);
        let responsible = self.directory.responsible_for(origin.code_at_entry, home, recorded_on);
        let Some(responsible) = self.commissioner_or_ask(&id, responsible, recorded_on) else { return };
        let here = self.directory.locate(self.place_of(&told.facts.id, told), event.occurred_on);
        let then = self.directory.responsible_for(origin.code_at_entry, home, event.occurred_on).map(|commissioner| commissioner.body);
        if let (Ok(current), Ok(then)) = (&here.commissioner, &then)
            && current.body == *then
        {
            return self.unclaimed(&id, "the originating and the current commissioner are the same body");
        }
        let words = self.words(&id, responsible.body, home);
        if self.is_given_up(&id, &words) {
            return self.unclaimed(&id, "the commissioner did not agree, and a person withdrew the claim");
        }
        let mut hold = self.reason_to_hold(here.country, &told.facts.placement_type);
        if let Some(why) = hold {
            match timeline.decided("held-reclaim", &id) {
                Some(Ruling::Decline) => return self.unclaimed(&id, "a person decided that this is not reclaimed"),
                Some(_) => hold = None,
                None => self.claim_review("held-reclaim", &id, why, event),
            }
        }
        if hold.is_none() {
            self.ask_about(&id, &words);
            self.note(Rule::Reclaim, &id, Verdict::Applies, |_| {
                format!(
                    "{} on {}: claimed from {} for {}, where the child lived before care",
                    stage.name(),
                    event.occurred_on,
                    responsible.body,
                    origin.code_at_entry
                )
            });
        }
        self.owed.claims.push(words.of(Claimed {
            id: id.clone(),
            stage,
            commissioner: responsible.body,
            place: responsible.place,
            provider: event.provider,
            service_on: event.occurred_on,
            amount_pence: self.policy.tariff_for(stage, event.occurred_on).map(|line| line.amount_pence),
            held: hold.is_some(),
            word: None,
            answered_pence: None,
            recorded_on,
        }));
        let nhs_number = told.child.nhs_number.as_deref().filter(|_| self.policy.reclaim_nhs_number);
        let claim = Claim { id, stage, event, origin, responsible: responsible.body, nhs_number };
        self.owed.obligations.push(Required {
            kind: Kind::ReclaimRequest,
            recipient: responsible.body,
            place: responsible.place,
            due_on: Some(self.directory.calendar.add(recorded_on, self.policy.reclaim_working_days)),
            basis: Basis::Reclaim,
            hold: hold.map(|_| HoldReason::Review),
            content: view::reclaim(self.policy, &claim),
            subject: claim.id,
        });
    }

    fn reason_to_hold(&self, country: Country, placement_type: &str) -> Option<&'static str> {
        if self.policy.secure_types.iter().any(|secure| secure == placement_type) {
            return Some("the child is in a secure home or youth custody: a person decides whether this is reclaimed");
        }
        match country {
            Country::Scotland | Country::NorthernIreland | Country::Elsewhere => {
                Some("the child lives outside England and Wales: a person decides whether this is reclaimed")
            }
            Country::England | Country::Wales | Country::Unknown => None,
        }
    }

    fn unclaimed(&mut self, claim: &str, why: &'static str) {
        self.suppress(Kind::ReclaimRequest, claim, why);
        self.note(Rule::Reclaim, claim, Verdict::DoesNotApply, |_| why.to_owned());
    }

    fn claim_review(&mut self, reason: &'static str, claim: &str, why: &str, event: &ReferralEvent) {
        self.note(Rule::Reclaim, claim, Verdict::AsksAPerson, |_| why.to_owned());
        let since = self.policy.day(event.recorded_at);
        self.ask(reason, claim, why.to_owned(), Vec::new(), since);
    }
}

/// An opaque claim id: a keyed digest of what the claim is about, so that the same claim always has the same id and nobody
/// without the key can tell whose it is.
#[must_use]
pub fn claim_id(key: &[u8; 32], authority: Code, child: &str, referral: &str, stage: Stage) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let mut digest = Sha256::new_with_prefix(key);
    for part in [authority.as_str(), child, referral, stage.name()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    let digest = digest.finalize();
    let letters = digest.iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte % 32)]));
    std::iter::once("CLM-".to_owned()).chain(letters.map(String::from)).collect()
}
