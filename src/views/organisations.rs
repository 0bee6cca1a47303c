//! Organisations: how each is reached, until when its certificates hold, and whether it is paused.

use super::{ViewError, Views};
use crate::directory::certificates;
use domain::Code;
use domain::directory::{Endpoint, OrganisationKind};
use domain::port::Pause;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use std::collections::{HashMap, HashSet};

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrganisationView {
    pub code: Code,
    pub name: String,
    pub kind: &'static str,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub endpoints: Vec<EndpointView>,
    pub publishes: Vec<&'static str>,
    /// The pause that holds, or is to come.
    pub pause: Option<Pause>,
    pub is_paused: bool,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointView {
    /// `QKS`, or `QKS/91Q` where it is for a place only.
    pub name: String,
    pub adapter: String,
    /// Without what could be a secret: no query, no user.
    pub address: String,
    pub timeout_seconds: u32,
    pub concurrency: u32,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub is_in_use: bool,
    pub heartbeat_minutes: Option<u32>,
    pub acknowledges_from: Option<Date>,
    pub certificates: Vec<CertificateView>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateView {
    pub what: &'static str,
    pub ends_at: Timestamp,
    pub days_left: i64,
    pub wants_a_person: bool,
}

impl Views {
    /// Those that can be reached, are paused or publish, by name; all where `all`.
    ///
    /// # Errors
    /// Where the ledger does not answer.
    pub async fn organisations(&self, all: bool) -> Result<Vec<OrganisationView>, ViewError> {
        let (directory, now, today) = (self.directory(), self.now(), self.today());
        let pauses: HashMap<Code, Pause> = self
            .journey
            .ledger
            .pauses()
            .await?
            .into_iter()
            .filter(|pause| !pause.is_over(now))
            .map(|pause| (pause.recipient, pause))
            .collect();
        let held = certificates(&directory, &self.rails, now, today);
        let endpoint = |endpoint: &Endpoint| EndpointView {
            name: endpoint.name(),
            adapter: endpoint.adapter.clone(),
            address: address(&endpoint.url),
            timeout_seconds: endpoint.timeout_seconds,
            concurrency: endpoint.concurrency,
            from: endpoint.from,
            to: endpoint.to,
            is_in_use: endpoint.span().holds(today),
            heartbeat_minutes: endpoint.agreed.heartbeat_minutes,
            acknowledges_from: endpoint.agreed.acknowledges_from,
            certificates: held
                .iter()
                .filter(|held| held.endpoint == endpoint.name())
                .map(|held| CertificateView {
                    what: held.certificate.what,
                    ends_at: held.certificate.to,
                    days_left: held.days_left(now),
                    wants_a_person: held.wants_a_person(),
                })
                .collect(),
        };
        let reached: HashSet<Code> = directory.endpoints().iter().map(|endpoint| endpoint.organisation).collect();
        let mut endpoints: HashMap<Code, Vec<EndpointView>> = HashMap::new();
        for one in directory.endpoints() {
            endpoints.entry(one.organisation).or_default().push(endpoint(one));
        }
        let mut found: Vec<OrganisationView> = directory
            .organisations()
            .filter(|one| one.kind != OrganisationKind::CommissionerPlace || reached.contains(&one.code))
            .map(|one| OrganisationView {
                code: one.code,
                name: one.name.clone(),
                kind: one.kind.name(),
                from: one.from,
                to: one.to,
                endpoints: endpoints.remove(&one.code).unwrap_or_default(),
                publishes: directory
                    .publisher(one.code)
                    .map(|publisher| publisher.may_send.iter().map(|kind| kind.name()).collect())
                    .unwrap_or_default(),
                pause: pauses.get(&one.code).cloned(),
                is_paused: pauses.get(&one.code).is_some_and(|pause| pause.holds(now)),
            })
            .filter(|one| all || !one.endpoints.is_empty() || one.pause.is_some())
            .collect();
        found.sort_by(|one, other| (&one.name, one.code).cmp(&(&other.name, other.code)));
        Ok(found)
    }
}

/// Scheme, host and path: a user or a query may hold what is secret.
fn address(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.split_once('/').map_or((rest, None), |(authority, path)| (authority, Some(path)));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            path.map_or_else(|| format!("{scheme}://{host}"), |path| format!("{scheme}://{host}/{path}"))
        }
        None => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn an_address_is_shown_without_what_may_be_secret() {
        assert_eq!(address("https://user:pass@far.example/in?key=1#x"), "https://far.example/in");
        assert_eq!(address("https://far.example"), "https://far.example");
        assert_eq!(address("mailbox"), "mailbox");
    }
}
