//! A RabbitMQ of a test's own, to be broken.

use super::door::on_vhost;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Removed with its test, whatever becomes of the test.
pub struct Broker {
    name: &'static str,
    url: String,
}

impl Broker {
    pub fn start(name: &'static str) -> Self {
        // First, so that what fails to start is removed too.
        let mut broker = Self { name, url: String::new() };
        broker.url = broker.script(&["start", name]).trim().to_owned();
        broker
    }

    /// All that it keeps.
    pub fn folder(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("var").join(format!("broker-{}", self.name))
    }

    pub fn on(&self, vhost: &str) -> String {
        on_vhost(&self.url, vhost)
    }

    /// Where it listens, or will again.
    pub fn address(&self) -> &str {
        self.url.rsplit('@').next().unwrap()
    }

    /// Starts it again, while the test goes on.
    pub fn starting(&self) -> tokio::task::JoinHandle<()> {
        let name = self.name;
        tokio::task::spawn_blocking(move || {
            let Output { status, stderr, .. } = run(&["start", name]);
            assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        })
    }

    /// `start`, `stop`, `kill`.
    pub fn does(&self, verb: &str) {
        self.script(&[verb, self.name]);
    }

    pub fn ctl(&self, arguments: &[&str]) -> String {
        self.script(&[&["ctl", self.name, "--quiet"], arguments].concat())
    }

    /// What the command prints; the test fails where it does.
    fn script(&self, arguments: &[&str]) -> String {
        let Output { status, stdout, stderr } = run(arguments);
        assert!(status.success(), "scripts/broker {arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        run(&["remove", self.name]);
    }
}

fn run(arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/broker");
    // A broker that the environment names is not one to break.
    Command::new(script).args(arguments).env_remove("AMQP_URL").output().unwrap()
}
