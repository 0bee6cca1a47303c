//! Items for a person.

use super::uuid;
use crate::books::Books;
use crate::fault::Fault;
use crate::session::Session;
use domain::ledger::columns::day;
use domain::port::NewReview;
use uuid::Uuid;

const CLOSE_REVIEWS: &str = "UPDATE reviews r SET closed_at = x.at FROM unnest($1::uuid[], $2::uuid[], $3::bigint[]) AS x (child, key, at)
    WHERE r.child = x.child AND r.key = x.key AND r.closed_at IS NULL";
const RENEW_REVIEWS: &str = "UPDATE reviews r SET reason = x.reason, due_on = x.due_on, detail = x.detail
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[]) AS x (child, key, reason, due_on, detail)
    WHERE r.child = x.child AND r.key = x.key AND r.closed_at IS NULL";
const OPEN_REVIEWS: &str = "INSERT INTO reviews (child, key, reason, due_on, detail, opened_at, closed_at)
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[], $7::bigint[])";

impl Books {
    pub(super) async fn close_reviews(&self, session: &Session) -> Result<(), Fault> {
        let closed = &self.written.closed;
        if closed.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = closed.iter().map(|(child, ..)| uuid(*child)).collect();
        let keys: Vec<Uuid> = closed.iter().map(|(_, key, _)| Uuid::from_bytes(key.0)).collect();
        let at: Vec<i64> = closed.iter().map(|(.., at)| *at).collect();
        session.run(CLOSE_REVIEWS, &[&children, &keys, &at]).await.map(drop)
    }

    pub(super) async fn renew_reviews(&self, session: &Session) -> Result<(), Fault> {
        let renewed = &self.written.renewed;
        if renewed.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = renewed.keys().map(|(child, _)| uuid(*child)).collect();
        let columns = ReviewColumns::of(renewed.values());
        session.run(RENEW_REVIEWS, &[&children, &columns.keys, &columns.reasons, &columns.due, &columns.details]).await.map(drop)
    }

    pub(super) async fn open_reviews(&self, session: &Session) -> Result<(), Fault> {
        let opened = &self.written.opened;
        if opened.is_empty() {
            return Ok(());
        }
        let children: Vec<Uuid> = opened.iter().map(|one| uuid(one.child)).collect();
        let columns = ReviewColumns::of(opened.iter().map(|one| &one.review));
        let at: Vec<i64> = opened.iter().map(|one| one.at).collect();
        let closed: Vec<Option<i64>> = opened.iter().map(|one| one.closed_at).collect();
        session
            .run(OPEN_REVIEWS, &[&children, &columns.keys, &columns.reasons, &columns.due, &columns.details, &at, &closed])
            .await
            .map(drop)
    }
}

/// Review items as columns.
struct ReviewColumns<'a> {
    keys: Vec<Uuid>,
    reasons: Vec<&'a str>,
    due: Vec<Option<i64>>,
    details: Vec<&'a [u8]>,
}

impl<'a> ReviewColumns<'a> {
    fn of(reviews: impl Iterator<Item = &'a NewReview> + Clone) -> Self {
        Self {
            keys: reviews.clone().map(|review| Uuid::from_bytes(review.key.0)).collect(),
            reasons: reviews.clone().map(|review| review.reason).collect(),
            due: reviews.clone().map(|review| review.due_on.map(day)).collect(),
            details: reviews.map(|review| review.detail.as_slice()).collect(),
        }
    }
}
