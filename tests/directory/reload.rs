//! A running hub takes a new directory without a restart: by SIGHUP, or by a command. Its broker may be away meanwhile.

use crate::support::sink::BOUND;
use crate::support::site::{Plan, Site};
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A hub whose broker does not answer.
struct Running {
    child: Child,
    log: PathBuf,
}

impl Running {
    fn start(site: &Site) -> Self {
        let log = site.path("hub.log");
        let child = site.command(&["run"]).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap()).spawn().unwrap();
        Self { child, log }
    }

    /// Waits until the log says this so many times.
    fn says(&mut self, what: &str, times: usize) {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(&self.log).unwrap();
            if log.matches(what).count() >= times {
                return;
            }
            assert!(self.child.try_wait().unwrap().is_none(), "the hub ended: {log}");
            assert!(begun.elapsed() < BOUND, "the hub does not say `{what}`: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_hangup_or_a_command_puts_a_new_directory_to_use() {
    let plan = Plan { recipients: &["E10000016"], ..Plan::default() };
    let site = Site::new("amqp://127.0.0.1:1/%2f", "127.0.0.1:9".parse().unwrap(), &plan);
    let endpoints = site.path("endpoints.toml");
    let before = fs::read_to_string(&endpoints).unwrap();
    let mut hub = Running::start(&site);
    hub.says("the hub runs", 1);

    let more = before.replace("E10000016\"\nadapter", "QKS\"\nadapter");
    fs::write(&endpoints, before.clone() + &more.replace("adapter = \"webhook\"", "adapter = \"pigeon\"")).unwrap();
    hub.signal(rustix::process::Signal::HUP);
    hub.says("there is no pigeon", 1);
    let (code, _, said) = site.run(&["directory", "reload"]);
    assert!(code == 3 || code == 1, "{said}");
    assert!(said.contains("there is no pigeon"), "{said}");

    fs::write(&endpoints, before.clone() + &more).unwrap();
    let rehearsed = site.json(&["directory", "reload", "--dry-run", "--json"]);
    assert_eq!((&rehearsed["inUse"], rehearsed["changes"].as_array().unwrap().len()), (&false.into(), 1));
    hub.signal(rustix::process::Signal::HUP);
    hub.says("a new directory is in use", 1);
    hub.says("+ endpoint QKS: webhook http://127.0.0.1:9/", 1);

    fs::write(&endpoints, &before).unwrap();
    let (code, printed, said) = site.run(&["directory", "reload"]);
    assert_eq!(code, 0, "{said}");
    assert!(printed.starts_with("- endpoint QKS: webhook"), "{printed}");
    hub.says("a new directory is in use", 2);

    hub.signal(rustix::process::Signal::TERM);
    assert!(hub.child.wait().unwrap().success());
    let (code, _, said) = site.run(&["directory", "reload"]);
    assert!(code == 1 && said.contains("no hub runs"), "{said}");
}
