//! Mutual TLS by an authority of the test's own.

use super::{attempt, collected_by, delivery, endpoint, later, reference};
use crate::support::mesh::Sandbox;
use crate::support::python::run;
use ::mesh::Mesh;
use domain::directory::{Endpoint, Secret};
use domain::port::Deliver;
use jiff::Timestamp;
use std::path::Path;

/// The endpoint with these PEM files of the folder.
fn with(url: &str, folder: &Path, files: &[(&str, &str)]) -> Endpoint {
    let mut endpoint = endpoint(url);
    for (name, file) in files {
        let pem = std::fs::read_to_string(folder.join(file)).unwrap();
        endpoint.secret_settings.insert((*name).to_owned(), Secret(pem));
    }
    endpoint
}

#[tokio::test]
async fn both_ends_show_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    run(include_str!("certificates.py"), &[folder.path().to_str().unwrap()], b"");
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (key, certificate, authority) = (file("server.key"), file("server.pem"), file("authority.pem"));
    let tls = ["--ssl-keyfile", &key, "--ssl-certfile", &certificate, "--ssl-ca-certs", &authority, "--ssl-cert-reqs", "2"];
    let sandbox = Sandbox::with(&tls);

    let client = [("client_certificate", "client.pem"), ("client_key", "client.key")];
    let ca = ("ca", "authority.pem");
    let mesh = Mesh::new();
    let nobody = attempt(&mesh, &with(sandbox.url(), folder.path(), &[ca]), delivery(), true).await;
    assert_eq!(nobody.status, None, "MESH wants a certificate: {nobody:?}");
    later(&nobody);
    let stranger = attempt(&mesh, &with(sandbox.url(), folder.path(), &client), delivery(), true).await;
    let (_, why) = later(&stranger);
    assert!(stranger.status.is_none() && why.to_lowercase().contains("certificate"), "MESH is signed by a stranger: {why}");

    let known = with(sandbox.url(), folder.path(), &[client[0], client[1], ca]);
    let held: Vec<_> = mesh.certificates(&known).iter().map(|one| (one.what, one.to.duration_since(one.from).as_hours())).collect();
    assert_eq!(held, [("client certificate", 24), ("certificate authority", 24)]);
    assert_eq!(mesh.certificates(&endpoint(sandbox.url())), []);
    told(&known);
    reference(attempt(&mesh, &known, delivery(), true).await);
    let theirs = Endpoint { settings: super::theirs(sandbox.url()).settings, ..known };
    assert_eq!(collected_by(&theirs).await.len(), 1);
}

/// By `check`, `doctor` and the hub's metrics: those of endpoints that are in use.
#[track_caller]
fn told(known: &Endpoint) {
    let rail: std::sync::Arc<dyn Deliver> = std::sync::Arc::new(Mesh::new());
    let rails = placement_hub::directory::Rails::from([("mesh", rail)]);
    let yesterday = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().unwrap();
    let former = Endpoint { place: Some("91Q".parse().unwrap()), to: Some(yesterday), ..known.clone() };
    let directory = crate::adapters::directory::directory(vec![known.clone(), former]);
    let at = |hours: i64| {
        let now = Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        let held = placement_hub::directory::certificates(&directory, &rails, now, now.to_zoned(jiff::tz::TimeZone::UTC).date());
        held.iter().map(|held| (held.endpoint.clone(), held.is_mistake(), held.wants_a_person())).collect::<Vec<_>>()
    };
    let twice = |mistake, wanted| vec![("QKS".to_owned(), mistake, wanted); 2];
    assert_eq!(at(0), twice(false, true), "a day is not three weeks");
    assert_eq!(at(24), twice(true, true), "ended");
}
