//! What lies under deploy/ and a linter cannot know: the settings are right, and the secrets fit together.

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_placement-hub");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

/// As the program would find them in a container, with what is mounted there in one folder.
fn check_settings(file: &str) {
    let folder = tempfile::tempdir().unwrap();
    let here = format!("{}/", folder.path().display());
    let directory = format!("{}/config/directory", root().display());
    let mut text = fs::read_to_string(root().join(file)).unwrap();
    for mounted in ["/run/secrets/placement-hub/", "/run/secrets/", "/run/placement-hub/"] {
        text = text.replace(mounted, &here);
    }
    text = text.replace("/usr/share/placement-hub/directory", &directory).replace("/etc/placement-hub-organisations", &directory);
    let settings = folder.path().join("hub.toml");
    fs::write(&settings, text).unwrap();
    fs::write(folder.path().join("broker-url"), "amqps://hub:x@broker/placement-hub\n").unwrap();
    fs::write(folder.path().join("ledger-url"), "postgres://hub:x@database/placement_hub\n").unwrap();
    let checked = Command::new(PROGRAM).arg("--config").arg(&settings).arg("check").output().unwrap();
    assert!(checked.status.success(), "{file}: {}", said(&checked));
}

#[test]
fn the_settings_that_are_deployed_are_right() {
    check_settings("deploy/compose/hub.toml");
    check_settings("deploy/kubernetes/base/hub.toml");
}

#[test]
fn the_secrets_of_the_compose_file_are_made_once_and_fit_together() {
    let folder = tempfile::tempdir().unwrap();
    let compose = folder.path().join("deploy/compose");
    fs::create_dir_all(&compose).unwrap();
    fs::copy(root().join("deploy/compose/make-secrets"), compose.join("make-secrets")).unwrap();
    let make = || {
        let mut command = Command::new(compose.join("make-secrets"));
        let made = command.arg(PROGRAM).env("PLACEMENT_HUB_DIRECTORY_PATH", root().join("config/directory")).output().unwrap();
        assert!(made.status.success(), "{}", said(&made));
        let names = ["hub.key", "broker-url", "ledger-url", "postgres-password", "grafana-password", "definitions.json"];
        names.map(|name| fs::read_to_string(compose.join("secrets").join(name)).unwrap())
    };
    let made = make();
    assert_eq!(made, make(), "what is there stays as it is");
    let [key, broker, ledger, database, _, definitions] = made;
    assert_eq!(key.trim().len(), 64);
    let password = fs::read_to_string(compose.join("secrets/broker/placement-hub")).unwrap();
    assert_eq!(broker.trim(), format!("amqp://placement-hub:{}@rabbitmq:5672/placement-hub", password.trim()));
    assert!(ledger.contains(database.trim()));
    let definitions: Value = serde_json::from_str(&definitions).unwrap();
    assert_eq!(definitions["vhosts"][0]["name"], "placement-hub");

    // Each file that the compose file mounts from there is made.
    let text = fs::read_to_string(root().join("deploy/compose/compose.yaml")).unwrap();
    let mounted = text.split("./secrets/").skip(1).map(|rest| rest.split([':', '}', '\n']).next().unwrap());
    for name in mounted {
        assert!(compose.join("secrets").join(name).exists(), "{name}");
    }
}
