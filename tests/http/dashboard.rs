//! The dashboard's addresses, without a browser: what they answer, what they refuse, and what every answer says about itself.

use super::{Answer, ask, site, start};
use crate::support::site::Hub;
use uuid::Uuid;

const PAGES: [&str; 11] = [
    "/",
    "/failures",
    "/deliveries",
    "/clocks",
    "/review",
    "/reclaims",
    "/organisations",
    "/rejections",
    "/journey",
    "/explain",
    "/operations",
];

async fn get(hub: &Hub, path: &str) -> Answer {
    ask(hub.address(), &format!("GET {path}"), &[], b"").await
}

/// A form as a browser sends it from one of the hub's own pages.
async fn send(hub: &Hub, path: &str, form: &str) -> Answer {
    let origin = format!("http://{}", hub.address());
    send_from(hub, &origin, path, form).await
}

async fn send_from(hub: &Hub, origin: &str, path: &str, form: &str) -> Answer {
    let headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Origin", origin)];
    ask(hub.address(), &format!("POST {path}"), &headers, form.as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_say_why_they_are_empty_and_hold_to_a_strict_policy() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    for path in PAGES {
        let page = get(&hub, path).await;
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert!(
            !page.body.contains(" style=") && !page.body.contains("<style") && !page.body.contains(" onclick="),
            "{path} holds something inline"
        );
    }
    for (path, why) in [
        ("/", "Nothing has been owed to anybody yet."),
        ("/failures", "No failures."),
        ("/deliveries", "Nothing has been delivered or is to be delivered yet."),
        ("/deliveries?state=dead", "No delivery matches these filters."),
        ("/clocks", "No clock is running"),
        ("/review", "Nothing waits for a person."),
        ("/reclaims", "No claim is open."),
        ("/rejections", "No message was ever refused."),
        ("/operations", "Nobody has done anything here since the hub started."),
    ] {
        let page = get(&hub, path).await;
        assert!(page.body.contains(why), "{path}: {}", page.body);
    }
    for asset in ["/assets/hub.css", "/assets/hub.js", "/assets/icon.svg"] {
        assert_eq!(get(&hub, asset).await.status, 200, "{asset}");
    }
    assert!(get(&hub, "/reclaims.csv").await.body.starts_with("commissioner,commissioner_name,stage,"));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_done_is_answered_with_a_sentence() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let nobody = Uuid::now_v7();
    for (path, status) in [
        ("/deliveries?state=lost".to_owned(), 400),
        ("/deliveries?recipient=not%20a%20code".to_owned(), 400),
        ("/clocks?after=yesterday".to_owned(), 400),
        ("/journey?id=nothing".to_owned(), 404),
        ("/organisations/XX".to_owned(), 404),
        ("/review/00000000000000000000000000000000".to_owned(), 404),
        (format!("/operations/{nobody}"), 404),
    ] {
        assert_eq!(get(&hub, &path).await.status, status, "{path}");
    }
    for (path, form, says) in [
        ("/operations".to_owned(), format!("action=retry&id={nobody}&reason="), "Give a reason"),
        ("/operations".to_owned(), "action=retry&reason=why".to_owned(), "Nothing is selected"),
        ("/operations".to_owned(), format!("action=lose&id={nobody}&reason=why"), "Say what to do"),
        ("/organisations/QKS/pause".to_owned(), "reason=".to_owned(), "Give a reason"),
        (
            "/organisations/QKS/pause".to_owned(),
            "reason=x&from=2026-01-02T10:00&until=2026-01-02T09:00".to_owned(),
            "must end after it begins",
        ),
        (format!("/content/{nobody}"), "reason=".to_owned(), "Say why"),
    ] {
        let answer = send(&hub, &path, &form).await;
        assert!(answer.status == 400 && answer.body.contains(says), "{path} {form}: {answer:?}");
    }
    let many = "action=discard&all=yes&state=dead&reason=too+late";
    let asked = send(&hub, "/operations", many).await;
    assert!(asked.status == 200 && asked.body.contains("Type discard to go on"), "{asked:?}");
    // Nobody's page but our own sends a form here.
    let foreign = send_from(&hub, "https://elsewhere.example", "/operations", "action=retry&all=yes&reason=why").await;
    assert_eq!(foreign.status, 403, "{foreign:?}");
    assert!(get(&hub, "/operations").await.body.contains("Nobody has done anything"));
    assert_eq!(send(&hub, "/operations", &format!("{many}&confirm=discard")).await.status, 303);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_moved_is_told_with_the_reason() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let nobody = Uuid::now_v7();
    let answer = send(&hub, "/operations", &format!("action=hold&id={nobody}&reason=asked+by+the+ward")).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let page = answer.header("location").unwrap().to_owned();
    let told = super::until_page(&hub, &page, "0 of 1 were moved").await;
    assert!(told.contains("there is no such delivery") && told.contains("asked by the ward"), "{told}");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_is_planned_ended_early_and_outlives_the_hub() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let answer = send(&hub, "/organisations/QKS/pause", "reason=new+firewall&from=2999-01-01T08:00&until=2999-01-01T09:00").await;
    let told = super::until_page(&hub, answer.header("location").unwrap(), "QKS is not paused now.").await;
    assert!(told.contains("new firewall"), "{told}");
    hub.stop().await;

    let hub = start(&site).await;
    let one = get(&hub, "/organisations/QKS").await;
    assert!(one.body.contains("Window to come") && one.body.contains("new firewall"), "{}", one.body);
    send(&hub, "/organisations/QKS/resume", "").await;
    assert!(!get(&hub, "/organisations/QKS").await.body.contains("Window to come"));
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_event_says_whether_it_arrived() {
    let (site, sink) = site().await;
    let hub = start(&site).await;
    let tested = async || {
        let answer = send(&hub, "/organisations/QKS/test", "").await;
        get(&hub, answer.header("location").unwrap()).await.body
    };
    let well = tested().await;
    assert!(well.contains("QKS: it arrived after") && well.contains(">Done<"), "{well}");
    sink.tell("QKS", crate::support::sink::answer(500));
    let ill = tested().await;
    assert!(ill.contains("QKS: it did not arrive after") && ill.contains(">Failed<"), "{ill}");
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_after_a_group_stands_beside_it_for_everybody() {
    let (site, sink) = site().await;
    sink.tell("QKS", crate::support::sink::answer(400));
    let hub = start(&site).await;
    let child = crate::support::letter::first_placement(crate::support::letter::Format::Json, "A");
    super::post(&hub, &super::token("E10000016", "publish"), "application/json", child.text()).await;
    super::until_page(&hub, "/failures", "1 × 400").await;
    send(
        &hub,
        "/failures/remark",
        "recipient=QKS&state=dead&cause=400+the+receiver+refuses+the+content&assignee=Sam&note=asked+their+supplier",
    )
    .await;
    let page = get(&hub, "/failures").await.body;
    assert!(page.contains("Sam looks after this.") && page.contains("asked their supplier"), "{page}");
    hub.stop().await;
}
