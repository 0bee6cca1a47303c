//! A feed as server-sent events.

use super::{bearer, ids, placed, read, site, start, token};
use crate::support::door::within;
use crate::support::site::Hub;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An open stream.
pub struct Events(BufReader<TcpStream>);

impl Events {
    /// Open when this returns: the hub has answered.
    pub async fn open(hub: &Hub, organisation: &str, last: Option<&str>) -> Self {
        let mut stream = TcpStream::connect(hub.address()).await.unwrap();
        let last = last.map(|last| format!("Last-Event-ID: {last}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /api/v1/feeds/{organisation}/stream HTTP/1.1\r\nHost: hub\r\nAuthorization: {}\r\n{last}\r\n",
            bearer(&token(organisation, "read"))
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut events = Self(BufReader::new(stream));
        let status = events.line().await.unwrap();
        assert!(status.contains(" 200 "), "{status}");
        while let Some(line) = events.line().await.filter(|line| !line.is_empty()) {
            assert!(!line.starts_with("content-type") || line == "content-type: text/event-stream", "{line}");
        }
        events
    }

    /// None at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = within("a line of the stream", self.0.read_line(&mut line)).await.unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event's id and envelope; what frames it is passed over.
    async fn next(&mut self) -> Option<(String, Value)> {
        let mut id = String::new();
        loop {
            let line = self.line().await?;
            if let Some(text) = line.strip_prefix("id: ") {
                text.clone_into(&mut id);
            } else if let Some(text) = line.strip_prefix("data: ") {
                return Some((id, serde_json::from_str(text).unwrap()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_goes_on_where_it_was_cut_off() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    placed(&hub, "A").await;
    let mut events = Events::open(&hub, "S9B9J", None).await;
    let (first, a) = events.next().await.unwrap();
    placed(&hub, "B").await;
    let (second, b) = events.next().await.unwrap();
    assert_ne!(first, second);
    drop(events);

    placed(&hub, "C").await;
    let hub = {
        hub.stop().await;
        start(&site).await
    };
    let mut again = Events::open(&hub, "S9B9J", Some(&first)).await;
    let (id, event) = again.next().await.unwrap();
    assert_eq!((&id, &event), (&second, &b));
    let (third, c) = again.next().await.unwrap();

    // The same as the pages say, and the ids are cursors.
    let page = read(&hub, "S9B9J", "").await.json();
    assert_eq!(page["items"], Value::from(vec![a, b, c]));
    assert_eq!(page["next"], third.as_str());
    assert_eq!(ids(&read(&hub, "S9B9J", &format!("?after={second}")).await.json()).len(), 1);
    // A hub that stops ends the stream, and does not wait for its reader.
    hub.terminate();
    assert_eq!(again.next().await, None);
    hub.stop().await;
}
