//! Where the database is: a URL as libpq takes it, read once and checked without connecting.

use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// A server that is not there says so, or is given up, within this time.
const CONNECT: Duration = Duration::from_secs(5);
/// A connection that carries nothing for so long is asked whether it still stands.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// What was sent and not even received within this time ends the connection.
const UNRECEIVED: Duration = Duration::from_secs(30);

/// A database to connect to. It holds the password: only [`Place::name`] is for people.
#[derive(Clone)]
pub struct Place {
    pub config: Config,
    /// `host:port/database`.
    pub name: String,
}

impl Place {
    /// # Errors
    /// A sentence for the operator, without the password.
    pub fn read(url: &str) -> Result<Self, String> {
        // The driver takes other spellings too; one that is a path or a typing error must not become a host's name.
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err("must begin with postgres://, such as postgres://user:password@host:5432/database".to_owned());
        }
        let mut config: Config = url
            .parse()
            .map_err(|_| "cannot be read; write it as postgres://user:password@host:5432/database?sslmode=require".to_owned())?;
        if config.get_hosts().is_empty() {
            return Err("names no host; write it as postgres://user:password@host:5432/database".to_owned());
        }
        if config.get_user().is_none() {
            return Err("names no user; write it as postgres://user:password@host:5432/database".to_owned());
        }
        if config.get_application_name().is_none() {
            config.application_name("placement-hub");
        }
        config.connect_timeout(CONNECT).keepalives_idle(KEEPALIVE).tcp_user_timeout(UNRECEIVED);
        let name = name(&config);
        Ok(Self { config, name })
    }

    pub fn uses_tls(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Disable
    }
}

fn name(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(at, host)| {
            let port = config.get_ports().get(at).or(config.get_ports().first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(host) => format!("{host}:{port}"),
                Host::Unix(path) => path.display().to_string(),
            }
        })
        .collect();
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{}/{database}", hosts.join(","))
}

/// What is wrong with a ledger's URL, where something is; it connects to nobody.
///
/// # Errors
/// A sentence for the operator, without the password.
pub fn check(url: &str) -> Result<(), String> {
    Place::read(url).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_without_its_password() {
        let place = Place::read("postgres://hub:hush@db.example:6543/placements?sslmode=require").unwrap();
        assert_eq!((place.name.as_str(), place.uses_tls()), ("db.example:6543/placements", true));
        assert!(!Place::read("postgresql://hub@127.0.0.1/hub?sslmode=disable").unwrap().uses_tls());
    }

    #[test]
    fn what_is_no_url_of_a_database_is_told_without_its_password() {
        let check = |url: &str, part: &str| {
            let told = Place::read(url).err().unwrap();
            assert!(told.contains(part) && !told.contains("hush"), "{told}");
        };
        check("mysql://hub:hush@db/placements", "must begin with postgres://");
        check("var/ledger.db", "must begin with postgres://");
        check("postgres://hub:hush@db:port/placements", "cannot be read");
        check("postgres://hub:hush@/placements", "no host");
        check("postgres://db.example/placements", "no user");
    }
}
