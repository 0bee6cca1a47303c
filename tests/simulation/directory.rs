//! The real directory, with endpoints of our own: three editions, in each of which everybody has another address.

use super::recipients::{BOX, POST, TIMEOUT};
use crate::support::site::EVERYBODY;
use domain::Code;
use domain::directory::Directory;
use domain::port::{BoxFuture, Deliver, Parcel, Report};
use placement_hub::directory::{Sources, load};
use std::fmt::Write;
use std::path::Path;
use std::sync::{Arc, LazyLock};

/// And those who are responsible in January 2026 only: boards merge on 1 April, providers have.
const AND_BEFORE: [&str; 4] = ["QNX", "QU9", "RNU", "RAT"];
/// Who is reached by a mailbox.
const BY_BOX: [&str; 2] = ["E06000045", "QNX"];
/// Who has no endpoint at first.
const NOT_YET: &str = "QU9";

#[derive(Clone, Copy, Debug)]
pub enum Edition {
    First,
    /// May come in the midst of everything.
    Second,
    /// All is well with it.
    Last,
}

static FIRST: LazyLock<Arc<Directory>> = LazyLock::new(|| with_endpoints("first", &[NOT_YET]));
static SECOND: LazyLock<Arc<Directory>> = LazyLock::new(|| with_endpoints("second", &[]));
static LAST: LazyLock<Arc<Directory>> = LazyLock::new(|| with_endpoints("last", &[]));

pub fn edition(edition: Edition) -> Arc<Directory> {
    Arc::clone(match edition {
        Edition::First => &FIRST,
        Edition::Second => &SECOND,
        Edition::Last => &LAST,
    })
}

pub fn recipients() -> Vec<Code> {
    everybody().map(|code| Code::new(code).unwrap()).collect()
}

fn everybody() -> impl Iterator<Item = &'static str> {
    EVERYBODY.into_iter().chain(AND_BEFORE)
}

fn with_endpoints(address: &str, without: &[&str]) -> Arc<Directory> {
    let mut endpoints = String::new();
    for (number, recipient) in everybody().enumerate().filter(|(_, recipient)| !without.contains(recipient)) {
        let adapter = if BY_BOX.contains(&recipient) { BOX } else { POST };
        let concurrency = 1 + number % 3;
        writeln!(
            endpoints,
            "[[endpoint]]\norganisation = \"{recipient}\"\nadapter = \"{adapter}\"\nurl = \"https://{address}.example/{recipient}\"\n\
             timeout_seconds = {TIMEOUT}\nconcurrency = {concurrency}\n"
        )
        .unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("endpoints.toml");
    std::fs::write(&file, endpoints).unwrap();
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/directory");
    let rails = [POST, BOX].map(|name| (name, Arc::new(Named(name)) as Arc<dyn Deliver>)).into();
    let sources = Sources { endpoints: Some(file), ..Sources::folder(&all, &rails, "2026-01-26".parse().unwrap()) };
    Arc::new(load(&sources).expect("the directory is right").directory)
}

/// A rail that has a name only: when a directory is loaded, nothing is sent.
struct Named(&'static str);

impl Deliver for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn deliver<'a>(&'a self, _: Parcel<'a>) -> BoxFuture<'a, Report> {
        Box::pin(std::future::pending())
    }
}
