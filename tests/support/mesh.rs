//! The NHS's MESH sandbox, for one test: it starts on a free port with empty mailboxes and ends with the test.

use super::python::PYTHON;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The key that the sandbox is given; its mailboxes' password is `password`.
pub const SHARED_KEY: &str = "TestKey";

/// The NHS's own client, as the mailbox X26ABC2: `send` or `receive`.
pub const CLIENT: &str = include_str!("../mesh/client.py");

pub struct Sandbox {
    url: String,
    child: Child,
}

impl Sandbox {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// With further arguments for its server.
    pub fn with(arguments: &[&str]) -> Self {
        let mut command = Command::new(&*PYTHON);
        command.arg("-c").arg(include_str!("../mesh/sandbox.py")).args(arguments);
        command.envs([("AUTH_MODE", "full"), ("STORE_MODE", "memory"), ("SHARED_KEY", SHARED_KEY)]);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let url = lines.by_ref().find_map(|line| {
            let url = line.split_once("running on ").and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned);
            said.push(line);
            url
        });
        let url = url.unwrap_or_else(|| panic!("the sandbox did not start: {}", said.join("\n")));
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self { url, child }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// `127.0.0.1:port`
    pub fn address(&self) -> &str {
        self.url.rsplit('/').next().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
