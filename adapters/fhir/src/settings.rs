//! What an endpoint of this rail says about itself, and all that may be wrong with it.
//!
//! Settings: `service_id` (required: the recipient's service, as the NHS's directory of services numbers it, or `system|value`),
//! `own_organisation` (required: the ODS code of whoever runs the hub), `own_name` and `software` (as the receiver is to see them).
//! Secret settings: `token` (optional: a bearer token).

use crate::codes;
use domain::Code;
use domain::directory::Endpoint;
use domain::identifiers::is_ods;
use http_client::{checked, guard::Guard};

const KNOWN: &[&str] = &["service_id", "own_organisation", "own_name", "software"];
/// They go into headers, which servers bound at some thousands of bytes in all.
const VALUE_CHARS_MAX: usize = 200;

/// Between whom a message goes, and how the sender names itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub recipient: Code,
    /// The recipient's service, `system|value`.
    pub service: String,
    /// ODS code.
    pub own_organisation: Code,
    pub own_name: Option<String>,
    pub software: String,
}

impl Terms {
    /// What the endpoint's settings say.
    ///
    /// # Errors
    /// Everything that is wrong with the endpoint, a sentence each.
    pub fn of(endpoint: &Endpoint) -> Result<Self, Vec<String>> {
        let wrong = mistakes(endpoint);
        let setting = |name: &str| endpoint.settings.get(name);
        match (setting("service_id"), setting("own_organisation").and_then(|code| Code::new(code).ok())) {
            (Some(service), Some(own_organisation)) if wrong.is_empty() => Ok(Self {
                recipient: endpoint.organisation,
                service: if service.contains('|') { service.clone() } else { format!("{}|{service}", codes::SERVICE) },
                own_organisation,
                own_name: setting("own_name").cloned(),
                software: setting("software").map_or("placement-hub", String::as_str).to_owned(),
            }),
            _ => Err(wrong),
        }
    }

    /// System and value of the recipient's service.
    pub(crate) fn service_parts(&self) -> (&str, &str) {
        self.service.split_once('|').unwrap_or((codes::SERVICE, &self.service))
    }
}

/// A sentence for each mistake, none where the endpoint can be used.
pub(crate) fn mistakes(endpoint: &Endpoint) -> Vec<String> {
    let mut wrong = Vec::new();
    if let Err(fault) = checked(&endpoint.url, Guard { allow_private: endpoint.allow_private }) {
        wrong.push(fault.to_string());
    }
    for name in endpoint.settings.keys().filter(|name| !KNOWN.contains(&name.as_str())) {
        wrong.push(format!("the rail `fhir` has no setting `{name}`; it has {}", KNOWN.join(", ")));
    }
    for name in endpoint.secret_settings.keys().filter(|name| *name != "token") {
        wrong.push(format!("the rail `fhir` has no secret setting `{name}`; it has token"));
    }
    for (name, _) in endpoint.settings.iter().filter(|(_, value)| !is_line(value)) {
        wrong.push(format!("`{name}` is empty, has control characters or more than {VALUE_CHARS_MAX} characters: correct it"));
    }
    match endpoint.settings.get("service_id") {
        None => wrong.push("`service_id` is missing: give the id of the recipient's service in the directory of services".to_owned()),
        Some(id) if id.contains(char::is_whitespace) || id.split('|').count() > 2 || id.split('|').any(str::is_empty) => {
            wrong.push("`service_id` is neither an id nor `system|id`: correct it".to_owned());
        }
        Some(_) => {}
    }
    match endpoint.settings.get("own_organisation") {
        None => wrong.push("`own_organisation` is missing: give the ODS code of the organisation that runs the hub".to_owned()),
        Some(code) if !is_ods(code) => {
            wrong.push("`own_organisation` is no ODS code: three to ten capitals and digits, such as QKS".to_owned());
        }
        Some(_) => {}
    }
    let printable = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    if endpoint.secret_settings.get("token").is_some_and(|token| !printable(token.0.trim())) {
        wrong.push("the secret `token` is empty or has characters that a header can't hold: correct its file".to_owned());
    }
    wrong
}

fn is_line(value: &str) -> bool {
    !value.trim().is_empty() && !value.contains(char::is_control) && value.chars().count() <= VALUE_CHARS_MAX
}
