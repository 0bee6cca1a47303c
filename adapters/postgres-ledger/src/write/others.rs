//! What most groups have little or nothing of: acknowledgements, aliases, what was not sent, operators' actions, claims.

use super::{Written, number, uuid};
use crate::books::Books;
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::ledger::columns::{claim_number, day, micros, stage_number};
use domain::port::ClaimRow;
use uuid::Uuid;

const INSERT_ACKNOWLEDGEMENTS: &str =
    "INSERT INTO acknowledgements (delivery, by_code, status, at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])";
const INSERT_ALIASES: &str = "INSERT INTO aliases (alias, child) SELECT * FROM unnest($1::uuid[], $2::uuid[]) ON CONFLICT DO NOTHING";
const INSERT_SUPPRESSED: &str =
    "INSERT INTO suppressed (child, message, at, text) SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::text[])";
const WRITE_CLAIMS: &str = "INSERT INTO claims (id, stage, commissioner, place, provider, service_on, amount_pence, answered_pence, state, open, claimed_on, since)
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::boolean[],
        $11::bigint[], $12::bigint[])
    ON CONFLICT (id) DO UPDATE SET stage = excluded.stage, commissioner = excluded.commissioner, place = excluded.place, provider = excluded.provider,
        service_on = excluded.service_on, amount_pence = excluded.amount_pence, answered_pence = excluded.answered_pence, state = excluded.state,
        open = excluded.open, claimed_on = excluded.claimed_on, since = excluded.since";
const INSERT_ACTIONS: &str =
    "INSERT INTO operator_actions (delivery, action, reason, at) SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])";

impl Books {
    /// What most groups have none of.
    pub(super) async fn insert_small(&self, session: &Session) -> Result<(), Fault> {
        let Written { acknowledgements, aliases, suppressed, actions, .. } = &self.written;
        if !acknowledgements.is_empty() {
            let ids: Vec<Uuid> = acknowledgements.iter().map(|one| one.delivery).collect();
            let by: Vec<&str> = acknowledgements.iter().map(|one| one.by.as_str()).collect();
            let statuses: Vec<&str> = acknowledgements.iter().map(|one| one.status).collect();
            let at: Vec<i64> = acknowledgements.iter().map(|one| micros(one.at)).collect();
            session.run(INSERT_ACKNOWLEDGEMENTS, &[&ids, &by, &statuses, &at]).await?;
        }
        if !aliases.is_empty() {
            let keys: Vec<Uuid> = aliases.iter().map(|(alias, _)| Uuid::from_bytes(alias.0)).collect();
            let children: Vec<Uuid> = aliases.iter().map(|(_, child)| uuid(*child)).collect();
            session.run(INSERT_ALIASES, &[&keys, &children]).await?;
        }
        if !suppressed.is_empty() {
            let children: Vec<Uuid> = suppressed.iter().map(|(child, ..)| uuid(*child)).collect();
            let messages: Vec<Option<Uuid>> = suppressed.iter().map(|(_, message, ..)| *message).collect();
            let at: Vec<i64> = suppressed.iter().map(|(_, _, at, _)| *at).collect();
            let texts: Vec<&str> = suppressed.iter().map(|(.., text)| text.as_str()).collect();
            session.run(INSERT_SUPPRESSED, &[&children, &messages, &at, &texts]).await?;
        }
        if !actions.is_empty() {
            let ids: Vec<Uuid> = actions.iter().map(|(id, ..)| *id).collect();
            let names: Vec<&str> = actions.iter().map(|(_, name, ..)| *name).collect();
            let reasons: Vec<&str> = actions.iter().map(|(_, _, reason, _)| reason.as_str()).collect();
            let at: Vec<i64> = actions.iter().map(|(.., at)| *at).collect();
            session.run(INSERT_ACTIONS, &[&ids, &names, &reasons, &at]).await?;
        }
        Ok(())
    }

    pub(super) async fn write_claims(&self, session: &Session) -> Result<(), Fault> {
        let claims: Vec<&ClaimRow> = self.written.claims.values().collect();
        if claims.is_empty() {
            return Ok(());
        }
        let ids: Vec<&str> = claims.iter().map(|claim| claim.id.as_str()).collect();
        let stages: Vec<i64> = claims.iter().map(|claim| stage_number(claim.stage)).collect();
        let commissioners: Vec<&str> = claims.iter().map(|claim| claim.commissioner.as_str()).collect();
        let places: Vec<Option<&str>> = claims.iter().map(|claim| claim.place.as_ref().map(Code::as_str)).collect();
        let providers: Vec<&str> = claims.iter().map(|claim| claim.provider.as_str()).collect();
        let service: Vec<i64> = claims.iter().map(|claim| day(claim.service_on)).collect();
        let amounts: Vec<Option<i64>> = claims.iter().map(|claim| claim.amount_pence.map(number)).collect();
        let answers: Vec<Option<i64>> = claims.iter().map(|claim| claim.answered_pence.map(number)).collect();
        let states: Vec<i64> = claims.iter().map(|claim| claim_number(claim.state)).collect();
        let open: Vec<bool> = claims.iter().map(|claim| claim.state.is_open()).collect();
        let claimed: Vec<i64> = claims.iter().map(|claim| day(claim.claimed_on)).collect();
        let since: Vec<i64> = claims.iter().map(|claim| day(claim.since)).collect();
        session
            .run(
                WRITE_CLAIMS,
                &[&ids, &stages, &commissioners, &places, &providers, &service, &amounts, &answers, &states, &open, &claimed, &since],
            )
            .await
            .map(drop)
    }
}
