//! Children and messages.

use super::{number, uuid};
use crate::books::{Books, ChildWrite};
use crate::fault::Fault;
use crate::session::Session;
use domain::Code;
use domain::ledger::columns::{hash, micros};
use domain::port::ChildKey;
use uuid::Uuid;

const UPDATE_CHILDREN: &str = "UPDATE children c SET version = x.version, wake_at = x.wake_at, casefile = x.casefile
    FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[]) AS x (key, version, wake_at, casefile) WHERE c.key = x.key";
const INSERT_CHILDREN: &str = "INSERT INTO children (key, version, wake_at, casefile)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bytea[])";
const INSERT_MESSAGES: &str = "INSERT INTO messages (id, hash, publisher, message_id, written_hash, written_id, child, issued, type, verdict, intake,
        received_at, recorded_at, digest, content_type, traceparent, receipt, envelope, sender)
    SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::uuid[], $8::bigint[], $9::text[], $10::text[],
        $11::text[], $12::bigint[], $13::bigint[], $14::bytea[], $15::text[], $16::text[], $17::text[], $18::bytea[], $19::text[])";

impl Books {
    pub(super) async fn write_children(&self, session: &Session) -> Result<(), Fault> {
        for (is_new, sql) in [(false, UPDATE_CHILDREN), (true, INSERT_CHILDREN)] {
            let mut changed: Vec<(&ChildKey, i64, &ChildWrite)> = self
                .children
                .iter()
                .filter(|(_, child)| child.is_new == is_new)
                .filter_map(|(key, child)| Some((key, child.version, child.update.as_ref()?)))
                .collect();
            if changed.is_empty() {
                continue;
            }
            changed.sort_unstable_by_key(|(key, ..)| **key);
            let keys: Vec<Uuid> = changed.iter().map(|(key, ..)| uuid(**key)).collect();
            let versions: Vec<i64> = changed.iter().map(|(_, version, _)| *version).collect();
            let wakes: Vec<Option<i64>> = changed.iter().map(|(.., update)| update.wake_at).collect();
            let casefiles: Vec<&[u8]> = changed.iter().map(|(.., update)| update.casefile.as_slice()).collect();
            session.run(sql, &[&keys, &versions, &wakes, &casefiles]).await?;
        }
        Ok(())
    }

    pub(super) async fn insert_messages(&self, session: &Session) -> Result<(), Fault> {
        let mut new: Vec<_> =
            self.written.messages.iter().map(|(row, child, issued)| (hash(&row.key.message_id), row, child, *issued)).collect();
        if new.is_empty() {
            return Ok(());
        }
        // In the order of the unique index, so that two hubs with the same messages wait for each other in one order.
        new.sort_by_key(|(hash, ..)| *hash);
        let rows = || new.iter().map(|(_, row, ..)| *row);
        let ids: Vec<Uuid> = rows().map(|row| row.id).collect();
        let hashes: Vec<i64> = new.iter().map(|(hash, ..)| *hash).collect();
        let publishers: Vec<&str> = rows().map(|row| row.key.publisher.as_str()).collect();
        let keys: Vec<&str> = rows().map(|row| row.key.message_id.as_str()).collect();
        let written_hashes: Vec<Option<i64>> = rows().map(|row| row.written_id.as_deref().map(hash)).collect();
        let written: Vec<Option<&str>> = rows().map(|row| row.written_id.as_deref()).collect();
        let children: Vec<Option<Uuid>> = new.iter().map(|(_, _, child, _)| child.map(uuid)).collect();
        let issued: Vec<i64> = new.iter().map(|(.., issued)| number(*issued as u64)).collect();
        let types: Vec<&str> = rows().map(|row| row.message_type).collect();
        let verdicts: Vec<&str> = rows().map(|row| row.verdict).collect();
        let intakes: Vec<&str> = rows().map(|row| row.intake).collect();
        let received: Vec<i64> = rows().map(|row| micros(row.received_at)).collect();
        let recorded: Vec<i64> = rows().map(|row| micros(row.recorded_at)).collect();
        let digests: Vec<&[u8]> = rows().map(|row| row.digest.as_slice()).collect();
        let content_types: Vec<&str> = rows().map(|row| row.content_type.as_str()).collect();
        let traces: Vec<Option<&str>> = rows().map(|row| row.traceparent.as_deref()).collect();
        let receipts: Vec<&str> = rows().map(|row| row.receipt.as_str()).collect();
        let senders: Vec<Option<&str>> = rows().map(|row| row.sender.as_ref().map(Code::as_str)).collect();
        let envelopes: Vec<&[u8]> = rows().map(|row| row.envelope.as_slice()).collect();
        session
            .run(
                INSERT_MESSAGES,
                &[
                    &ids,
                    &hashes,
                    &publishers,
                    &keys,
                    &written_hashes,
                    &written,
                    &children,
                    &issued,
                    &types,
                    &verdicts,
                    &intakes,
                    &received,
                    &recorded,
                    &digests,
                    &content_types,
                    &traces,
                    &receipts,
                    &envelopes,
                    &senders,
                ],
            )
            .await
            .map(drop)
    }
}
