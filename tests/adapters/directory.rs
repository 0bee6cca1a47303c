//! A directory with nothing but endpoints.

use domain::Code;
use domain::directory::{Directory, Endpoint, Parts, Secret};

/// The secret of the published test vector.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub fn code(text: &str) -> Code {
    Code::new(text).unwrap()
}

pub fn endpoint(organisation: &str, adapter: &str, url: &str) -> Endpoint {
    Endpoint {
        organisation: code(organisation),
        place: None,
        adapter: adapter.to_owned(),
        url: url.to_owned(),
        secrets: vec![Secret(SECRET.to_owned())],
        allow_private: true,
        timeout_seconds: 10,
        concurrency: 4,
        settings: std::collections::BTreeMap::new(),
        secret_settings: std::collections::BTreeMap::new(),
        agreed: domain::directory::Agreed::default(),
        from: None,
        to: None,
    }
}

pub fn directory(endpoints: Vec<Endpoint>) -> Directory {
    Directory::from_parts(Parts { endpoints, ..Parts::default() })
}
