//! Who sits before the dashboard. One place, because everything that is done is kept with their name.

use crate::dashboard::parts::form::Fields;
use crate::dashboard::trouble::Trouble;
use crate::http::State;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use std::convert::Infallible;

/// A thousand ids, or a document of the largest size with its fields encoded.
const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug, Default)]
pub struct Person {
    /// As the audit writes it.
    pub actor: String,
    /// For the page's head.
    pub name: String,
    /// What every form of theirs must carry; empty where nothing is asked for.
    pub csrf: String,
}

impl FromRequestParts<State> for Person {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &State) -> Result<Self, Infallible> {
        Ok(Self { actor: "dashboard".to_owned(), name: String::new(), csrf: String::new() })
    }
}

/// A form that a person sent from one of the hub's own pages.
pub struct Sent {
    pub person: Person,
    pub fields: Fields,
}

impl FromRequest<State> for Sent {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &State) -> Result<Self, Trouble> {
        let (mut parts, body) = request.into_parts();
        let Ok(person) = Person::from_request_parts(&mut parts, state).await;
        if !is_own(&parts.headers) {
            return Err(Trouble::Forbidden("This form did not come from a page of this hub. Open the page anew and send it from there."));
        }
        let body = to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| Trouble::Wrong("The form is too large.".to_owned()))?;
        let fields = serde_urlencoded::from_bytes(&body).map_err(|_| Trouble::Wrong("The form cannot be read.".to_owned()))?;
        Ok(Self { person, fields: Fields(fields) })
    }
}

/// A browser says from which site a form comes. What says nothing is no browser, and no page of another site can make it.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    match text(header::ORIGIN) {
        Some(origin) => text(header::HOST).is_some_and(|host| origin.split_once("://").is_some_and(|(_, from)| from == host)),
        None => text(header::HeaderName::from_static("sec-fetch-site")).is_none_or(|site| site == "same-origin"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_of_another_site_is_known_by_its_origin() {
        let own = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "hub.example:8080".parse().unwrap());
            headers.insert(header::ORIGIN, origin.parse().unwrap());
            is_own(&headers)
        };
        assert!(own("https://hub.example:8080") && own("http://hub.example:8080"));
        assert!(!own("https://elsewhere.example") && !own("null") && !own("https://hub.example:8080.elsewhere.example"));
        assert!(is_own(&HeaderMap::new()));
    }
}
