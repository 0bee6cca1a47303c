//! What is said of an endpoint before anything is sent.

use super::endpoint;
use ::mesh::Mesh;
use domain::directory::{Endpoint, Secret};
use domain::port::Deliver;

fn check(change: impl FnOnce(&mut Endpoint)) -> Vec<String> {
    let mut endpoint = Endpoint { allow_private: false, ..endpoint("https://mesh.example.org") };
    change(&mut endpoint);
    Mesh::new().check(&endpoint)
}

fn plain(name: &str, value: &str) -> Vec<String> {
    check(|endpoint| _ = endpoint.settings.insert(name.to_owned(), value.to_owned()))
}

fn secret(name: &str, value: &str) -> Vec<String> {
    check(|endpoint| _ = endpoint.secret_settings.insert(name.to_owned(), Secret(value.to_owned())))
}

#[test]
fn good_settings_pass() {
    assert_eq!(check(|_| ()), [""; 0]);
    assert_eq!(secret("password", "Quince4\n"), [""; 0], "a file's last line end");
}

#[test]
fn each_mistake_is_named_and_no_secret_is() {
    for (mistakes, piece) in [
        (plain("mailbox", "x26abc2"), "settings.mailbox"),
        (plain("mailbox", "X26/ABC2"), "settings.mailbox"),
        (plain("own_mailbox", ""), "settings.own_mailbox"),
        (plain("workflow", "A B"), "settings.workflow"),
        (plain("workflow", "A\r\nMex-To: X"), "settings.workflow"),
        (plain("mailboxes", "X26ABC2"), "settings.mailboxes"),
        (secret("password", ""), "settings.password_file"),
        (secret("password", "Quince4\nQuince4"), "settings.password_file"),
        (check(|endpoint| _ = endpoint.secret_settings.remove("shared_key")), "settings.shared_key_file"),
        (secret("client_certificate", "Quince4"), "both or none"),
        (secret("ca", "Quince4"), "settings.ca_file"),
        (secret("pin", "Quince4"), "settings.pin"),
        (check(|endpoint| "http://mesh.example.org".clone_into(&mut endpoint.url)), "plain http"),
        (check(|endpoint| "https://127.0.0.1".clone_into(&mut endpoint.url)), "loopback"),
        (check(|endpoint| "https://mesh.example.org/?a=b".clone_into(&mut endpoint.url)), "base address"),
    ] {
        assert_eq!(mistakes.len(), 1, "{piece}: {mistakes:?}");
        assert!(mistakes[0].contains(piece) && !mistakes[0].contains("Quince4"), "{piece}: {mistakes:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mistakes = check(|endpoint| {
        endpoint.settings.clear();
        endpoint.secret_settings.clear();
        endpoint.url.clear();
    });
    assert_eq!(mistakes.len(), 6, "{mistakes:?}");
}

#[test]
fn a_certificate_and_a_key_that_are_none_are_told() {
    let mistakes = check(|endpoint| {
        for name in ["client_certificate", "client_key"] {
            endpoint.secret_settings.insert(name.to_owned(), Secret("Quince4".to_owned()));
        }
    });
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].contains("PEM") && !mistakes[0].contains("Quince4"), "{mistakes:?}");
}
