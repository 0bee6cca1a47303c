//! What the adapter is told, checked before anything connects. Nothing here ever shows a password.

use lapin::uri::AMQPUri;
use std::fmt;

/// How to consume. [`Settings::new`] fills in the defaults.
#[derive(Clone)]
pub struct Settings {
    /// `amqp://user:password@host:port/vhost`, or `amqps://` for TLS verified against the machine's trust store.
    pub url: String,
    /// Messages that the broker may have out with us unacknowledged: 1 to 2,000. It bounds memory, the largest batch, and
    /// how many messages count one delivery more when the hub dies. 500 keeps batches of a few hundred coming.
    pub prefetch: u16,
    /// A broker silent for this long is taken for dead: 1 to 600. Ten seconds outlasts a pause, not an outage.
    pub heartbeat_seconds: u16,
    /// What the broker's own tools show this connection as.
    pub connection_name: String,
    /// After so many redeliveries the broker moves a message to the rejected queue: 1 to 1,000. It is part of the queue:
    /// a queue declared with another limit refuses this one.
    pub delivery_limit: u32,
}

impl Settings {
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), prefetch: 500, heartbeat_seconds: 10, connection_name: "placement-hub".to_owned(), delivery_limit: 20 }
    }

    /// Checks everything, and reports every mistake.
    ///
    /// # Errors
    /// Where anything is out of its bounds, or the URL cannot be read.
    pub fn check(&self) -> Result<(), Mistakes> {
        self.address().map(drop)
    }

    /// The virtual host that the URL names.
    ///
    /// # Errors
    /// Where anything is wrong with the settings.
    pub fn vhost(&self) -> Result<String, Mistakes> {
        self.address().map(|address| address.uri.vhost)
    }

    pub(crate) fn address(&self) -> Result<Address, Mistakes> {
        let mut mistakes = Vec::new();
        let mut within = |name: &str, value: u32, low: u32, high: u32| {
            if !(low..=high).contains(&value) {
                mistakes.push(format!("{name} is {value}: it must be from {low} to {high}"));
            }
        };
        within("prefetch", self.prefetch.into(), 1, 2_000);
        within("heartbeat_seconds", self.heartbeat_seconds.into(), 1, 600);
        within("delivery_limit", self.delivery_limit, 1, 1_000);
        match Address::read(&self.url, self.heartbeat_seconds) {
            Ok(address) if mistakes.is_empty() => return Ok(address),
            Ok(_) => {}
            Err(mistake) => mistakes.push(mistake),
        }
        Err(Mistakes(mistakes))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("prefetch", &self.prefetch)
            .field("heartbeat_seconds", &self.heartbeat_seconds)
            .field("connection_name", &self.connection_name)
            .field("delivery_limit", &self.delivery_limit)
            .finish_non_exhaustive()
    }
}

/// All that is wrong with the settings: a sentence each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

impl std::error::Error for Mistakes {}

/// A broker's address, read and complete.
#[derive(Clone)]
pub(crate) struct Address {
    pub uri: AMQPUri,
}

impl Address {
    /// The sentence of an error never repeats the URL: it may hold a password.
    pub fn read(url: &str, heartbeat_seconds: u16) -> Result<Self, String> {
        let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "amqp" | "amqps")) else {
            return Err("the broker's URL must begin with amqp:// or amqps://, as in amqps://user:password@host:5671/vhost".to_owned());
        };
        let mut uri: AMQPUri = url.parse().map_err(|why| {
            format!(
                "the broker's URL cannot be read ({why}): characters such as @ : / in the user name or password must be percent-encoded"
            )
        })?;
        if let Some((_, query)) = rest.split_once('?')
            && let Some(unknown) = query.split('&').filter_map(|pair| pair.split('=').next()).find(|key| !QUERY_KEYS.contains(key))
        {
            // An ignored `verify` or `cacertfile` would leave its writer in a wrong belief.
            return Err(format!("the broker's URL has the parameter `{unknown}`, which is not known: known are {}", QUERY_KEYS.join(", ")));
        }
        // The library takes an IPv6 address for an absent host, and an absent host for `localhost`.
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if let Some((host, _)) =
            authority.rsplit_once('@').map_or(authority, |(_, host)| host).strip_prefix('[').and_then(|h| h.split_once(']'))
        {
            host.clone_into(&mut uri.authority.host);
        }
        // Strictly, `amqp://host/` names a virtual host of the name ``, which nobody has.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        uri.query.heartbeat.get_or_insert(heartbeat_seconds);
        Ok(Self { uri })
    }
}

const QUERY_KEYS: [&str; 4] = ["heartbeat", "channel_max", "frame_max", "auth_mechanism"];

/// Host, port and virtual host: what a log may show.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} (virtual host `{}`)", self.uri.authority.host, self.uri.authority.port, self.uri.vhost)
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Settings};

    #[test]
    fn an_address_is_read_with_its_defaults() {
        let shown = |url: &str| Address::read(url, 10).map(|address| address.to_string());
        for (url, expected) in [
            ("amqp://u:p@rabbit.example:5673/t01", "rabbit.example:5673 (virtual host `t01`)"),
            ("amqps://u:p@rabbit.example", "rabbit.example:5671 (virtual host `/`)"),
            ("amqp://u:p@127.0.0.1:28511/", "127.0.0.1:28511 (virtual host `/`)"),
            ("amqp://u:p@[::1]:5672/%2Fx", "::1:5672 (virtual host `/x`)"),
        ] {
            assert_eq!(shown(url).as_deref(), Ok(expected));
        }
        assert_eq!(Address::read("amqp://h/?heartbeat=30", 10).unwrap().uri.query.heartbeat, Some(30));
    }

    #[test]
    fn a_wrong_url_is_explained_without_its_password() {
        for wrong in [
            "",
            "guest:s3cret@host:5672",
            "http://guest:s3cret@host",
            "amqp://guest:s3cret@host:port/",
            "amqp://guest:s3cret@h/?verify=none",
        ] {
            let sentence = Address::read(wrong, 10).err().unwrap_or_else(|| panic!("{wrong} was taken"));
            assert!(!sentence.contains("s3cret"), "{sentence}");
            assert!(sentence.contains("broker's URL"), "{sentence}");
        }
    }

    #[test]
    fn every_mistake_is_reported() {
        let wrong = Settings { prefetch: 0, heartbeat_seconds: 0, delivery_limit: 0, ..Settings::new("nonsense") };
        let mistakes = wrong.check().unwrap_err();
        assert_eq!(mistakes.0.len(), 4, "{mistakes}");
        assert!(!format!("{:?}", Settings::new("amqp://u:s3cret@h")).contains("s3cret"));
    }
}
