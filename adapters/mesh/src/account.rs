//! What an endpoint's settings say: whose mailbox is written to, and as whom.

use domain::directory::{Endpoint, Secret};
use domain::port::Certificate;
use http_client::Validity;
use http_client::checked;
use http_client::guard::Guard;
use http_client::reqwest::{Identity, Url, tls};

/// In clear: `own_mailbox` is the hub's, `mailbox` the recipient's.
const PLAIN: [&str; 3] = ["mailbox", "own_mailbox", "workflow"];
/// Read from files or the environment.
const SECRET: [&str; 5] = ["password", "shared_key", "client_certificate", "client_key", "ca"];
/// Longer than any that the NHS gives out; MESH's own limits are 100 and 300.
const NAME_CHARS_MAX: usize = 100;

/// A mailbox of the hub's at one MESH, with all that it takes to use it. Two that are equal are one connection.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub url: Url,
    pub allow_private: bool,
    pub mailbox: String,
    pub password: Secret,
    pub shared_key: Secret,
    pub tls: Tls,
}

/// PEM.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Tls {
    /// The hub's certificate, its chain and its key.
    identity: Option<Secret>,
    /// Who signs MESH's certificate, where it is not one of the system's authorities.
    ca: Option<Secret>,
}

/// Where a message goes.
pub(crate) struct Address<'a> {
    pub mailbox: &'a str,
    pub workflow: &'a str,
}

/// Reads the settings.
///
/// # Errors
/// Every mistake, a sentence each; no secret is quoted.
pub(crate) fn read(endpoint: &Endpoint) -> Result<(Account, Address<'_>), Vec<String>> {
    let mut wrong = Vec::new();
    let plain = |name: &str| endpoint.settings.get(name).map_or("", String::as_str);
    let secret = |name: &str| endpoint.secret_settings.get(name).filter(|secret| !secret.0.trim().is_empty());

    let url = base(endpoint).map_err(|what| wrong.push(what)).ok();
    for name in ["mailbox", "own_mailbox"] {
        if !is_mailbox(plain(name)) {
            wrong.push(format!("settings.{name}: it must be a MESH mailbox id, capital letters and digits"));
        }
    }
    if !is_workflow(plain("workflow")) {
        wrong.push("settings.workflow: it must be a MESH workflow id, without spaces".to_owned());
    }
    let password = secret("password").filter(|it| is_one_line(it));
    let shared_key = secret("shared_key").filter(|it| is_one_line(it));
    for (name, found) in [("password", password), ("shared_key", shared_key)] {
        if found.is_none() {
            wrong.push(format!(
                "settings.{name}_file: it must name a file with one line; MESH gives the hub's own mailbox both a password and a shared key"
            ));
        }
    }
    let tls = tls(secret("client_certificate"), secret("client_key"), secret("ca")).map_err(|what| wrong.push(what)).ok();
    wrong.extend(endpoint.settings.keys().filter(|key| !PLAIN.contains(&key.as_str())).map(|key| unknown(key)));
    wrong.extend(endpoint.secret_settings.keys().filter(|key| !SECRET.contains(&key.as_str())).map(|key| unknown(key)));

    let (Some(url), Some(password), Some(shared_key), Some(tls), true) = (url, password, shared_key, tls, wrong.is_empty()) else {
        return Err(wrong);
    };
    let mailbox = plain("own_mailbox").to_owned();
    let (password, shared_key) = (trimmed(password), trimmed(shared_key));
    let account = Account { url, allow_private: endpoint.allow_private, mailbox, password, shared_key, tls };
    Ok((account, Address { mailbox: plain("mailbox"), workflow: plain("workflow") }))
}

/// The hub's own, with its chain; and who signs MESH's, where that is given.
pub(crate) fn certificates(endpoint: &Endpoint) -> Vec<Certificate> {
    let pem = |name: &str| endpoint.secret_settings.get(name).map(|secret| secret.0.as_str());
    let own = pem("client_certificate").and_then(Validity::of_chain).map(|validity| ("client certificate", validity));
    let theirs = pem("ca").and_then(Validity::of_authorities).map(|validity| ("certificate authority", validity));
    own.into_iter().chain(theirs).map(|(what, Validity { from, to })| Certificate { what, from, to }).collect()
}

impl Account {
    /// `{base}/messageexchange/{own mailbox}{rest}`; `rest` begins with a slash or is empty.
    pub(crate) fn address(&self, rest: &str) -> String {
        format!("{}/messageexchange/{}{rest}", self.url.as_str().trim_end_matches('/'), self.mailbox)
    }
}

impl Tls {
    pub(crate) fn identity(&self) -> Option<Identity> {
        self.identity.as_ref().and_then(|pem| Identity::from_pem(pem.0.as_bytes()).ok())
    }

    pub(crate) fn authorities(&self) -> Option<Vec<tls::Certificate>> {
        self.ca.as_ref().and_then(|pem| tls::Certificate::from_pem_bundle(pem.0.as_bytes()).ok())
    }
}

fn base(endpoint: &Endpoint) -> Result<Url, String> {
    let url = checked(&endpoint.url, Guard { allow_private: endpoint.allow_private }).map_err(|fault| fault.to_string())?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("the endpoint's url must be MESH's base address, without a query: correct it in the directory".to_owned());
    }
    Ok(url)
}

fn tls(certificate: Option<&Secret>, key: Option<&Secret>, ca: Option<&Secret>) -> Result<Tls, String> {
    let identity = match (certificate, key) {
        (None, None) => None,
        (Some(certificate), Some(key)) => Some(Secret(format!("{}\n{}", certificate.0, key.0))),
        _ => return Err("settings.client_certificate_file and settings.client_key_file: give both or none".to_owned()),
    };
    let tls = Tls { identity, ca: ca.cloned() };
    if tls.identity.is_some() && tls.identity().is_none() {
        return Err("settings.client_certificate_file and settings.client_key_file: they must be a PEM certificate and its PEM key, without a passphrase".to_owned());
    }
    if tls.ca.is_some() && tls.authorities().is_none_or(|authorities| authorities.is_empty()) {
        return Err("settings.ca_file: it must be PEM certificates".to_owned());
    }
    Ok(tls)
}

fn is_mailbox(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

fn is_workflow(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

fn is_one_line(secret: &Secret) -> bool {
    !secret.0.trim().chars().any(char::is_control)
}

/// A file's last line end belongs to the editor.
fn trimmed(secret: &Secret) -> Secret {
    Secret(secret.0.trim().to_owned())
}

fn unknown(key: &str) -> String {
    format!("settings.{key}: MESH has no such setting; it has {}, and in files {}", PLAIN.join(", "), SECRET.join(", "))
}
