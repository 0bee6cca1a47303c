//! Anybody can check a certificate, with a program that is not ours: OpenSSL, from the key as `trace --public-key` prints it.

use super::altered::{certificate, public};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use placement_hub::certificate::jws;
use placement_hub::keys::Keys;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// Where `scripts/setup` looks for one of version 3.
const PROGRAMS: [&str; 3] = ["openssl", "/opt/homebrew/opt/openssl@3/bin/openssl", "/usr/local/opt/openssl@3/bin/openssl"];

fn program() -> &'static str {
    let knows_rawin = |program: &str| {
        let help = Command::new(program).args(["pkeyutl", "-help"]).output();
        help.is_ok_and(|help| String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).contains("-rawin"))
    };
    PROGRAMS.into_iter().find(|program| knows_rawin(program)).expect("OpenSSL 3 is there: scripts/setup installs it")
}

/// Whether OpenSSL takes the certificate's signature for that of the key.
fn openssl(folder: &Path, key: &str, certificate: &str) -> bool {
    let jws: Value = serde_json::from_str(certificate).unwrap();
    let part = |name: &str| jws[name].as_str().unwrap();
    std::fs::write(folder.join("key.pem"), key).unwrap();
    std::fs::write(folder.join("signed"), format!("{}.{}", part("protected"), part("payload"))).unwrap();
    std::fs::write(folder.join("signature"), URL_SAFE_NO_PAD.decode(part("signature")).unwrap()).unwrap();
    let mut command = Command::new(program());
    command.args(["pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-in", "signed", "-sigfile", "signature"]);
    let output = command.current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.success(), said.contains("Signature Verified Successfully"), "{output:?}");
    output.status.success()
}

#[test]
fn openssl_takes_it_for_genuine_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (key, certificate) = (public().to_pem(), certificate());
    assert!(openssl(folder.path(), &key, &certificate));

    let mut altered: Value = serde_json::from_str(&certificate).unwrap();
    let statement = URL_SAFE_NO_PAD.decode(altered["payload"].as_str().unwrap()).unwrap();
    let statement = String::from_utf8(statement).unwrap().replace("in-time", "overdue");
    altered["payload"] = URL_SAFE_NO_PAD.encode(statement).into();
    assert!(!openssl(folder.path(), &key, &altered.to_string()));

    let other = jws::sign(&Keys::from_master(&[8; 32]).unwrap(), b"{}").unwrap();
    assert!(!openssl(folder.path(), &key, &other));
}
