//! One hub, every rail: a council that reads e-mail, commissioners with a queue and a MESH mailbox, a provider that speaks FHIR;
//! what each is told, and what each answers by the way it has.

use crate::adapters::receiver::{Receiver, answer};
use crate::fhir::update::assessed;
use crate::support::door::{Door, url, within};
use crate::support::letter::{Format, Letter, day, first_placement};
use crate::support::mesh::{CLIENT, SHARED_KEY, Sandbox};
use crate::support::python::run;
use crate::support::site::{Hub, Plan, Site};
use crate::support::smtp::Server;
use amqp::{Reader, topology};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;

const TOKEN: &str = "the-providers-token";
/// Between two looks at a far end that can only be asked.
const LOOK: Duration = Duration::from_millis(50);

/// The far ends, and the hub's site that names them.
struct World {
    site: Site,
    council: Server,
    mailboxes: Sandbox,
    provider: Receiver,
    commissioner: Reader,
}

impl World {
    async fn new(url: &str) -> Self {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
        let site = Site::new(url, nobody, &Plan { recipients: &[], settings: "mailbox_poll_seconds = 1\n", ..Plan::default() });
        let (council, mailboxes) = (Server::start(), Sandbox::start());
        let provider = Receiver::start(answer("200 OK", "", "")).await;
        for (name, secret) in [("password", "password"), ("shared_key", SHARED_KEY)] {
            std::fs::write(site.path(name), secret).unwrap();
        }
        site.add_endpoints(&format!(
            r#"
[[endpoint]]
organisation = "E06000043"
adapter = "email"
url = "mailto:duty@brighton.example"
allow_private = true
[endpoint.settings]
smtp = "smtp://127.0.0.1:{}"
from = "hub@council.example"
link = "https://notices.example/inbox"

[[endpoint]]
organisation = "QKS"
adapter = "queue"

[[endpoint]]
organisation = "S9B9J"
adapter = "mesh"
url = "{}"
allow_private = true
[endpoint.settings]
own_mailbox = "X26ABC1"
mailbox = "X26ABC2"
workflow = "TEST_WORKFLOW"
password_file = "password"
shared_key_file = "shared_key"

[[endpoint]]
organisation = "RX2"
adapter = "fhir"
url = "{}"
allow_private = true
[endpoint.settings]
service_id = "2000012345"
own_organisation = "X26"
"#,
            council.port,
            mailboxes.url(),
            provider.url(),
        ));
        site.give_tokens(&[("RX2", TOKEN, "publish")]);
        // Declared by the hub at its first delivery; here before, so that reading can begin.
        let queue = topology::delivery_queue("QKS");
        let publisher = amqp::Publisher::connect(url).await.unwrap();
        publisher.declare_delivery_queue("QKS".parse().unwrap()).await.unwrap();
        publisher.close().await;
        let commissioner = Reader::of_queue(url, &queue).await.unwrap();
        Self { site, council, mailboxes, provider, commissioner }
    }

    /// The next event in the commissioner's queue.
    async fn queued(&mut self) -> Value {
        let incoming = within("a delivery in the queue", self.commissioner.next()).await.unwrap();
        let event: Value = serde_json::from_slice(&incoming.body).unwrap();
        assert_eq!(incoming.message_id.as_deref(), event["id"].as_str());
        event
    }

    /// What lies in the other mailbox, taken out by the NHS's own client.
    async fn collected(&self) -> Value {
        let lines = within("a message in the mailbox", async {
            loop {
                let lines = run(CLIENT, &[self.mailboxes.url(), "receive"], b"");
                if !lines.is_empty() {
                    return lines;
                }
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
        let message: Value = serde_json::from_str(lines.trim()).unwrap();
        serde_json::from_str(message["body"].as_str().unwrap()).unwrap()
    }

    /// The only bundle that the provider was sent.
    async fn referral(&self) -> Value {
        within("a referral by FHIR", async {
            loop {
                if let [request] = &self.provider.requests()[..] {
                    return serde_json::from_slice(&request.body).unwrap();
                }
                tokio::time::sleep(LOOK).await;
            }
        })
        .await
    }

    /// Waits until a delivery stands so.
    async fn until(&self, delivery: &Value, state: &str) {
        within(&format!("{delivery} {state}"), async {
            while self.state(delivery) != state {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
    }

    fn state(&self, delivery: &Value) -> String {
        let rows = self.site.json(&["deliveries", "list", "--json"]);
        let row = rows.as_array().unwrap().iter().find(|row| row["id"] == *delivery).cloned();
        row.unwrap_or_else(|| panic!("{delivery} in {rows:#}"))["state"].as_str().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recipient_is_told_by_its_own_rail_and_answers_by_it() {
    let url = url("t18");
    let mut door = Door::open(url.clone(), 20).await;
    let mut world = World::new(&url).await;
    let hub = world.site.start().await;
    door.accepted(&first_placement(Format::Json, "104233")).await;

    // The council's duty desk: an alert without the child, accepted until somebody there says more.
    let mail = world.council.mails(1).await[0]["text"].as_str().unwrap().to_owned();
    assert!(mail.contains("https://notices.example/inbox") && !mail.contains("104233"), "{mail}");

    let notice = world.queued().await;
    assert_eq!((&notice["type"], &notice["data"]["sequence"]), (&json!("arrival-notice.v1"), &json!(1)));
    world.until(&notice["id"], "delivered").await;

    // The mailbox: accepted, delivered when it is collected, acknowledged by a document that comes the same way.
    let by_mesh = world.collected().await;
    assert_eq!(by_mesh["type"], "arrival-notice.v1");
    world.until(&by_mesh["id"], "delivered").await;
    let read = Letter::example(Format::Json, "acknowledgement", "read-by-an-authority")
        .with("/messageId", "read-1")
        .with("/publisher", "S9B9J")
        .with("/notice/id", by_mesh["id"].clone())
        .with("/occurredOn", day(0));
    run(CLIENT, &[world.mailboxes.url(), "send"], read.text().as_bytes());
    world.until(&by_mesh["id"], "acknowledged").await;

    // The provider: a referral by FHIR, its answer by FHIR, and what follows from it.
    let referral = world.referral().await;
    let assessed = assessed(&referral, &jiff::Timestamp::now().to_string(), &day(0));
    let (status, outcome) = process_message(&hub, &assessed).await;
    assert_eq!((status, &outcome["resourceType"]), (200, &json!("OperationOutcome")), "{outcome:#}");
    assert_eq!(outcome["issue"][0]["details"]["text"], "accepted");
    let (again, outcome) = process_message(&hub, &assessed).await;
    assert_eq!((again, &outcome["issue"][0]["details"]["text"]), (200, &json!("duplicate")));
    let claim = world.queued().await;
    assert_eq!((&claim["type"], &claim["data"]["stage"]), (&json!("reclaim-request.v1"), &json!("assessment")));

    // The commissioner that is asked agrees; the claim stands so in the list.
    let agreed = Letter::example(Format::Json, "reclaim-update", "paid")
        .with("/messageId", "agreed-1")
        .with("/publisher", "QKS")
        .with("/claim/id", claim["data"]["claim"].clone())
        .with("/status", "agreed")
        .with("/occurredOn", day(0));
    door.accepted(&agreed).await;
    let claims = world.site.json(&["reclaims", "list", "--json"]);
    let [row] = &claims.as_array().unwrap()[..] else { panic!("{claims:#}") };
    assert_eq!((&row["claim"], &row["state"], &row["commissioner"]), (&claim["data"]["claim"], &json!("agreed"), &json!("QKS")));
    let ageing = world.site.json(&["reclaims", "ageing", "--json"]);
    assert!(ageing.to_string().contains("QKS"), "{ageing:#}");

    let log = std::fs::File::open(world.site.path("hub.log")).unwrap();
    hub.stop().await;
    let log = std::io::read_to_string(log).unwrap();
    assert!(!log.contains("ERROR") && log.contains("stopped"), "nothing went wrong, and it ended in good order: {log}");
    door.assert_empty().await;
    let balance = world.site.balances().await;
    assert_eq!((balance.messages, balance.deliveries), (4, 5));
}

async fn process_message(hub: &Hub, bundle: &Value) -> (u16, Value) {
    let headers = [("Authorization", format!("Bearer {TOKEN}")), ("Content-Type", "application/fhir+json".to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = crate::http::ask(hub.address(), "POST /fhir/$process-message", &headers, bundle.to_string().as_bytes()).await;
    (answer.status, answer.json())
}
