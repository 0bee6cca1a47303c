//! The HTTP interface of the built program over loopback: messages in, feeds out. No broker is needed, and none is there.

mod dashboard;
mod feeds;
mod intake;
mod others;
mod process_message;
mod stream;
mod tokens;
mod walk;

use crate::support::sink::Sink;
use crate::support::site::{Hub, Plan, Site};
use serde_json::Value;
use std::fmt::Write as _;
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nobody listens there.
pub const NO_BROKER: &str = "amqp://guest:guest@127.0.0.1:1/%2f";

/// Recipients of the tests' first child: one commissioner and the council follow a feed, the others have webhooks.
const FOLLOWERS: [&str; 2] = ["S9B9J", "E06000043"];

/// A token of a test's; the real ones are made by `token new`.
pub fn token(organisation: &str, may: &str) -> String {
    format!("{organisation}-{may}-token")
}

/// Everybody has webhooks but the followers, and everybody has a token for each thing and for both.
pub async fn site() -> (Site, Sink) {
    let sink = Sink::start().await;
    let recipients: Vec<&str> = crate::support::site::EVERYBODY.into_iter().filter(|code| !FOLLOWERS.contains(code)).collect();
    let site = Site::new(NO_BROKER, sink.address, &Plan { recipients: &recipients, ..Plan::default() });
    for follower in FOLLOWERS {
        site.add_endpoints(&format!("[[endpoint]]\norganisation = \"{follower}\"\nadapter = \"feed\"\n\n"));
    }
    let named: Vec<(&str, &str, String)> = ["E10000016", "E06000035", "S9B9J", "E06000043", "QKS", "RX2"]
        .into_iter()
        .flat_map(|organisation| ["publish", "read"].map(|may| (organisation, may, token(organisation, may))))
        .collect();
    site.give_tokens(&named.iter().map(|(organisation, may, token)| (*organisation, token.as_str(), *may)).collect::<Vec<_>>());
    (site, sink)
}

/// Started, and listening: ready it is only with a broker.
async fn start(site: &Site) -> Hub {
    let mut hub = site.launch(None);
    hub.listening().await;
    hub
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// A problem document of this status.
    #[track_caller]
    fn is_problem(&self, status: u16) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["type"].as_str().unwrap().starts_with("urn:placement-hub:problem:"), "{problem}");
    }
}

/// One request on a connection of its own.
pub async fn ask(address: SocketAddr, line: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut request = format!("{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        write!(request, "{name}: {value}\r\n").unwrap();
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
    // Where the hub has answered before it has read everything, the rest is not wanted.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{line}: {answer:?}"));
    Answer { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn post(hub: &Hub, token: &str, content_type: &str, body: &str) -> Answer {
    let headers = [("Authorization", bearer(token)), ("Content-Type", content_type.to_owned())];
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ask(hub.address(), "POST /api/v1/messages", &headers, body.as_bytes()).await
}

/// A page of a follower's feed.
async fn read(hub: &Hub, organisation: &str, query: &str) -> Answer {
    let line = format!("GET /api/v1/feeds/{organisation}{query}");
    ask(hub.address(), &line, &[("Authorization", &bearer(&token(organisation, "read")))], b"").await
}

async fn collect(hub: &Hub, organisation: &str, up_to: &str) -> Answer {
    let line = format!("POST /api/v1/feeds/{organisation}/collected");
    let body = serde_json::json!({ "upTo": up_to }).to_string();
    ask(hub.address(), &line, &[("Authorization", &bearer(&token(organisation, "read")))], body.as_bytes()).await
}

/// A child of Kent, taken in by HTTP; answers its receipt.
async fn placed(hub: &Hub, child: &str) -> Value {
    let letter = crate::support::letter::first_placement(crate::support::letter::Format::Json, child);
    let answer = post(hub, &token("E10000016", "publish"), "application/json", letter.text()).await;
    assert_eq!((answer.status, &answer.json()["verdict"]), (200, &Value::from("accepted")), "{answer:?}");
    answer.json()
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// A page, once it says something.
async fn until_page(hub: &Hub, path: &str, says: &str) -> String {
    crate::support::door::within(says, async {
        loop {
            let (_, page) = hub.get(path).await.unwrap();
            if page.contains(says) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await
}
