//! What every deliverer must do, whatever its rail. A new adapter adds a [`Rail`] and a test that calls [`check`].

use super::directory::endpoint;
use super::receiver::{Answer, Receiver, answer};
use crate::support::mesh::Sandbox;
use domain::delivery::Kind;
use domain::directory::Endpoint;
use domain::port::{Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;
use jiff::Timestamp;
use uuid::Uuid;

/// Far ends of one rail, each doing one thing.
pub struct Rail<'a> {
    pub deliverer: &'a dyn Deliver,
    /// Takes everything.
    pub well: Endpoint,
    /// Nobody is there.
    pub dead: Endpoint,
    /// Takes the connection and never answers; its time-out is one second.
    pub mute: Endpoint,
    /// Refuses for good and quotes what it was sent.
    pub quoting: Endpoint,
    /// Whose address the guard must not let through.
    pub inside: Endpoint,
}

pub const BODY: &[u8] = br#"{"id":"1","data":{"child":{"givenName":"Ada","familyName":"Quillfeather","nhsNumber":"9990000018"}}}"#;

pub async fn deliver(deliverer: &dyn Deliver, endpoint: &Endpoint, delivery: Uuid, now: Timestamp) -> Report {
    let trace = Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    deliverer.deliver(Parcel { endpoint, delivery, kind: Kind::ArrivalNotice, body: BODY, traceparent: trace, first: false, now }).await
}

/// Runs the suite.
pub async fn check(rail: Rail<'_>) {
    let now = Timestamp::now();
    let id = Uuid::from_u128(7);
    let well = deliver(rail.deliverer, &rail.well, id, now).await;
    assert!(matches!(well.outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. }), "{well:?}");
    let again = deliver(rail.deliverer, &rail.well, id, now).await;
    assert_eq!(well.outcome, again.outcome, "the same delivery again is the same");

    for (name, far_end) in [("dead", &rail.dead), ("mute", &rail.mute), ("inside", &rail.inside)] {
        let report = deliver(rail.deliverer, far_end, id, now).await;
        assert!(matches!(report.outcome, AttemptOutcome::TryLater { .. }), "{name}: {report:?}");
        assert!(!report.detail.is_empty(), "{name} says why");
        modest(&report);
    }
    let quoted = deliver(rail.deliverer, &rail.quoting, id, now).await;
    assert!(matches!(quoted.outcome, AttemptOutcome::Refused { .. }), "{quoted:?}");
    modest(&quoted);

    // One value serves many at once, and one that hangs holds up no other.
    let (mute, well) = tokio::join!(deliver(rail.deliverer, &rail.mute, id, now), async {
        let many = (0..16).map(|n| deliver(rail.deliverer, &rail.well, Uuid::from_u128(n), now));
        futures_util::future::join_all(many).await
    });
    assert!(matches!(mute.outcome, AttemptOutcome::TryLater { .. }));
    assert!(well.iter().all(|report| matches!(report.outcome, AttemptOutcome::Delivered { .. } | AttemptOutcome::Accepted { .. })));
}

/// A report is short and holds nothing of what was sent.
fn modest(report: &Report) {
    let told = format!("{report:?}");
    assert!(report.detail.chars().count() <= 200, "{told}");
    for word in ["Ada", "Quillfeather", "9990000018"] {
        assert!(!told.contains(word), "{word} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhook() {
    let well = Receiver::start(answer("202 Accepted", "", r#"{"id":"r-1"}"#)).await;
    let mute = Receiver::start(Answer::Hang).await;
    let quoting = Receiver::start(answer("422 Unprocessable Content", "", "Ada Quillfeather (9990000018) is not known")).await;
    let gone = Receiver::start(Answer::Hang).await.url();
    let at = |url: String| domain::directory::Endpoint { timeout_seconds: 1, ..endpoint("QKS", "webhook", &url) };
    let inside = Endpoint { allow_private: false, ..at(well.url().replace("http", "https")) };
    let adapter = webhook::Webhook::new();
    let (well_end, mute_end, quoting_end) = (endpoint("QKS", "webhook", &well.url()), at(mute.url()), at(quoting.url()));
    check(Rail { deliverer: &adapter, well: well_end, dead: at(gone), mute: mute_end, quoting: quoting_end, inside }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mesh() {
    use crate::mesh::{answers::Fake, endpoint};
    let well = Sandbox::start();
    let mute = Receiver::start(Answer::Hang).await;
    let quoting = Fake::start(422, &[], r#"{"detail":[{"code":"06","msg":"Ada Quillfeather (9990000018) is not known"}]}"#).await;
    let gone = Fake::start(200, &[], "").await.url.clone();
    let at = |url: &str| Endpoint { timeout_seconds: 1, ..endpoint(url) };
    let inside = Endpoint { allow_private: false, ..at(&well.url().replace("http", "https")) };
    let (mute, quoting_end) = (at(&mute.url()), at(&quoting.url));
    check(Rail { deliverer: &::mesh::Mesh::new(), well: endpoint(well.url()), dead: at(&gone), mute, quoting: quoting_end, inside }).await;
}
