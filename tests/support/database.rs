//! A PostgreSQL schema of a test's own: as good as a database, and made in a millisecond.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Dropped with its test, whatever becomes of the test.
pub struct Schema {
    name: String,
    server: String,
}

impl Schema {
    pub fn new() -> Self {
        let server = std::env::var("TEST_DATABASE_URL")
            .expect("set TEST_DATABASE_URL: scripts/postgres start; TEST_DATABASE_URL=$(scripts/postgres url)");
        let name = format!("t{}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed), uuid::Uuid::now_v7().simple());
        let schema = Self { name, server };
        schema.run(&format!("CREATE SCHEMA {}", schema.name));
        schema
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a hub finds it: whatever it makes is made in this schema, and its connections bear the schema's name.
    pub fn url(&self) -> String {
        let joint = if self.server.contains('?') { '&' } else { '?' };
        format!("{}{joint}options=-csearch_path%3D{1}&application_name={1}", self.server, self.name)
    }

    /// Ends the connections of those who use it, all at once.
    pub fn break_connections(&self) {
        self.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = current_schema() AND pid <> pg_backend_pid()",
        );
    }

    /// Of those who use it.
    pub fn connections(&self) -> usize {
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema() AND pid <> pg_backend_pid()";
        self.ask(sql)[0][0].parse().unwrap()
    }

    /// How many of its connections last did this.
    pub fn doing(&self, query: &str) -> usize {
        let sql = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = current_schema() AND pid <> pg_backend_pid() AND query = '{query}'"
        );
        self.ask(&sql)[0][0].parse().unwrap()
    }

    /// Statements without an answer, within this schema.
    pub fn run(&self, sql: &str) {
        self.ask(sql);
    }

    /// What statements answer, each row a list of texts.
    pub fn ask(&self, sql: &str) -> Vec<Vec<String>> {
        let (url, sql) = (self.url(), sql.to_owned());
        // From within a runtime or without: on a thread of its own.
        let asked = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
                let driving = tokio::spawn(connection);
                let answer = client.simple_query(&sql).await.unwrap();
                drop(client);
                driving.await.unwrap().unwrap();
                let rows = answer.iter().filter_map(|message| match message {
                    tokio_postgres::SimpleQueryMessage::Row(row) => {
                        Some((0..row.len()).map(|column| row.get(column).unwrap_or_default().to_owned()).collect())
                    }
                    _ => None,
                });
                rows.collect()
            })
        });
        asked.join().unwrap()
    }
}

/// A PostgreSQL of a test's own, to be broken. Removed with its test, whatever becomes of the test.
pub struct Server {
    name: &'static str,
    pub url: String,
}

impl Server {
    pub fn start(name: &'static str) -> Self {
        // First, so that what fails to start is removed too.
        let mut server = Self { name, url: String::new() };
        server.url = server.does("start").trim().to_owned();
        server
    }

    /// `start`, `stop`, `kill`; what the command prints.
    pub fn does(&self, verb: &str) -> String {
        let Output { status, stdout, stderr } = run(&[verb, self.name]);
        assert!(status.success(), "scripts/postgres {verb} {}: {}", self.name, String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        run(&["remove", self.name]);
    }
}

fn run(arguments: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/postgres");
    // A server that the environment names is not one to break.
    Command::new(script).args(arguments).env_remove("TEST_DATABASE_URL").output().unwrap()
}

impl Drop for Schema {
    fn drop(&mut self) {
        self.run(&format!("DROP SCHEMA {} CASCADE", self.name));
    }
}
