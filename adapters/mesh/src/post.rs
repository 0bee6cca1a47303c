//! The hub's mailboxes as the hub's post loop sees them.

use crate::{Fault, Mailbox, Mesh, Received, Report, Tracked, account};
use domain::directory::Endpoint;
use domain::port::{self, BoxFuture, Confirmed, Letter, Post};
use jiff::Timestamp;

impl Post for Mesh {
    fn name(&self) -> &'static str {
        port::Deliver::name(self)
    }

    fn mailboxes(&self, endpoints: &[Endpoint], now: Timestamp) -> Vec<Box<dyn port::Mailbox>> {
        Self::mailboxes(self, endpoints, now).into_iter().map(|mailbox| Box::new(mailbox) as Box<dyn port::Mailbox>).collect()
    }

    fn track<'a>(&'a self, endpoint: &'a Endpoint, reference: &'a str, now: Timestamp) -> BoxFuture<'a, Result<Option<Confirmed>, String>> {
        Box::pin(async move {
            let tracked = async { self.mailbox(endpoint, now)?.track(reference).await }.await.map_err(|fault: Fault| fault.to_string())?;
            Ok(match tracked {
                Tracked::Accepted => None,
                Tracked::Acknowledged => Some(Confirmed::Delivered { receipt: format!("collected from MESH: {reference}") }),
                Tracked::Error(why) => Some(Confirmed::Again { why: format!("MESH gave it up: {why}") }),
                Tracked::Gone => Some(Confirmed::Again { why: "MESH does not know it any more".to_owned() }),
            })
        })
    }

    fn is_from(&self, endpoint: &Endpoint, sender: &str) -> bool {
        account::read(endpoint).is_ok_and(|(_, to)| to.mailbox.eq_ignore_ascii_case(sender))
    }
}

impl port::Mailbox for Mailbox {
    fn name(&self) -> &str {
        self.id()
    }

    fn list<'a>(&'a self, limit: usize) -> BoxFuture<'a, Result<Vec<String>, String>> {
        Box::pin(async move { self.inbox(limit).await.map_err(|fault| fault.to_string()) })
    }

    fn read<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Letter, String>> {
        Box::pin(async move {
            match Self::read(self, id).await {
                Ok(Received::Message(message)) => {
                    Ok(Letter::Document { from: message.from, content_type: message.content_type, body: message.body })
                }
                Ok(Received::Report(report)) => Ok(Letter::Undelivered { delivery: report.delivery(), why: sentence(&report) }),
                Ok(Received::Gone) => Ok(Letter::Gone),
                Err(fault @ (Fault::TooLarge { .. } | Fault::NotGzip)) => Ok(Letter::Unreadable(fault.to_string())),
                Err(fault) => Err(fault.to_string()),
            }
        })
    }

    fn acknowledge<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { Self::acknowledge(self, id).await.map_err(|fault| fault.to_string()) })
    }
}

fn sentence(report: &Report) -> String {
    match report.status_code.as_deref() {
        Some("14") => "MESH reports that nobody collected it within five days".to_owned(),
        Some(code) => format!("MESH reports that it will not arrive (status {code})"),
        None => "MESH reports that it will not arrive".to_owned(),
    }
}
