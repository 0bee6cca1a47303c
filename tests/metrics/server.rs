//! A real Prometheus that reads a hub.

use crate::support::door::within;
use serde_json::Value;
use std::fmt::Write;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LOOK: Duration = Duration::from_millis(100);

/// Ends with its test.
pub struct Prometheus {
    child: Child,
    folder: TempDir,
    address: SocketAddr,
}

impl Prometheus {
    /// Reads the hub every second, with our rules; what they record is recorded as often.
    pub async fn start(hub: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = super::read(super::RULES).replace("interval: 1m", "interval: 1s");
        std::fs::write(folder.path().join("placement-hub.rules.yml"), rules).unwrap();
        let settings = super::read("deploy/prometheus/prometheus.yml").replace("15s", "1s").replace("127.0.0.1:8080", &hub.to_string());
        assert!(settings.contains(&hub.to_string()) && settings.contains("scrape_interval: 1s"), "{settings}");
        std::fs::write(folder.path().join("prometheus.yml"), settings).unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()));
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=logfmt"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().expect("prometheus: scripts/setup installs it (Debian's package prometheus)");
        let mut server = Self { child, folder, address: hub };
        server.address = within("the address of Prometheus", server.listening()).await;
        within("Prometheus to be ready", async {
            while !server.get("/-/ready").await.contains("is Ready") {
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
        server
    }

    async fn listening(&mut self) -> SocketAddr {
        loop {
            let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
            let line = log.lines().find(|line| line.contains("\"Listening on\""));
            if let Some((_, address)) = line.and_then(|line| line.split_once("address=")) {
                return address.trim().parse().unwrap();
            }
            assert!(self.child.try_wait().unwrap().is_none(), "Prometheus ended: {log}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What an expression is now: its series, each with its labels and value.
    ///
    /// # Errors
    /// What Prometheus says is wrong with it.
    pub async fn ask(&self, expression: &str) -> Result<Vec<Value>, String> {
        let answer = self.get(&format!("/api/v1/query?query={}", encoded(expression))).await;
        let answer: Value = serde_json::from_str(&answer).map_err(|error| format!("{error}: {answer}"))?;
        if answer["status"] != "success" {
            return Err(answer["error"].to_string());
        }
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }

    async fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // HTTP 1.0: the answer comes whole, not in chunks.
        stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}
