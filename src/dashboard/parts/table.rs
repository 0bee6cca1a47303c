//! Tables that can be wider than the screen, and what stands in their place when they are empty.

use maud::{Markup, html};

/// A table in a region of its own, which can be moved sideways by keyboard too.
#[must_use]
pub fn scrolled(label: &str, table: &Markup) -> Markup {
    html! { div.wide tabindex="0" role="region" aria-label=(label) { (table) } }
}

/// Nothing here, and why: with proof that the hub is alive, or a way to look wider.
#[must_use]
pub fn empty(why: &str, then: &Markup) -> Markup {
    html! { div.empty { p.lead { (why) } p { (then) } } }
}

/// Where paging goes on.
#[must_use]
pub fn next_page(address: Option<&str>) -> Markup {
    html! {
        @if let Some(address) = address {
            nav.pages aria-label="Paging" { a.next rel="next" href=(address) { "Next page" } }
        }
    }
}
