//! Mutual TLS by an authority of the test's own.

use super::{attempt, collected_by, delivery, endpoint, later, reference};
use crate::support::mesh::Sandbox;
use crate::support::python::run;
use ::mesh::Mesh;
use domain::directory::{Endpoint, Secret};
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
    reference(attempt(&mesh, &known, delivery(), true).await);
    let theirs = Endpoint { settings: super::theirs(sandbox.url()).settings, ..known };
    assert_eq!(collected_by(&theirs).await.len(), 1);
}
