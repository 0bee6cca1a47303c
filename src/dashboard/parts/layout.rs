//! What every page looks like around its content.

use crate::dashboard::person::Person;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

/// Nothing but the hub's own: no inline script or style, no other site, no frame around it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// The pages, in the order in which a day's work asks for them.
const PAGES: [(&str, &str); 11] = [
    ("/", "Overview"),
    ("/failures", "Failures"),
    ("/deliveries", "Deliveries"),
    ("/clocks", "Clocks"),
    ("/review", "Review"),
    ("/reclaims", "Reclaims"),
    ("/organisations", "Organisations"),
    ("/rejections", "Rejections"),
    ("/journey", "Journey"),
    ("/explain", "Explain"),
    ("/operations", "Operations"),
];

/// A page with its frame.
pub struct Page {
    pub title: String,
    /// The address of the page in the menu that it belongs to.
    pub at: &'static str,
    pub content: Markup,
    pub now: Timestamp,
    pub person: Person,
    pub status: StatusCode,
    /// What the page shows changes by itself: it is looked at again when the hub says so.
    pub live: Live,
}

/// What becomes of a page when the hub says that something has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// Nothing: it is about what was.
    No,
    /// Its figures are exchanged.
    Figures,
    /// A note says that there is news: rows must not move under a finger.
    Rows,
}

impl Page {
    #[must_use]
    pub fn new(title: impl Into<String>, at: &'static str, person: Person, now: Timestamp, content: Markup) -> Self {
        Self { title: title.into(), at, content, now, person, status: StatusCode::OK, live: Live::No }
    }

    #[must_use]
    pub fn live(self, live: Live) -> Self {
        Self { live, ..self }
    }

    #[must_use]
    pub fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn draw(&self) -> Markup {
        let live = match self.live {
            Live::No => "no",
            Live::Figures => "figures",
            Live::Rows => "rows",
        };
        html! {
            (DOCTYPE)
            html lang="en-GB" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " – placement-hub" }
                    link rel="stylesheet" href="/assets/hub.css";
                    link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                    script src="/assets/hub.js" defer {}
                    @if self.live != Live::No { noscript { meta http-equiv="refresh" content="30"; } }
                }
                body data-live=(live) {
                    a.skip href="#main" { "Skip to main content" }
                    (self.head())
                    div #stale hidden role="status" { "The connection to the hub is lost. What you see may be out of date." }
                    div #news-place role="status" { button #news type="button" hidden { "Show what is new" } }
                    main #main tabindex="-1" { h1 { (self.title) } (self.content) }
                    footer {
                        p { "As of " time datetime=(self.now) data-time { (self.now.strftime("%-d %b %Y, %H:%M:%S")) } " "
                            span #zone { "UTC" } ". " button #zone-toggle.link type="button" hidden { "Show local times" } }
                        p.keys hidden { "Press " kbd { "?" } " for keys." }
                    }
                    (keys())
                }
            }
        }
    }

    fn head(&self) -> Markup {
        html! {
            header {
                div.bar {
                    a.product href="/" { "placement-hub" }
                    form.search role="search" action="/journey" method="get" {
                        label.hidden for="search" { "Find by any id" }
                        input #search name="id" type="search" placeholder="Any id: message, placement, delivery, claim" autocomplete="off" spellcheck="false";
                        button type="submit" { "Find" }
                    }
                    @if !self.person.name.is_empty() { span.who { (self.person.name) } }
                }
                nav aria-label="Pages" { ul { @for (address, name) in PAGES {
                    li { a href=(address) aria-current=[(address == self.at).then_some("page")] { (name) } }
                } } }
            }
        }
    }
}

fn keys() -> Markup {
    let keys = [
        ("/", "Search"),
        ("j", "Next row"),
        ("k", "Row before"),
        ("x", "Select the row"),
        ("Enter", "Open the row"),
        ("r", "Retry what is selected"),
        ("?", "This list"),
        ("Esc", "Close"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl { @for (key, what) in keys { div { dt { kbd { (key) } } dd { (what) } } } }
            form method="dialog" { button { "Close" } }
        }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], self.draw().into_string()).into_response();
        guard(&mut response);
        response
    }
}

/// What every answer of the dashboard says about itself.
pub fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}
