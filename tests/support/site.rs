//! One installation of the hub in a temporary folder: its settings, ledger, keys and endpoints, and the program itself.

use super::door::within;
use super::sink::{BOUND, Sink, secret};
use domain::port::{Balance, LedgerView};
use jiff::Timestamp;
use placement_hub::http::token_digest;
use rusqlite::Connection;
use serde_json::Value;
use sqlite_ledger::SqliteLedger;
use std::collections::HashMap;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

const PROGRAM: &str = env!("CARGO_BIN_EXE_placement-hub");
/// Between two looks at something that cannot be waited for.
const LOOK: Duration = Duration::from_millis(20);

/// Everybody whom the tests' children lead to: authorities, commissioners, providers.
pub const EVERYBODY: [&str; 11] =
    ["E10000016", "E06000035", "E06000043", "E06000045", "E10000025", "QKS", "S9B9J", "QRL", "S0E4D", "RX2", "RW1"];

pub struct Site {
    folder: TempDir,
    url: String,
}

/// What differs from one site to another.
pub struct Plan<'a> {
    /// Who has an endpoint.
    pub recipients: &'a [&'a str],
    /// Seconds that a recipient may take.
    pub timeout: u32,
    /// Attempts at one recipient at once.
    pub concurrency: u32,
    pub delivery_limit: u32,
    /// The database of a ledger that several hubs share; none for a file of its own.
    pub database: Option<&'a str>,
    /// Lines of settings, by section.
    pub settings: &'a str,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Self { recipients: &EVERYBODY, timeout: 10, concurrency: 16, delivery_limit: 20, database: None, settings: "" }
    }
}

impl Site {
    pub fn new(url: &str, sink: SocketAddr, plan: &Plan<'_>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut endpoints = String::new();
        for recipient in plan.recipients {
            std::fs::write(folder.path().join(format!("{recipient}.whsec")), secret(recipient)).unwrap();
            write!(
                endpoints,
                "[[endpoint]]\norganisation = \"{recipient}\"\nadapter = \"webhook\"\nurl = \"http://{sink}/{recipient}\"\n\
                 secret_files = [\"{recipient}.whsec\"]\nallow_private = true\ntimeout_seconds = {}\nconcurrency = {}\n\n",
                plan.timeout, plan.concurrency
            )
            .unwrap();
        }
        std::fs::write(folder.path().join("endpoints.toml"), endpoints).unwrap();
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/directory");
        let ledger = plan.database.map_or_else(|| "path = \"ledger.db\"".to_owned(), |url| format!("url = \"{url}\""));
        let settings = format!(
            "[broker]\ndelivery_limit = {}\n[ledger]\n{ledger}\nkey_file = \"hub.key\"\n\
             [directory]\npath = \"{}\"\nendpoints = \"endpoints.toml\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [delivery]\nbackoff_base_seconds = 1\nbackoff_cap_seconds = 2\n{}",
            plan.delivery_limit,
            directory.display(),
            plan.settings
        );
        std::fs::write(folder.path().join("hub.toml"), settings).unwrap();
        Self { folder, url: url.to_owned() }
    }

    pub async fn with_sink(url: &str, plan: &Plan<'_>) -> (Self, Sink) {
        let sink = Sink::start().await;
        (Self::new(url, sink.address, plan), sink)
    }

    /// Further endpoints, as a directory writes them.
    pub fn add_endpoints(&self, text: &str) {
        let before = std::fs::read_to_string(self.path("endpoints.toml")).unwrap();
        std::fs::write(self.path("endpoints.toml"), before + text).unwrap();
    }

    /// Tokens by organisation, with what each may do (`"publish"`, `"read"`).
    pub fn give_tokens(&self, tokens: &[(&str, &str, &str)]) {
        let entries = tokens.iter().map(|(organisation, token, may)| {
            let digest: String = token_digest(token).iter().map(|byte| format!("{byte:02x}")).collect();
            format!("[[token]]\norganisation = \"{organisation}\"\nsha256 = \"{digest}\"\nmay = [\"{may}\"]\n\n")
        });
        std::fs::write(self.path("tokens.toml"), entries.collect::<String>()).unwrap();
        let settings = std::fs::read_to_string(self.path("hub.toml")).unwrap();
        let named = "endpoints = \"endpoints.toml\"\n";
        std::fs::write(self.path("hub.toml"), settings.replace(named, &format!("{named}tokens = \"tokens.toml\"\n"))).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with these settings and this broker.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg("--config").arg(self.path("hub.toml")).args(arguments);
        command.env("AMQP_URL", &self.url).env_remove("PLACEMENT_HUB_CRASH_AT").stdin(Stdio::null());
        command
    }

    /// Runs a command to its end: its exit code, what it printed and what it said.
    pub fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        (status.code().unwrap_or(-1), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }

    /// What a command that succeeds prints, as JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let (code, printed, said) = self.run(arguments);
        assert_eq!(code, 0, "{arguments:?}: {said}");
        serde_json::from_str(&printed).unwrap()
    }

    /// Starts the hub and waits until it is ready.
    pub async fn start(&self) -> Hub {
        let mut hub = self.launch(None);
        hub.ready().await;
        hub
    }

    /// Starts the hub, to crash at a point (`name:count`) where one is given, and waits for nothing.
    pub fn launch(&self, crash: Option<&str>) -> Hub {
        let mut command = self.command(&["run"]);
        if let Some(crash) = crash {
            command.env("PLACEMENT_HUB_CRASH_AT", crash);
        }
        self.spawn(command)
    }

    /// Starts the hub with another address of its broker, as another user, and waits for nothing.
    pub fn launch_on(&self, url: &str) -> Hub {
        let mut command = self.command(&["run"]);
        command.env("AMQP_URL", url);
        self.spawn(command)
    }

    fn spawn(&self, mut command: Command) -> Hub {
        let log = self.path("hub.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let from = file.metadata().unwrap().len();
        Hub { child: command.stdout(Stdio::null()).stderr(file).spawn().unwrap(), log, from: usize::try_from(from).unwrap(), address: None }
    }

    /// The ledger, while no hub has it.
    pub fn ledger(&self) -> SqliteLedger {
        SqliteLedger::open(&self.path("ledger.db")).unwrap()
    }

    /// Everything adds up and nothing is leased: how every journey ends.
    pub async fn balances(&self) -> Balance {
        // Before the ledger is opened by us, which would free what is leased.
        assert_eq!(self.leased(), Vec::<Uuid>::new(), "leased, and nobody sends it");
        let balance = self.ledger().balance(Timestamp::now()).await.unwrap();
        assert_eq!(balance.mistakes, Vec::<String>::new());
        balance
    }

    /// What the ledger counts as being sent, as a dead hub left it.
    pub fn leased(&self) -> Vec<Uuid> {
        let connection = self.look();
        let mut statement = connection.prepare("SELECT id FROM deliveries WHERE state = 2").unwrap();
        let rows = statement.query_map([], |row| row.get::<_, [u8; 16]>(0)).unwrap();
        rows.map(|id| Uuid::from_bytes(id.unwrap())).collect()
    }

    /// Which child each delivery is about, by the ledger's own number.
    pub fn children(&self) -> HashMap<Uuid, i64> {
        let connection = self.look();
        let mut statement = connection.prepare("SELECT id, child FROM deliveries").unwrap();
        let rows = statement.query_map([], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Children that are to be decided on again without a message.
    pub fn waiting(&self) -> i64 {
        self.look().query_row("SELECT count(*) FROM children WHERE wake_at IS NOT NULL", [], |row| row.get(0)).unwrap()
    }

    /// Waits until the running hub has recorded so many messages and has nothing left to deliver.
    pub async fn all_done(&self, messages: usize) {
        let connection = self.look();
        let sql = "SELECT (SELECT count(*) FROM messages), (SELECT count(*) FROM deliveries WHERE open = 1)";
        let mut statement = connection.prepare(sql).unwrap();
        loop {
            let (recorded, open): (i64, i64) = statement.query_row([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            if usize::try_from(recorded).unwrap() >= messages && open == 0 {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Past the lock, and leaving the log as it is: the next hub has to recover from it by itself.
    fn look(&self) -> Connection {
        let connection = Connection::open(self.path("ledger.db")).unwrap();
        connection.busy_timeout(BOUND).unwrap();
        connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
        connection
    }
}

/// A running hub; it dies with its test.
pub struct Hub {
    child: Child,
    log: PathBuf,
    from: usize,
    address: Option<SocketAddr>,
}

impl Hub {
    pub async fn ready(&mut self) {
        self.listening().await;
        self.until_status("/readyz", 200).await;
    }

    /// Waits until the hub has told where its pages are.
    pub async fn listening(&mut self) {
        let address = within("the hub's address", async {
            loop {
                let log = self.log();
                if let Some((_, rest)) = log.split_once("status_page=http://")
                    && let Some((address, _)) = rest.split_once('/')
                {
                    return address.parse().unwrap();
                }
                assert!(self.child.try_wait().unwrap().is_none(), "the hub ended: {log}");
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
        self.address = Some(address);
    }

    /// Waits until a page answers with this status.
    pub async fn until_status(&self, path: &str, status: u16) -> String {
        let mut last = None;
        let found = tokio::time::timeout(BOUND, async {
            loop {
                last = self.get(path).await;
                if let Some((found, body)) = &last
                    && *found == status
                {
                    return body.clone();
                }
                tokio::time::sleep(LOOK).await;
            }
        })
        .await;
        found.unwrap_or_else(|_| panic!("{path} did not become {status}: {last:?}"))
    }

    /// A page: its status and body. None where nobody answers.
    pub async fn get(&self, path: &str) -> Option<(u16, String)> {
        let address = self.address.expect("the hub has told its address");
        let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    pub fn address(&self) -> SocketAddr {
        self.address.expect("the hub has told its address")
    }

    /// SIGKILL: as if its power went.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// What this hub has logged so far.
    pub fn log(&self) -> String {
        let log = std::fs::read(&self.log).unwrap();
        String::from_utf8_lossy(&log[self.from..]).into_owned()
    }

    /// SIGTERM, and what the hub ended with.
    pub async fn stop(mut self) -> ExitStatus {
        self.terminate();
        let status = self.ended().await;
        assert!(status.success(), "{status}: {}", self.log());
        status
    }

    pub fn terminate(&self) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM).unwrap();
    }

    /// How often it has begun to consume.
    pub fn consumed(&self) -> usize {
        self.log().matches("consuming from RabbitMQ").count()
    }

    pub async fn ended(&mut self) -> ExitStatus {
        within("the hub's end", async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(LOOK).await;
            }
        })
        .await
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
