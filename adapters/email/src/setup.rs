//! An endpoint of this rail, read and checked.

use domain::directory::Endpoint;
use lettre::message::Mailbox;
use lettre::{Address, transport::smtp::authentication::Credentials};

/// What is needed to send one e-mail.
pub(crate) struct Setup {
    pub to: Address,
    pub from: Mailbox,
    pub link: String,
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub login: Option<Credentials>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// From the first byte.
    Wrapped,
    /// STARTTLS, or nothing is sent.
    Required,
    /// STARTTLS where the relay offers it.
    Offered,
}

const SETTINGS: [&str; 5] = ["to", "smtp", "from", "link", "username"];
const PASSWORD: &str = "password";
/// A web address with a path, or a telephone number with a name.
const LINK_CHARS_MAX: usize = 300;

/// # Errors
/// Every mistake, a sentence each.
pub(crate) fn read(endpoint: &Endpoint) -> Result<Setup, Vec<String>> {
    let mut mistakes = Vec::new();
    for key in endpoint.settings.keys().filter(|key| !SETTINGS.contains(&key.as_str())) {
        mistakes.push(format!("an e-mail endpoint has no setting `{key}`: known are {}, and the secret `{PASSWORD}`", SETTINGS.join(", ")));
    }
    for key in endpoint.secret_settings.keys().filter(|key| *key != PASSWORD) {
        mistakes.push(format!("an e-mail endpoint has no secret setting `{key}`: known is `{PASSWORD}`"));
    }
    if !endpoint.secrets.is_empty() {
        mistakes.push("an e-mail is not signed: leave the signing secret out".to_owned());
    }
    let to = note(recipient(endpoint), &mut mistakes);
    let from = note(sender(endpoint), &mut mistakes);
    let link = note(link(endpoint), &mut mistakes);
    let relay = note(relay(endpoint), &mut mistakes);
    let login = note(login(endpoint), &mut mistakes);
    match (to, from, link, relay, login) {
        (Some(to), Some(from), Some(link), Some((host, port, tls)), Some(login)) if mistakes.is_empty() => {
            Ok(Setup { to, from, link, host, port, tls, login })
        }
        _ => Err(mistakes),
    }
}

fn note<T>(read: Result<T, String>, mistakes: &mut Vec<String>) -> Option<T> {
    read.map_err(|mistake| mistakes.push(mistake)).ok()
}

fn setting<'a>(endpoint: &'a Endpoint, key: &str) -> Option<&'a str> {
    endpoint.settings.get(key).map(String::as_str).filter(|text| !text.trim().is_empty())
}

fn recipient(endpoint: &Endpoint) -> Result<Address, String> {
    let text = match (endpoint.url.as_str(), setting(endpoint, "to")) {
        ("", Some(to)) => to,
        ("", None) => return Err("nobody to write to: set `url` to mailto: and the address, or the setting `to`".to_owned()),
        (_, Some(_)) => return Err("both `url` and the setting `to` name a recipient: leave one out".to_owned()),
        (url, None) => {
            url.strip_prefix("mailto:").ok_or("an e-mail endpoint's `url` is mailto: and one address, as in mailto:duty@council.example")?
        }
    };
    // Other characters need an extension that not every relay has; and `%`, `?` and `,` mean something else in a mailto.
    let plain = text.is_ascii() && !text.contains(['%', '?', ',']);
    text.parse()
        .ok()
        .filter(|_| plain)
        .ok_or_else(|| "the recipient is not one plain e-mail address, as in duty@council.example".to_owned())
}

fn sender(endpoint: &Endpoint) -> Result<Mailbox, String> {
    let wanted = "the setting `from` must be the hub's own address, as in `Placement hub <hub@council.example>`";
    let from: Option<Mailbox> = setting(endpoint, "from").and_then(|text| text.parse().ok());
    from.filter(|from| from.email.to_string().is_ascii()).ok_or_else(|| wanted.to_owned())
}

fn link(endpoint: &Endpoint) -> Result<String, String> {
    let good = |text: &&str| text.chars().count() <= LINK_CHARS_MAX && !text.chars().any(char::is_control);
    setting(endpoint, "link").filter(good).map(str::to_owned).ok_or_else(|| {
        format!("the setting `link` must say where to read what waits, or whom to call: one line of at most {LINK_CHARS_MAX} characters")
    })
}

fn relay(endpoint: &Endpoint) -> Result<(String, u16, Tls), String> {
    let wanted = || {
        "the setting `smtp` must be the relay, as in smtp://relay.council.example:587 or smtps://relay.council.example:465, without a user in it".to_owned()
    };
    let (scheme, rest) = setting(endpoint, "smtp").and_then(|text| text.split_once("://")).ok_or_else(wanted)?;
    let (tls, usual) = match (scheme, endpoint.allow_private) {
        ("smtps", _) => (Tls::Wrapped, 465),
        ("smtp", false) => (Tls::Required, 587),
        ("smtp", true) => (Tls::Offered, 587),
        _ => return Err(wanted()),
    };
    let (host, port) = match rest.trim_end_matches('/').rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wanted())?),
        None => (rest.trim_end_matches('/'), usual),
    };
    let good = !host.is_empty() && port != 0 && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c));
    if good { Ok((host.to_owned(), port, tls)) } else { Err(wanted()) }
}

fn login(endpoint: &Endpoint) -> Result<Option<Credentials>, String> {
    match (setting(endpoint, "username"), endpoint.secret_settings.get(PASSWORD)) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(user.to_owned(), password.0.clone()))),
        (None, None) => Ok(None),
        _ => Err(format!("the relay's login needs both the setting `username` and the secret setting `{PASSWORD}`, or neither")),
    }
}
