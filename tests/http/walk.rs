//! The walk-through of the README, as its reader would type it.

use super::{placed, read, site, start, token};
use serde_json::Value;
use std::process::Command;

const README: &str = include_str!("../../README.md");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_readme_s_commands_follow_a_feed() {
    let (_, section) = README.split_once("## Follow your feed").expect("the section is there");
    let block = section.split("```").nth(1).expect("its commands").trim_start_matches("sh");
    let calls: Vec<&str> = block.split("\n\n").map(str::trim).filter(|call| call.contains("curl ")).collect();
    assert_eq!(calls.len(), 4, "{block}");
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("curl is not installed: the commands were read, not run");
        return;
    }
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let letter = crate::support::letter::first_placement(crate::support::letter::Format::Json, "W");
    std::fs::write(site.path("move.json"), letter.text()).unwrap();
    let run = async |call: &str, token: String, next: &str| {
        // The stream has no end of its own.
        let call = call.replace("curl -N", "curl -N --max-time 2");
        let mut command = Command::new("sh");
        command.args(["-c", &call]).current_dir(site.path("")).env("TOKEN", token).env("NEXT", next);
        command.env("HUB", format!("http://{}", hub.address()));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|_| panic!("{text}"));
    let receipt = json(&run(calls[0], token("E10000016", "publish"), "").await);
    assert_eq!(receipt["verdict"], "accepted", "{receipt:#}");
    let reader = token("E06000043", "read");
    let page = json(&run(calls[1], reader.clone(), "").await);
    assert_eq!(page["items"][0]["type"], "arrival-notice.v1", "{page:#}");
    let next = page["next"].as_str().unwrap();
    assert_eq!(json(&run(calls[2], reader.clone(), next).await)["collected"], 1);
    placed(&hub, "X").await;
    assert_eq!(read(&hub, "E06000043", &format!("?wait=60&after={next}")).await.json()["items"].as_array().unwrap().len(), 1);
    let events = run(calls[3], reader, next).await;
    assert_eq!(events.matches("data: ").count(), 1, "{events}");
    hub.stop().await;
}
