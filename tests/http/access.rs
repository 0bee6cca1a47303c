//! Who may do what: every route with every kind of caller.

use super::{Answer, ask, site, start, token};
use crate::support::site::{Hub, Site};
use placement_hub::access::{Need, ROUTES, Right};

const PASSWORD: &str = "a lighthouse in the marsh";

/// Signs in by the form; the session's cookie.
async fn sign_in(hub: &Hub, name: &str, password: &str) -> Result<String, Answer> {
    let page = ask(hub.address(), "GET /sign-in", &[], b"").await;
    let begun = page.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let csrf = begun.split_once('=').unwrap().1;
    let form = format!("csrf={csrf}&next=%2F&name={name}&password={}", password.replace(' ', "+"));
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", begun.as_str())];
    let answer = ask(hub.address(), "POST /sign-in", &headers, form.as_bytes()).await;
    match answer.header("set-cookie") {
        Some(cookie) if answer.status == 303 => Ok(cookie.split(';').next().unwrap().to_owned()),
        _ => Err(answer),
    }
}

fn add(site: &Site, name: &str, roles: &str, organisation: Option<&str>) {
    std::fs::write(site.path("password"), PASSWORD).unwrap();
    let file = site.path("password");
    let mut arguments = vec!["accounts", "add", name, "--role", roles, "--password-file", file.to_str().unwrap()];
    arguments.extend(organisation.map(|code| ["--organisation", code]).into_iter().flatten());
    let (code, _, said) = site.run(&arguments);
    assert_eq!(code, 0, "{said}");
}

/// An address of a route: something that is not there, or an organisation that is.
fn example(path: &str) -> String {
    path.replace("{code}", "QKS")
        .replace("{organisation}", "QKS")
        .replace("{id}", "0190a5c0-0000-7000-8000-000000000000")
        .replace("{delivery}", "0190a5c0-0000-7000-8000-000000000000")
        .replace("{item}", "00000000000000000000000000000000")
}

async fn call(hub: &Hub, method: &str, path: &str, header: Option<(&str, &str)>) -> Answer {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = [form].into_iter().chain(header).collect();
    ask(hub.address(), &format!("{method} {}", example(path)), &headers, b"").await
}

/// Those that ask for a right; the streams of news never end.
fn guarded() -> impl Iterator<Item = (&'static str, &'static str, Right)> {
    ROUTES.iter().filter_map(|(method, path, need)| match need {
        Need::Right(right) if *path != "/events" => Some((*method, *path, *right)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_no_right_gets_nothing() {
    let (site, _sink) = site().await;
    add(&site, "ada", "viewer", None);
    add(&site, "kent", "recipient", Some("E10000016"));
    let hub = start(&site).await;
    let viewer = sign_in(&hub, "ada", PASSWORD).await.unwrap();
    let foreign = sign_in(&hub, "kent", PASSWORD).await.unwrap();
    let bearer = format!("Bearer {}", token("S9B9J", "read"));
    assert!(guarded().count() > 20);
    for (method, path, right) in guarded() {
        let nobody = call(&hub, method, path, None).await;
        assert!(nobody.status == 303 && nobody.header("location").unwrap().starts_with("/sign-in"), "{method} {path}: {nobody:?}");
        let unknown = call(&hub, method, path, Some(("Authorization", "Bearer phub_nobody"))).await;
        assert_eq!(unknown.status, 303, "{method} {path}");

        for (what, header) in [("a person", ("Cookie", foreign.as_str())), ("a token", ("Authorization", bearer.as_str()))] {
            let answer = call(&hub, method, path, Some(header)).await;
            if path == "/" {
                assert_eq!((answer.status, answer.header("location")), (303, Some("/own")), "{what} of an organisation");
            } else {
                assert_eq!(answer.status, 404, "{method} {path}, {what} of an organisation");
            }
            assert!(!answer.body.contains("Sussex") && !answer.body.contains("QKS"), "{method} {path} tells {what}: {answer:?}");
        }

        let answer = call(&hub, method, path, Some(("Cookie", &viewer))).await;
        let refused = right != Right::Look || method == "POST";
        assert_eq!(answer.status == 403, refused, "{method} {path} for a viewer: {answer:?}");
    }
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_is_got_by_password_only_and_is_over_when_the_account_is() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let empty = ask(hub.address(), "GET /sign-in", &[], b"").await;
    assert!(empty.body.contains("accounts add"), "{empty:?}");
    add(&site, "ada", "administrator", None);
    add(&site, "bo", "administrator", None);
    let wrong = sign_in(&hub, "ada", "not a lighthouse at all").await.unwrap_err();
    assert!(wrong.status == 401 && wrong.body.contains("The name or the password is wrong."), "{wrong:?}");
    assert_eq!(sign_in(&hub, "nobody", PASSWORD).await.unwrap_err().status, 401);

    let cookie = sign_in(&hub, "ada", PASSWORD).await.unwrap();
    let own = Some(("Cookie", cookie.as_str()));
    assert_eq!(call(&hub, "GET", "/deliveries", own).await.status, 200);
    // The cookie alone, as another site's form would bring it along, does nothing.
    assert_eq!(call(&hub, "POST", "/operations", own).await.status, 403);
    assert_eq!(site.run(&["accounts", "disable", "ada"]).0, 0);
    assert_eq!(call(&hub, "GET", "/deliveries", own).await.status, 303);
    let log = hub.log();
    assert!(!log.contains("lighthouse") && !log.contains(&cookie), "a secret is in the log");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_of_an_organisation_see_their_own_page() {
    let (site, _sink) = site().await;
    add(&site, "kent", "publisher,recipient", Some("E10000016"));
    let hub = start(&site).await;
    let cookie = sign_in(&hub, "kent", PASSWORD).await.unwrap();
    let page = call(&hub, "GET", "/own", Some(("Cookie", &cookie))).await;
    assert!(page.status == 200 && page.body.contains("Kent") && page.body.contains("Nothing is for you yet."), "{page:?}");
    hub.stop().await;
}
