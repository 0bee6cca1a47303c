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
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
            }
            body {
                header { a href="/" { "placement-hub" } }
                main {
                    h1 { "Sign in" }
                    @if let Some(error) = page.error {
                        p.notice role="alert" { strong { "There is a problem: " } (error) }
                    }
                    @if page.accounts { (by_password(page)) } @else { (nobody()) }
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

/// As it is after the installation.
fn nobody() -> maud::Markup {
    html! {
        p { "Nobody has an account at this hub yet, so it shows nothing." }
        p { "Whoever runs it makes the first account on the machine it runs on:" }
        p { code { "placement-hub --config hub.toml accounts add YOUR-NAME --role administrator" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_without_accounts_says_how_to_make_one_and_has_no_form() {
        let none = page(&Page { csrf: "c", next: "/", error: None, accounts: false });
        assert!(none.contains("accounts add") && !none.contains("<form"), "{none}");
        let some = page(&Page { csrf: "c", next: "/<x>", error: Some("a & b"), accounts: true });
        assert!(!some.contains("accounts add") && some.contains("<form"), "{some}");
        assert!(some.contains("a &amp; b") && !some.contains("/<x>"), "what comes from outside is escaped: {some}");
    }
}
