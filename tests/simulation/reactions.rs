//! What recipients do with what they got: they acknowledge it, answer referrals, and answer claims. A while later, as messages.

use super::history::Letter;
use super::stage::Stage;
use crate::support::story::{Told, reclaim_update, referral_update};
use domain::Code;
use domain::delivery::Kind;
use domain::port::ChildKey;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use uuid::Uuid;

/// Answers on their way at once: more tell nothing new.
const MOST: usize = 6;

/// Called with what came for the first time.
pub fn react(stage: &Arc<Stage>, recipient: Code, kind: Kind, delivery: Uuid, body: &[u8]) {
    let answers: Vec<(Told, Option<ChildKey>)> = {
        let mut chance = stage.chance();
        if stage.awaited.load(Relaxed) >= MOST {
            return;
        }
        let (number, child) = {
            let books = stage.books();
            let number = books.number(delivery);
            (number, books.rows[number - 1].child)
        };
        let about_the_child = |told| (told, Some(child));
        match kind {
            Kind::Referral if chance.percent(40) => {
                let statuses =
                    chance.pick(&[&["received", "assessed"][..], &["refused"], &["assessed", "treatment-started"], &["received"]]);
                answers_to_referral(recipient, number, statuses, body).into_iter().map(about_the_child).collect()
            }
            Kind::ReclaimRequest if chance.percent(60) => {
                let status = chance.pick(&["acknowledged", "agreed", "disputed", "paid"]);
                vec![about_the_child(answer_to_claim(recipient, number, status, body))]
            }
            _ if chance.percent(8) => vec![(acknowledgement(recipient, number, delivery), None)],
            _ => Vec::new(),
        }
    };
    let directory = stage.directory.load();
    let publisher = directory.publisher(recipient);
    for (answer, child) in answers {
        let letter = Letter::of(answer, child);
        // Not everybody who is told something is connected to the broker.
        if !publisher.is_some_and(|publisher| publisher.may_send.contains(&letter.message.message_type())) {
            continue;
        }
        stage.awaited.fetch_add(1, Relaxed);
        let seconds = stage.chance().below(20) as u64;
        let stage = Arc::clone(stage);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            stage.publish(Arc::new(letter));
            stage.awaited.fetch_sub(1, Relaxed);
        });
    }
}

fn data(body: &[u8]) -> Value {
    let mut envelope: Value = serde_json::from_slice(body).expect("an envelope");
    envelope["data"].take()
}

fn answers_to_referral(provider: Code, number: usize, statuses: &[&str], body: &[u8]) -> Vec<Told> {
    let reference = data(body)["reference"].take();
    let id = reference["id"].as_str().expect("a referral has an id").to_owned();
    let told = |status: &&str| {
        let told = referral_update(&format!("u-{number}-{status}"), provider.as_str(), &id, status, "2026-01-28");
        told.with("/referral/child", reference["child"].clone())
    };
    statuses.iter().map(told).collect()
}

fn answer_to_claim(commissioner: Code, number: usize, status: &str, body: &[u8]) -> Told {
    let claim = data(body)["claim"].take();
    reclaim_update(&format!("c-{number}"), commissioner.as_str(), claim.as_str().expect("a claim has an id"), status, "2026-02-02")
}

fn acknowledgement(by: Code, number: usize, delivery: Uuid) -> Told {
    Told(json!({
        "type": "acknowledgement", "version": "1.0", "messageId": format!("a-{number}"), "sentAt": "2026-01-26T12:00:00Z",
        "publisher": by, "notice": { "id": delivery }, "status": "read", "occurredOn": "2026-01-26"
    }))
}
