//! The page where somebody signs in; readable, and usable, without a script.

use maud::{DOCTYPE, html};

pub struct Page<'a> {
    /// What the form must send back.
    pub csrf: &'a str,
    /// Where to go afterwards.
    pub next: &'a str,
    /// Why the attempt before did not work.
    pub error: Option<&'a str>,
    /// Whether anybody has an account here.
    pub accounts: bool,
    /// The name of the identity provider, where there is one.
    pub provider: Option<&'a str>,
}

#[must_use]
pub fn page(page: &Page<'_>) -> String {
    let title = if page.error.is_some() { "Error: Sign in - placement-hub" } else { "Sign in - placement-hub" };
    html! {
        (DOCTYPE)
        html lang="en-GB" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                link rel="stylesheet" href="/assets/hub.css";
            }
            body {
                header { a href="/" { "placement-hub" } }
                main {
                    h1 { "Sign in" }
                    @if let Some(error) = page.error {
                        p.notice role="alert" { strong { "There is a problem: " } (error) }
                    }
                    @if let Some(provider) = page.provider { (by_provider(provider, page.next)) }
                    @if page.accounts { (by_password(page)) }
                    @if !page.accounts && page.provider.is_none() { (nobody()) }
                }
            }
        }
    }
    .into_string()
}

fn by_password(page: &Page<'_>) -> maud::Markup {
    html! {
        form.sign-in method="post" action="/sign-in" {
            input type="hidden" name="csrf" value=(page.csrf);
            input type="hidden" name="next" value=(page.next);
            p { label for="name" { "Name" } br; input #name name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required; }
            p { label for="password" { "Password" } br; input #password name="password" type="password" autocomplete="current-password" required; }
            p { button type="submit" { "Sign in" } }
        }
    }
}

fn by_provider(provider: &str, next: &str) -> maud::Markup {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    html! { p { a.button href={ "/sign-in/provider?" (query) } { "Sign in with " (provider) } } }
}

/// As it is after the installation.
fn nobody() -> maud::Markup {
    html! {
        p { "Nobody has an account at this hub yet, so it shows nothing." }
        p { "Whoever runs it makes the first account on the machine it runs on:" }
        p { code { "placement-hub --config hub.toml accounts add YOUR-NAME --role administrator" } }
        p { "or connects it to an identity provider, in the section [oidc] of its settings." }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_without_accounts_says_how_to_make_one_and_has_no_form() {
        let none = page(&Page { csrf: "c", next: "/", error: None, accounts: false, provider: None });
        assert!(none.contains("accounts add") && !none.contains("<form"), "{none}");
        let some = page(&Page { csrf: "c", next: "/<x>", error: Some("a & b"), accounts: true, provider: Some("Entra ID") });
        assert!(!some.contains("accounts add") && some.contains("<form") && some.contains("Sign in with Entra ID"), "{some}");
        assert!(some.contains("a &amp; b") && !some.contains("/<x>"), "what comes from outside is escaped: {some}");
    }
}
