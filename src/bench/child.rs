//! A hub to measure: this very program as a process of its own, on an empty ledger.

use super::{Bench, machine};
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// A hub that is not ready by now will not be.
const START: Duration = Duration::from_secs(30);
/// Between two questions whether it is ready: the figure is no finer.
const ASK_EVERY: Duration = Duration::from_millis(2);
/// The hub itself takes at most 20 seconds and then gives back what it has.
const STOP: Duration = Duration::from_secs(60);
/// Lines of its log that an error shows.
const LOG_LINES: usize = 20;

/// A running hub. It is killed when dropped.
pub struct Hub<'a> {
    bench: &'a Bench<'a>,
    process: Child,
    folder: PathBuf,
    pid: u32,
    /// From the start of the process until it said that it was ready.
    pub ready: Duration,
}

impl<'a> Hub<'a> {
    /// Starts a hub in a new folder and waits until it is ready.
    pub async fn start(bench: &'a Bench<'a>, name: &str) -> Result<Self, String> {
        let folder = bench.folder.part(name)?;
        let listen = free_address()?;
        let settings =
            write_settings(bench, &folder, listen).map_err(|error| format!("{} cannot be written: {error}", folder.display()))?;
        let log = std::fs::File::create(folder.join("hub.log")).map_err(|error| format!("the hub's log cannot be written: {error}"))?;
        let program = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("PLACEMENT_HUB_"))) {
            command.env_remove(name);
        }
        command.arg("--config").arg(settings).arg("run").env("AMQP_URL", &bench.settings.broker.url).env_remove("LEDGER_URL");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        let begun = Instant::now();
        let process = command.spawn().map_err(|error| format!("the hub does not start: {error}"))?;
        let pid = process.id().unwrap_or_default();
        let mut hub = Self { bench, process, folder, pid, ready: Duration::ZERO };
        hub.until_ready(listen, begun).await.map_err(|what| hub.failed(&what))?;
        hub.ready = begun.elapsed();
        Ok(hub)
    }

    async fn until_ready(&mut self, listen: SocketAddr, begun: Instant) -> Result<(), String> {
        while begun.elapsed() < START {
            if matches!(timeout(START, get(listen, "/readyz")).await, Ok(Ok(status)) if status == 200) {
                return Ok(());
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("the hub ended while starting ({status})"));
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
        Err(format!("the hub was not ready within {} s", START.as_secs()))
    }

    pub fn cpu_seconds(&self) -> Option<f64> {
        machine::cpu_seconds(self.pid)
    }

    pub fn memory_mib(&self) -> Option<(f64, f64)> {
        machine::memory_mib(self.pid)
    }

    /// Stops it in good order; then its ledger must add up, with everything delivered that it ever recorded.
    pub async fn stop(mut self, messages: u64) -> Result<(), String> {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        let told = pid.map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::TERM));
        if !matches!(told, Some(Ok(()))) {
            return Err(self.failed("the hub had ended by itself"));
        }
        match timeout(STOP, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => {}
            Ok(Ok(status)) => return Err(self.failed(&format!("the hub stopped with {status}"))),
            _ => return Err(self.failed(&format!("the hub did not stop within {} s", STOP.as_secs()))),
        }
        self.check_ledger(messages).await.map_err(|what| self.failed(&what))?;
        self.bench.folder.done(&self.folder);
        Ok(())
    }

    async fn check_ledger(&self, messages: u64) -> Result<(), String> {
        let mut settings = self.bench.settings.clone();
        settings.ledger.in_file(self.folder.join("ledger.db"));
        let ledger = crate::wiring::ledger(&settings).map_err(|error| error.to_string())?;
        let balance = ledger.balance(jiff::Timestamp::now()).await.map_err(|error| error.to_string())?;
        let deliveries = messages * u64::from(super::documents::DELIVERIES);
        let delivered = balance.states.iter().find(|(state, _)| *state == domain::delivery::DeliveryState::Delivered);
        let delivered = delivered.map_or(0, |(_, count)| *count);
        if balance.mistakes.is_empty() && balance.messages == messages && delivered == deliveries && balance.attempts == deliveries {
            return Ok(());
        }
        Err(format!(
            "the ledger does not add up: {} messages of {messages}, {delivered} of {deliveries} delivered in {} attempts; {}",
            balance.messages,
            balance.attempts,
            balance.mistakes.join("; ")
        ))
    }

    /// What went wrong, with the end of the hub's log; its folder stays for a look.
    pub fn failed(&self, what: &str) -> String {
        self.bench.folder.keep();
        let path = self.folder.join("hub.log");
        let log = std::fs::read_to_string(&path).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let end = lines[lines.len().saturating_sub(LOG_LINES)..].join("\n");
        format!("{what}; the hub's log is {}\n{end}", path.display())
    }
}

/// Another program may take the port before the hub does; then the hub says so, and the bench runs again.
fn free_address() -> Result<SocketAddr, String> {
    let bound = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    bound.map_err(|error| format!("no port on 127.0.0.1 is free: {error}"))
}

fn write_settings(bench: &Bench<'_>, folder: &Path, listen: SocketAddr) -> std::io::Result<PathBuf> {
    let secret = format!("whsec_{}{}", uuid::Uuid::now_v7().simple(), uuid::Uuid::now_v7().simple());
    std::fs::write(folder.join("secret"), secret)?;
    let mut endpoints = String::new();
    for (organisation, address) in bench.sinks.addresses() {
        let _ = write!(
            endpoints,
            "[[endpoint]]\norganisation = \"{organisation}\"\nadapter = \"webhook\"\nurl = \"http://{address}/notices\"\nsecret_files = [\"secret\"]\nallow_private = true\n\n"
        );
    }
    std::fs::write(folder.join("endpoints.toml"), endpoints)?;
    let publishers = bench.documents.publishers().into_iter();
    let publishers = publishers.map(|code| format!("[[publisher]]\norganisation = \"{code}\"\nmay_send = [\"placement-change\"]\n\n"));
    std::fs::write(folder.join("publishers.toml"), publishers.collect::<String>())?;
    let directory = std::path::absolute(&bench.settings.directory)?;
    let settings = format!(
        "[ledger]\npath = \"ledger.db\"\nkey_file = \"ledger.key\"\n\n[directory]\npath = {}\nendpoints = \"endpoints.toml\"\npublishers = \"publishers.toml\"\n\n[http]\nlisten = \"{listen}\"\n\n[log]\nfilter = \"warn\"\n",
        toml::Value::String(directory.display().to_string())
    );
    let path = folder.join("hub.toml");
    std::fs::write(&path, settings)?;
    Ok(path)
}

/// The status of a page of the hub's.
async fn get(address: SocketAddr, path: &str) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}
