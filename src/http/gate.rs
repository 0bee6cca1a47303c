//! The gate: every request to a page or to the interface goes through here, before anything else looks at it. Who calls, whether the table
//! of routes lets them, and whether a form that changes something comes from our own page.
//!
//! Sessions come by cookie and tokens by `Authorization`; a request with both is judged by the token.

use super::State;
use super::problem::Problem;
use super::sign_in;
use crate::access::{Need, Person, Ruling, need};
use crate::dashboard;
use crate::http::token_digest;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State as Shared};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header, request};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Code;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use uuid::Uuid;

/// What a form may send: a thousand ids and a reason, or a document of the largest size with its fields encoded.
pub const FORM_BYTES_MAX: usize = 4 * 1024 * 1024;
/// As a header, for a script that sends no form.
pub const CSRF_HEADER: &str = "x-csrf-token";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longer is no request's name.
const REQUEST_ID_BYTES_MAX: usize = 64;
/// Pages run nothing and load nothing but what this hub serves as a file, and are shown in nobody's frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Lets a request in, or answers it. Handlers find the caller as [`Person`] among the request's extensions.
pub async fn gate(Shared(state): Shared<State>, path: MatchedPath, request: Request, next: Next) -> Response {
    let Some(need) = need(request.method().as_str(), path.as_str()) else {
        return Problem::not_found().into_response();
    };
    if matches!(need, Need::Nothing | Need::Token) {
        return next.run(request).await;
    }
    let (mut head, body) = request.into_parts();
    let for_people = !path.as_str().starts_with("/api/");
    let caller = caller(&state, &head.headers);
    let organisation = named_organisation(path.as_str(), head.uri.path());
    let person = match (need.judge(caller.as_ref(), organisation), caller) {
        (Ruling::Enter, Some(person)) => person,
        // What they have here is their own page.
        (Ruling::Nowhere, _) if path.as_str() == "/" => return sign_in::redirect("/own", None),
        (Ruling::Nowhere, _) => return nowhere(for_people),
        (Ruling::Forbidden, _) => return forbidden(for_people),
        (Ruling::SignIn | Ruling::Enter, _) if for_people => return sign_in::first(&head.uri),
        (Ruling::SignIn | Ruling::Enter, _) => return Problem::unauthorised().into_response(),
    };
    let changes = !matches!(head.method, Method::GET | Method::HEAD);
    let checked = if changes { own_form(&state, &head, body, &person.csrf).await } else { Ok(body) };
    let body = match checked {
        Ok(body) => body,
        Err(problem) if for_people => return dashboard::refused(problem.status(), problem.detail()),
        Err(problem) => return problem.into_response(),
    };
    head.extensions.insert(person);
    next.run(Request::from_parts(head, body)).await
}

/// What every answer wears: a request id, and what a browser is told about what it may do with it.
pub async fn dress(request: Request, next: Next) -> Response {
    let own = || HeaderValue::from_str(&Uuid::now_v7().to_string()).ok();
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let given = request.headers().get(&REQUEST_ID).cloned();
    let given = given.filter(|id| id.len() <= REQUEST_ID_BYTES_MAX && !id.is_empty() && id.as_bytes().iter().copied().all(named));
    let id = given.or_else(own);
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        // With none at all, forms of our own pages would not say where they come from.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Some(id) = id {
        headers.entry(REQUEST_ID).or_insert(id);
    }
    response
}

/// For handlers behind the gate: who calls.
impl<S: Sync> axum::extract::FromRequestParts<S> for Person {
    type Rejection = Problem;

    async fn from_request_parts(head: &mut request::Parts, _: &S) -> Result<Self, Problem> {
        // The gate has put it there, or the route asks for nobody.
        head.extensions.get::<Self>().cloned().ok_or_else(Problem::unauthorised)
    }
}

/// By token where one is given, else by cookie.
fn caller(state: &State, headers: &HeaderMap) -> Option<Person> {
    if let Some(header) = headers.get(header::AUTHORIZATION) {
        let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
        return scheme.eq_ignore_ascii_case("bearer").then(|| by_token(state, token.trim())).flatten();
    }
    state.access.by_cookie(&cookie(headers, sign_in::session_cookie(state))?)
}

/// One of the register's, or an organisation's of the directory.
fn by_token(state: &State, token: &str) -> Option<Person> {
    state.access.by_token(token).or_else(|| {
        let directory = state.journey.directory.load();
        let today = state.journey.policy.day((state.journey.now)());
        let found = directory.token(&token_digest(token), today)?;
        Some(Person::of_directory(found))
    })
}

/// A cookie's value.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = all.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

/// From where a request comes: as the proxy in front says, where one is trusted.
pub fn address(state: &State, head: &request::Parts) -> IpAddr {
    let connected = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let forwarded = || {
        let last = head.headers.get_all("x-forwarded-for").into_iter().next_back()?.to_str().ok()?.rsplit(',').next()?;
        last.trim().parse().ok()
    };
    let forwarded = state.access.settings.trust_forwarded_for.then(forwarded).flatten();
    forwarded.or(connected).unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Whether a request that changes something comes from a page of ours, as far as the browser says. What says nothing is judged by
/// its token alone.
pub fn is_own_origin(state: &State, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    if let Some(site) = text(HeaderName::from_static("sec-fetch-site"))
        && !["same-origin", "none"].contains(&site)
    {
        return false;
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    match &state.access.settings.public_url {
        Some(own) => origin.eq_ignore_ascii_case(own),
        None => {
            let host = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            host.is_some() && host == text(header::HOST)
        }
    }
}

/// The body, where the request carries what only our own page knows.
async fn own_form(state: &State, head: &request::Parts, body: Body, csrf: &str) -> Result<Body, Problem> {
    let foreign =
        || Problem::forbidden("this came from no page of this hub, or its session is over; load the page again and send it once more");
    if !is_own_origin(state, &head.headers) {
        return Err(foreign());
    }
    // No browser sends a token by itself.
    if csrf.is_empty() {
        return Ok(body);
    }
    if let Some(header) = head.headers.get(CSRF_HEADER) {
        return if same(header.as_bytes(), csrf.as_bytes()) { Ok(body) } else { Err(foreign()) };
    }
    let content_type = head.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Err(foreign());
    }
    let bytes = axum::body::to_bytes(body, FORM_BYTES_MAX).await.map_err(|_| Problem::too_large(FORM_BYTES_MAX))?;
    let sent = form_urlencoded::parse(&bytes).find(|(name, _)| name == "csrf").map(|(_, value)| value.into_owned());
    if sent.is_some_and(|sent| same(sent.as_bytes(), csrf.as_bytes())) { Ok(Body::from(bytes)) } else { Err(foreign()) }
}

/// Whether two secrets are the same, in a time that tells nothing about either.
pub fn same(one: &[u8], other: &[u8]) -> bool {
    let digest = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    digest(one).as_ref() == digest(other).as_ref()
}

/// The organisation that an address names, where its route has a place for one.
fn named_organisation(route: &str, path: &str) -> Option<Code> {
    let mut pairs = route.split('/').zip(path.split('/'));
    pairs.find(|(part, _)| *part == "{organisation}").and_then(|(_, code)| Code::new(code).ok())
}

fn nowhere(for_people: bool) -> Response {
    if for_people { super::pages::nowhere() } else { Problem::not_found().into_response() }
}

fn forbidden(for_people: bool) -> Response {
    let problem = Problem::forbidden("your role does not allow this; ask an administrator of the hub");
    if for_people {
        dashboard::refused(problem.status(), "Your role does not allow this. Ask an administrator of the hub.")
    } else {
        problem.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_organisation_is_read_from_its_place_in_the_address() {
        let read = |path| named_organisation("/api/v1/organisations/{organisation}/deliveries", path).map(|code| code.to_string());
        assert_eq!(read("/api/v1/organisations/E10000016/deliveries").as_deref(), Some("E10000016"));
        assert_eq!(read("/api/v1/organisations/%2e%2e/deliveries"), None);
        assert_eq!(named_organisation("/api/v1/deliveries/{id}", "/api/v1/deliveries/E10000016"), None);
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_static("a=1; hub=x=y ;b=2"))]);
        assert_eq!(cookie(&headers, "hub").as_deref(), Some("x=y"));
        assert_eq!(cookie(&headers, "hu"), None);
    }
}
