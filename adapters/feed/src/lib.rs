//! The rail of those who come and fetch: an attempt puts a delivery into its recipient's feed, and the recipient collects it.
//!
//! Nothing is sent here. What this rail accepts, the ledger puts into the feed in the transaction that settles the attempt;
//! the hub's HTTP interface hands it out, and it is delivered when its recipient says that it was collected.

use domain::directory::Endpoint;
use domain::port::{BoxFuture, Deliver, Parcel, Report};
use domain::retry::AttemptOutcome;

/// The adapter's name, as endpoints give it.
pub const NAME: &str = "feed";

#[derive(Clone, Copy, Debug, Default)]
pub struct Feed;

impl Deliver for Feed {
    fn name(&self) -> &'static str {
        NAME
    }

    /// A feed has no address and no secrets: its reader has a token.
    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        let secrets = !endpoint.secrets.is_empty() || !endpoint.secret_settings.is_empty();
        [
            (!endpoint.url.is_empty(), "url: a feed has none: its organisation comes and fetches; leave it out"),
            (secrets, "a feed has no secret: its organisation reads with a token of tokens.toml; leave the secret out"),
            (!endpoint.settings.is_empty(), "settings: a feed has none; leave them out"),
        ]
        .into_iter()
        .filter(|(wrong, _)| *wrong)
        .map(|(_, what)| what.to_owned())
        .collect()
    }

    /// Always accepted: the reference is the feed's name, which is its organisation's code.
    fn no_heartbeat(&self) -> Option<&'static str> {
        Some(
            "a feed has no heartbeat: its organisation comes and fetches, and placement_hub_accepted_oldest_seconds tells when it does not",
        )
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        let reference = parcel.endpoint.organisation.to_string();
        Box::pin(async move {
            let detail = format!("in the feed of {reference}");
            Report { outcome: AttemptOutcome::Accepted { reference }, status: None, detail }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Code;
    use domain::delivery::Kind;
    use domain::directory::Secret;
    use jiff::Timestamp;
    use std::collections::BTreeMap;
    use std::task::{Context, Poll, Waker};
    use uuid::Uuid;

    fn endpoint() -> Endpoint {
        Endpoint {
            organisation: Code::new("QKS").unwrap(),
            place: None,
            adapter: NAME.to_owned(),
            url: String::new(),
            secrets: Vec::new(),
            allow_private: false,
            timeout_seconds: 20,
            concurrency: 16,
            settings: BTreeMap::new(),
            secret_settings: BTreeMap::new(),
            agreed: domain::directory::Agreed::default(),
            from: None,
            to: None,
        }
    }

    #[test]
    fn an_endpoint_is_an_organisation_and_nothing_else() {
        assert_eq!(Feed.check(&endpoint()), Vec::<String>::new());
        let secret = || Secret("whsec_0".to_owned());
        for (wrong, about) in [
            (Endpoint { url: "https://feed.example/".to_owned(), ..endpoint() }, "url"),
            (Endpoint { secrets: vec![secret()], ..endpoint() }, "secret"),
            (Endpoint { secret_settings: BTreeMap::from([("password".to_owned(), secret())]), ..endpoint() }, "secret"),
            (Endpoint { settings: BTreeMap::from([("mailbox".to_owned(), "X".to_owned())]), ..endpoint() }, "settings"),
        ] {
            let found = Feed.check(&wrong);
            assert!(matches!(&found[..], [only] if only.contains(about)), "{found:?}");
        }
    }

    #[test]
    fn what_is_put_into_a_feed_is_accepted_and_not_yet_delivered() {
        let endpoint = endpoint();
        let parcel = Parcel {
            endpoint: &endpoint,
            delivery: Uuid::nil(),
            kind: Kind::ArrivalNotice,
            body: b"{}",
            traceparent: None,
            first: true,
            now: Timestamp::UNIX_EPOCH,
        };
        let Poll::Ready(report) = Feed.deliver(parcel).as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("a feed waits for nobody");
        };
        assert_eq!(report.outcome, AttemptOutcome::Accepted { reference: "QKS".to_owned() });
        assert_eq!((report.status, report.detail.as_str()), (None, "in the feed of QKS"));
    }
}
