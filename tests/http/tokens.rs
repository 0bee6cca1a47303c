//! Tokens: made once, kept as digests, exchanged without a restart.

use super::{post, site, start, token};
use crate::support::letter::{Format, first_placement};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_token_is_good_after_a_reload_and_a_removed_one_is_not() {
    let (site, _sink) = site().await;
    let hub = start(&site).await;
    let (code, printed, said) =
        site.run(&["token", "new", "--organisation", "E10000016", "--may", "publish", "--name", "Kent \"records\""]);
    assert_eq!(code, 0, "{said}");
    let new = printed.trim();
    assert_eq!(new.len(), "phub_".len() + 43, "256 bits in base64: {}", new.len());
    let (_, block) = said.split_once("\n\n").unwrap();
    assert!(!said.contains(new) && block.contains("sha256"), "{said}");
    let letter = first_placement(Format::Json, "104233");
    post(&hub, new, "application/json", letter.text()).await.is_problem(401);

    std::fs::write(site.path("tokens.toml"), block).unwrap();
    let (code, printed, said) = site.run(&["directory", "reload"]);
    assert_eq!(code, 0, "{said}");
    assert!(printed.contains("token E10000016") && !printed.contains(new), "{printed}");
    assert_eq!(post(&hub, new, "application/json", letter.text()).await.status, 200);
    post(&hub, &token("E10000016", "publish"), "application/json", letter.text()).await.is_problem(401);
    hub.stop().await;
}

#[tokio::test]
async fn every_mistake_in_the_tokens_is_told_at_once() {
    let (site, _sink) = site().await;
    let digest = "ab".repeat(32);
    let entry = |organisation: &str, digest: &str, rest: &str| {
        format!("[[token]]\norganisation = \"{organisation}\"\nsha256 = \"{digest}\"\n{rest}\n")
    };
    let wrong = [
        entry("ZZZ", &digest, "may = [\"read\"]"),
        entry("E10000016", &digest, "may = [\"read\"]"),
        entry("E10000016", "ABC", "may = [\"write\"]"),
        entry("E10000016", &"cd".repeat(32), "may = []\nfrom = \"2026-02-01\"\nto = \"2026-01-01\""),
    ];
    std::fs::write(site.path("tokens.toml"), wrong.concat()).unwrap();
    let (code, _, said) = site.run(&["check"]);
    assert_eq!(code, 3, "{said}");
    for mistake in
        ["ZZZ", "the token of line 1 again", "sha256: it must be", "there is no permission write", "may is empty", "`to` is before `from`"]
    {
        assert!(said.contains(mistake), "{mistake}: {said}");
    }
    let (code, _, said) = site.run(&["token", "new", "--organisation", "E10000016"]);
    assert_eq!(code, 3, "{said}");
}
