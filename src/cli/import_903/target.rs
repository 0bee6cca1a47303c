//! Where the documents go: to the broker, into a folder, or nowhere.

use super::Arguments;
use crate::cli::{Failure, failed, runtime};
use crate::config::Settings;
use crate::ssda903::{Ready, What};
use amqp::{Outgoing, Publisher, topology};
use serde::Serialize;
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Documents in one call of the publisher: enough to keep the broker's confirms busy, few enough to repeat.
const BATCH: usize = 500;

pub struct Target {
    way: Way,
    authority: String,
    /// For each child with documents, which. In order.
    pub heads: Vec<ChildHeads>,
    /// Whether the documents themselves are told, not only their numbers.
    whole_heads: bool,
    waiting: Vec<Outgoing>,
    confirmed: usize,
}

enum Way {
    DryRun,
    Folder(PathBuf),
    Broker { runtime: Runtime, publisher: Box<Publisher> },
}

/// What is published of one child: ids and numbers, nothing of the child.
#[derive(Serialize)]
pub struct ChildHeads {
    child: String,
    new: u32,
    updated: u32,
    cancelled: u32,
    documents: Vec<Head>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    change: What,
    placement: String,
    version: u32,
    /// Not of a dry run: an id depends on when the document is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    message_id: Option<String>,
}

impl Target {
    pub fn open(settings: &Settings, arguments: &Arguments) -> Result<Self, Failure> {
        let way = match &arguments.out {
            _ if arguments.dry_run => Way::DryRun,
            Some(folder) => {
                make_empty(folder).map_err(|error| Failure::Failed(format!("{}: {error}", folder.display())))?;
                Way::Folder(folder.clone())
            }
            None => {
                let runtime = runtime()?;
                let publisher = runtime.block_on(Publisher::connect(&settings.broker.url)).map_err(failed("the broker does not answer"))?;
                Way::Broker { runtime, publisher: Box::new(publisher) }
            }
        };
        let authority = arguments.authority.to_string();
        Ok(Self { way, authority, heads: Vec::new(), whole_heads: arguments.json, waiting: Vec::new(), confirmed: 0 })
    }

    pub fn take(&mut self, ready: Ready) -> Result<(), String> {
        self.note(&ready);
        match &self.way {
            Way::DryRun => Ok(()),
            Way::Folder(folder) => {
                let path = folder.join(format!("{}-v{}.json", ready.placement, ready.version));
                write_private(&path, &ready.body).map_err(|error| format!("{} cannot be written: {error}", path.display()))
            }
            Way::Broker { .. } => {
                self.waiting.push(Outgoing {
                    exchange: topology::INTAKE.to_owned(),
                    routing_key: format!("placement-change.{}", self.authority),
                    body: ready.body,
                    content_type: Some("application/json".to_owned()),
                    message_id: Some(ready.message_id),
                    ..Outgoing::default()
                });
                if self.waiting.len() < BATCH { Ok(()) } else { self.flush() }
            }
        }
    }

    /// Returns when the broker has confirmed all that was taken.
    pub fn flush(&mut self) -> Result<(), String> {
        let Way::Broker { runtime, publisher } = &self.way else { return Ok(()) };
        let results = runtime.block_on(publisher.publish(std::mem::take(&mut self.waiting)));
        let total = results.len();
        let wrong: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        self.confirmed += total - wrong.len();
        let Some(first) = wrong.first() else { return Ok(()) };
        Err(format!(
            "{first}. {} documents are with the broker, {} of the last {total} are not; the state was not changed. Run the same import again: \
             the hub knows those that it has",
            self.confirmed,
            wrong.len()
        ))
    }

    pub fn verdict(&self) -> &'static str {
        match self.way {
            Way::DryRun => "would be published",
            Way::Folder(_) => "written",
            Way::Broker { .. } => "published",
        }
    }

    fn note(&mut self, ready: &Ready) {
        if matches!(self.way, Way::Broker { .. }) && !self.whole_heads {
            return;
        }
        if self.heads.last().is_none_or(|last| last.child != ready.child) {
            self.heads.push(ChildHeads { child: ready.child.clone(), new: 0, updated: 0, cancelled: 0, documents: Vec::new() });
        }
        let Some(child) = self.heads.last_mut() else { return };
        match ready.what {
            What::New => child.new += 1,
            What::Updated => child.updated += 1,
            What::Cancelled => child.cancelled += 1,
        }
        if self.whole_heads {
            let message_id = (!matches!(self.way, Way::DryRun)).then(|| ready.message_id.clone());
            let placement = ready.placement.clone();
            child.documents.push(Head { change: ready.what, placement, version: ready.version, message_id });
        }
    }
}

impl fmt::Display for ChildHeads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [(self.new, "new"), (self.updated, "updated"), (self.cancelled, "cancelled")];
        let counts: Vec<_> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        write!(f, "{}: {}", self.child, counts.join(", "))
    }
}

/// Documents of an earlier run between those of this one would be published as if they belonged to it.
fn make_empty(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    if std::fs::read_dir(folder)?.next().is_some() {
        return Err(std::io::Error::other("the folder is not empty: give a new one"));
    }
    Ok(())
}

fn write_private(path: &Path, body: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(body)
}
