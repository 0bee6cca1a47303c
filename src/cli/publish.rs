//! `publish`: documents to the intake exchange, confirmed.

use super::{Context, Failure, Outcome, failed, runtime, say};
use crate::contracts::Contracts;
use amqp::{Outgoing, Publisher, topology};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = "A document that the hub would reject is refused here, with every reason, before anything is published.")]
pub struct Arguments {
    /// Documents, JSON or XML
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Publish even what the hub would reject
    #[arg(long)]
    unchecked: bool,
}

pub fn publish(context: &Context, arguments: &Arguments) -> Outcome {
    let settings = context.settings()?;
    let contracts = Contracts::new().map_err(failed("this build is broken"))?;
    let mut outgoing = Vec::with_capacity(arguments.files.len());
    let mut wrong = Vec::new();
    for file in &arguments.files {
        match prepare(&contracts, file, arguments.unchecked) {
            Ok(one) => outgoing.push(one),
            Err(what) => wrong.push(what),
        }
    }
    if !wrong.is_empty() {
        return Err(Failure::Failed(format!("nothing was published:\n{}", wrong.join("\n"))));
    }
    runtime()?.block_on(async {
        let publisher = Publisher::connect(&settings.broker.url).await.map_err(failed("the broker does not answer"))?;
        let results = publisher.publish(outgoing).await;
        let mut lost = Vec::new();
        for (file, result) in arguments.files.iter().zip(results) {
            match result {
                Ok(()) => say(format!("{}: the broker has it", file.display()))?,
                Err(error) => lost.push(format!("{}: {error}", file.display())),
            }
        }
        publisher.close().await;
        if lost.is_empty() { Ok(()) } else { Err(Failure::Failed(lost.join("\n"))) }
    })
}

fn prepare(contracts: &Contracts, file: &Path, unchecked: bool) -> Result<Outgoing, String> {
    let body = std::fs::read(file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
    let xml = file.extension().is_some_and(|extension| extension == "xml");
    let content_type = if xml { "application/xml" } else { "application/json" };
    let (message_type, publisher, message_id) = match contracts.read(Some(content_type), &body) {
        Ok(message) => {
            let header = message.header();
            (message.message_type().name(), header.publisher, Some(header.message_id.clone()))
        }
        Err(unreadable) if unchecked => (
            unreadable.message_type.map_or("unknown", |message_type| message_type.name()),
            unreadable.publisher.unwrap_or(domain::Code::NONE),
            unreadable.message_id,
        ),
        Err(unreadable) => {
            let reasons: Vec<_> =
                unreadable.reasons.iter().map(|reason| format!("  {}: {} [{}]", reason.path, reason.message, reason.code)).collect();
            return Err(format!("{}:\n{}", file.display(), reasons.join("\n")));
        }
    };
    Ok(Outgoing {
        exchange: topology::INTAKE.to_owned(),
        routing_key: format!("{message_type}.{publisher}"),
        body,
        content_type: Some(content_type.to_owned()),
        message_id,
        ..Outgoing::default()
    })
}
