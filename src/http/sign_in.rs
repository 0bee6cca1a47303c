//! `/sign-in`: by name and password. What a browser keeps of it is a cookie that no script can read.

use super::State;
use super::gate::{address, cookie, is_own_origin, same};
use super::problem::Problem;
use crate::access::{SignIn, secret};
use crate::dashboard::sign_in as view;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

/// A name, a password and an address.
const FORM_BYTES_MAX: usize = 8 * 1024;
/// Somebody who has opened the page signs in within this time, or opens it again.
const BEGUN_SECONDS: u32 = 3_600;
/// An address with its filters.
const NEXT_BYTES_MAX: usize = 1_024;

/// The cookie of a session. A browser takes one with `__Host-` only by TLS, from this host, for this host.
pub fn session_cookie(state: &State) -> &'static str {
    if state.access.settings.secure() { "__Host-placement-hub" } else { "placement-hub" }
}

/// The cookie of somebody who is about to sign in.
fn begun_cookie(state: &State) -> &'static str {
    if state.access.settings.secure() { "__Host-placement-hub-begun" } else { "placement-hub-begun" }
}

/// Sends somebody to sign in, and then back to where they wanted to be.
pub fn first(wanted: &Uri) -> Response {
    let next = wanted.path_and_query().map_or("/", |wanted| wanted.as_str());
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", own_address(next)).finish();
    let to = if next == "/" { "/sign-in".to_owned() } else { format!("/sign-in?{query}") };
    redirect(&to, None)
}

/// The form, or how to make the first account where nobody could sign in.
pub async fn page(Shared(state): Shared<State>, uri: Uri) -> Response {
    let next = asked(&uri, "next").unwrap_or_default();
    show(&state, StatusCode::OK, &next, None)
}

pub async fn by_password(Shared(state): Shared<State>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, FORM_BYTES_MAX).await else {
        return Problem::too_large(FORM_BYTES_MAX).into_response();
    };
    let field = |wanted: &str| form_urlencoded::parse(&bytes).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
    let next = field("next").unwrap_or_default();
    // Else another site could sign somebody in as whom it likes.
    let begun = cookie(&head.headers, begun_cookie(&state)).zip(field("csrf"));
    if !is_own_origin(&state, &head.headers) || !begun.is_some_and(|(kept, sent)| same(kept.as_bytes(), sent.as_bytes())) {
        return show(&state, StatusCode::FORBIDDEN, &next, Some("The page was open for too long, or came from elsewhere. Try again."));
    }
    let name = field("name").unwrap_or_default().trim().to_owned();
    let from = address(&state, &head);
    match state.access.sign_in(&name, field("password").unwrap_or_default(), from).await {
        SignIn::Done(cookie) => {
            tracing::info!(account = name, %from, "signed in");
            redirect(own_address(&next), Some(&session(&state, &cookie)))
        }
        SignIn::Wrong => {
            // What was typed as a name may be a password.
            tracing::warn!(%from, "a sign-in failed");
            show(&state, StatusCode::UNAUTHORIZED, &next, Some("The name or the password is wrong."))
        }
        SignIn::Slower(seconds) => {
            tracing::warn!(%from, seconds, "a sign-in was refused: too many have failed");
            let text = format!("Too many attempts have failed. Wait {seconds} seconds and try again.");
            wait(show(&state, StatusCode::TOO_MANY_REQUESTS, &next, Some(&text)), seconds)
        }
        SignIn::Busy => wait(show(&state, StatusCode::SERVICE_UNAVAILABLE, &next, Some("Too many sign in at once. Try again.")), 2),
    }
}

/// For a hub that is there to be looked at: the demo prints the link.
pub async fn by_link(Shared(state): Shared<State>, uri: Uri) -> Response {
    match asked(&uri, "key").and_then(|key| state.access.by_link(&key)) {
        Some(cookie) => redirect("/", Some(&session(&state, &cookie))),
        None => show(&state, StatusCode::UNAUTHORIZED, "", Some("This link opens nothing here.")),
    }
}

pub async fn out(Shared(state): Shared<State>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers, session_cookie(&state)) {
        state.access.end(&cookie);
    }
    redirect("/sign-in", Some(&written(session_cookie(&state), "", 0, state.access.settings.secure())))
}

fn show(state: &State, status: StatusCode, next: &str, error: Option<&str>) -> Response {
    let Some(csrf) = secret() else { return Problem::own_fault().into_response() };
    let page = view::Page { csrf: &csrf, next: own_address(next), error, accounts: state.access.has_accounts() };
    let mut response = (status, Html(view::page(&page))).into_response();
    let begun = written(begun_cookie(state), &csrf, BEGUN_SECONDS, state.access.settings.secure());
    set_cookie(&mut response, &begun);
    response
}

/// A session's cookie ends with the browser at the latest; the hub ends it sooner.
fn session(state: &State, value: &str) -> String {
    let seconds = u32::try_from(state.access.settings.longest.as_secs()).unwrap_or(u32::MAX);
    written(session_cookie(state), value, seconds, state.access.settings.secure())
}

/// Sent along from other sites' links, so that one opens the page, and never with their forms.
fn written(name: &str, value: &str, seconds: u32, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
}

pub fn redirect(to: &str, cookie: Option<&str>) -> Response {
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/"));
    let mut response = (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response();
    if let Some(cookie) = cookie {
        set_cookie(&mut response, cookie);
    }
    response
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(cookie) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

fn wait(mut response: Response, seconds: i64) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn asked(uri: &Uri, wanted: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
}

/// An address of this hub and nobody else's: what a browser could read as another's becomes the first page.
fn own_address(next: &str) -> &str {
    let own = next.starts_with('/') && !next.starts_with("//") && next.len() <= NEXT_BYTES_MAX;
    let plain = next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own && plain { next } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        assert_eq!(own_address("/deliveries?state=dead"), "/deliveries?state=dead");
        for wrong in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nSet-Cookie: x", "/\tx", "javascript:x"] {
            assert_eq!(own_address(wrong), "/", "{wrong:?}");
        }
        assert_eq!(own_address(&"/a".repeat(600)), "/");
    }

    #[test]
    fn cookies_are_kept_from_scripts_and_from_other_sites_forms() {
        assert_eq!(written("__Host-a", "v", 60, true), "__Host-a=v; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
        assert!(!written("a", "v", 60, false).contains("Secure"));
    }
}
