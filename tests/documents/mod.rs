//! The examples of the documents, run as their readers would run them, against the built program. What publishes over RabbitMQ is run by
//! `broker::rights`, with the rights that its organisation has.

mod deploy;
mod envelopes;

use crate::http::NO_BROKER;
use crate::support::door::within;
use crate::support::letter::{Format, first_placement};
use crate::support::python::PYTHON;
use crate::support::sink::secret;
use crate::support::site::{Plan, Site};
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::ChildStdout;
use std::process::{Child, Command, Output, Stdio};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples").join(name)
}

/// The program that takes webhooks, until it is dropped.
struct Receiver {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Receiver {
    /// And where it listens.
    fn start(secret: &str) -> (Self, std::net::SocketAddr) {
        let mut command = Command::new(&*PYTHON);
        command.arg(example("verify.py")).arg("0").env("WEBHOOK_SECRET", secret);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut receiver = Self { child, lines };
        let said = receiver.next();
        let address = said.split("http://").nth(1).unwrap().trim_end_matches('/').parse().unwrap();
        (receiver, address)
    }

    fn next(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The smallest document that is shown to a supplier.
#[test]
fn the_first_move_of_the_documents_is_taken() {
    let text = std::fs::read_to_string(example("../SUPPLIERS.md")).unwrap();
    let (_, rest) = text.split_once("```json\n").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("move.json");
    std::fs::write(&file, rest.split_once("```").unwrap().0).unwrap();
    let site = Site::new(NO_BROKER, "127.0.0.1:1".parse().unwrap(), &Plan { recipients: &[], ..Plan::default() });
    let told = site.json(&["explain", "--json", "--now", "2026-11-20T10:00:00Z", file.to_str().unwrap()]);
    assert_eq!(told["receipts"][0]["verdict"], "accepted", "{told:#}");
    assert!(!told["obligations"].as_array().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_council_posts_a_move_and_the_others_fetch_and_verify_it() {
    let (mut receiver, address) = Receiver::start(&secret("QKS"));
    let site = Site::new(NO_BROKER, address, &Plan { recipients: &["QKS"], ..Plan::default() });
    site.add_endpoints("[[endpoint]]\norganisation = \"E06000043\"\nadapter = \"feed\"\n");
    site.give_tokens(&[("E10000016", "kent", "publish"), ("E06000043", "brighton", "read")]);
    let mut hub = site.launch(None);
    hub.listening().await;
    let run = |mut command: Command, token: &str| -> Output {
        std::fs::write(site.path("token"), format!("{token}\n")).unwrap();
        command.env("HUB", format!("http://{}", hub.address())).env("TOKEN_FILE", site.path("token")).output().unwrap()
    };
    let said = |output: &Output| String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap();

    let publish = |document: &str, token: &str| {
        std::fs::write(site.path("move.json"), document).unwrap();
        let mut command = Command::new("sh");
        command.arg(example("publish.sh")).arg(site.path("move.json"));
        run(command, token)
    };
    let first = first_placement(Format::Json, "104233");
    let receipt = publish(first.text(), "kent");
    assert!(receipt.status.success() && said(&receipt).contains("\"verdict\":\"accepted\""), "{}", said(&receipt));
    let refused = publish(first.clone().with("/messageId", "104233-m2").with("/child/sex", "?").text(), "kent");
    assert!(!refused.status.success() && said(&refused).contains("not-in-list"), "{}", said(&refused));
    assert!(!publish(first.text(), "not-kent").status.success());

    // The commissioner's receiver takes what is signed for it, and nothing that is not.
    let taken = within("a notice", tokio::task::spawn_blocking(move || (receiver.next(), receiver))).await.unwrap();
    assert!(taken.0.starts_with("arrival-notice.v1 1 20"), "{}", taken.0);
    let forged = Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--write-out", "%{http_code}", "--data", "{}"])
        .args(["--header", "webhook-id: x", "--header", "webhook-timestamp: 1", "--header", "webhook-signature: v1,eA=="])
        .arg(format!("http://{address}/QKS"))
        .output()
        .unwrap();
    assert_eq!(said(&forged), "401");

    let kept = tempfile::tempdir().unwrap();
    let follow = || {
        let mut command = Command::new(&*PYTHON);
        command.arg(example("follow.py")).arg("E06000043").arg(kept.path());
        run(command, "brighton")
    };
    let followed = follow();
    assert!(followed.status.success() && said(&followed).starts_with("arrival-notice.v1 1 20"), "{}", said(&followed));
    let mut files: Vec<_> = std::fs::read_dir(kept.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert!(files.len() == 2 && files[0].ends_with(".json") && files[1] == "cursor", "{files:?}");
    assert_eq!(said(&follow()), "", "what was collected does not come again");
    hub.stop().await;
}
