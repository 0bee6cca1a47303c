//! The rail `feed` over the real ledger: what it accepts is what a reader of the feed finds.

use super::{Case, FarEnd, Manner, NARROW_BYTES, Oversize, Promise, Rail, Stand, Taken};
use crate::adapters::directory::endpoint;
use crate::ledger::desk::{at, causing, code, notice, terms};
use domain::directory::Endpoint;
use domain::port::{Attempt, BoxFuture, Deliver, LaneRoom, Lease, Ledger, NewObligation, Parcel, Report, Settlement};
use domain::retry::{AttemptOutcome, Next};
use sqlite_ledger::SqliteLedger;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use uuid::Uuid;

/// Read in pages, as its readers do.
const PAGE: usize = 2;

pub struct Feed;

impl Rail for Feed {
    fn promise(&self) -> Promise {
        Promise {
            is_collected: true,
            arrives_once: true,
            busy_for: None,
            oversize: (3 * NARROW_BYTES, Oversize::Arrives),
            shares_connection: true,
        }
    }

    fn without(&self, case: Case) -> Option<&'static str> {
        match case {
            Case::Delivered | Case::Oversize | Case::RedeliveryWithTheSameId => None,
            Case::Slow | Case::ShutdownInMidSend => Some("an attempt is over at once: nothing is sent"),
            Case::Refused | Case::RetryLater => Some("nobody is asked, so nobody says no"),
            Case::AmbiguousTimeOut => Some("no answer can be lost: one transaction settles the attempt and puts it into the feed"),
            Case::BackPressure => Some("nobody is turned away: it waits in the ledger, where it was before"),
            Case::Unreachable | Case::GuardedAddress => Some("a feed has no address: its reader comes"),
        }
    }

    fn stand(&self, _: Manner) -> BoxFuture<'_, Stand> {
        let folder = tempfile::tempdir().unwrap();
        let ledger: Arc<dyn Ledger> = Arc::new(SqliteLedger::open(&folder.path().join("ledger.db")).unwrap());
        let [endpoint, neighbour] =
            ["QKS", "RX2"].map(|organisation| Endpoint { secrets: Vec::new(), ..endpoint(organisation, "feed", "") });
        let deliverer = Arc::new(Settling { ledger: Arc::clone(&ledger), lapsed: Mutex::default() });
        let far = Box::new(Far { ledger, _folder: folder });
        Box::pin(async { Stand { deliverer, endpoint, neighbour, road: None, far } })
    }
}

/// The rail with what the hub does around it: record, lease, settle. A hub that died in between is always part of it: the first lease of
/// each delivery lapses, and a second attempt is settled by whoever held that first one.
struct Settling {
    ledger: Arc<dyn Ledger>,
    lapsed: Mutex<HashMap<Uuid, Lease>>,
}

impl Deliver for Settling {
    fn name(&self) -> &'static str {
        ::feed::Feed.name()
    }

    fn check(&self, endpoint: &Endpoint) -> Vec<String> {
        ::feed::Feed.check(endpoint)
    }

    fn deliver<'a>(&'a self, parcel: Parcel<'a>) -> BoxFuture<'a, Report> {
        Box::pin(async move {
            let known = self.lapsed.lock().unwrap().get(&parcel.delivery).cloned();
            let lease = match known {
                Some(stale) => stale,
                None => self.lease(&parcel).await,
            };
            let report = ::feed::Feed.deliver(parcel).await;
            let AttemptOutcome::Accepted { reference } = report.outcome.clone() else { panic!("{report:?}") };
            let attempt = Attempt {
                started_at: at(120),
                ended_at: at(121),
                adapter: "feed",
                outcome: "accepted",
                status: None,
                detail: report.detail.clone(),
            };
            let (next, fence) = (Next::Accepted { reference }, lease.fence);
            let settlement = Settlement { delivery: parcel.delivery, fence, attempt: Some(attempt), next, at: at(121) };
            self.ledger.settle(vec![settlement]).await.unwrap();
            report
        })
    }
}

impl Settling {
    async fn lease(&self, parcel: &Parcel<'_>) -> Lease {
        let number = self.lapsed.lock().unwrap().len() + 1;
        let recipient = parcel.endpoint.organisation;
        let payload = Arc::from(parcel.body.to_vec());
        let owed = NewObligation { delivery: parcel.delivery, payload, ..notice(u32::try_from(number).unwrap(), recipient.as_str(), 1) };
        let entry = causing(u32::try_from(number).unwrap(), u8::try_from(number).unwrap(), 0, vec![owed]);
        self.ledger.record(vec![entry], terms(0, 0)).await.unwrap();
        let lease = async |now| {
            let rooms = vec![LaneRoom { recipient, room: 1 }];
            self.ledger.lease_due(rooms, terms(now, 1)).await.unwrap().remove(0)
        };
        let lapsed = lease(0).await;
        self.lapsed.lock().unwrap().insert(parcel.delivery, lapsed);
        lease(120).await
    }
}

struct Far {
    ledger: Arc<dyn Ledger>,
    _folder: TempDir,
}

impl FarEnd for Far {
    fn taken(&mut self, _: usize) -> BoxFuture<'_, Vec<Taken>> {
        Box::pin(async {
            let (mut taken, mut after) = (Vec::new(), 0);
            loop {
                let page = self.ledger.feed(code("QKS"), after, PAGE).await.unwrap();
                after = page.items.last().map_or(after, |item| item.position);
                taken.extend(page.items.iter().map(|item| Taken { id: item.delivery, body: item.payload.to_vec() }));
                if !page.more {
                    return taken;
                }
            }
        })
    }
}
