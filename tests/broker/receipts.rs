use super::{consuming, settings, url, within};
use amqp::{Incoming, Reader, Receipt, topology};

fn receipt(reply_to: Option<&str>, correlation_id: &str) -> Receipt {
    Receipt {
        publisher: "E10000016".parse().unwrap(),
        reply_to: reply_to.map(str::to_owned),
        correlation_id: Some(correlation_id.to_owned()),
        message_id: Some("m-1".to_owned()),
        body: br#"{"type":"receipt"}"#.to_vec(),
    }
}

#[tokio::test]
async fn receipts_reach_a_bound_queue_and_reply_to() {
    let url = url("t03");
    let intake = consuming(&settings(&url)).await;
    let mut announced = Reader::of_exchange(&url, topology::RECEIPTS, "E10000016").await.unwrap();
    let mut replies = Reader::of_replies(&url).await.unwrap();

    let sent = [
        receipt(None, "1"),
        receipt(Some(replies.queue()), "2"),
        // Gone, not ours to write to, malformed: none of it is an error, nor harms the others.
        receipt(Some("gone-long-ago"), "3"),
        receipt(Some(topology::INTAKE), "4"),
        receipt(Some("amq.rabbitmq.reply-to.nonsense"), "5"),
        receipt(Some(replies.queue()), "6"),
    ];
    within("publishing", intake.receipts(sent.into())).await.unwrap();

    let known = |incoming: &Incoming| {
        assert_eq!(incoming.body, br#"{"type":"receipt"}"#);
        assert_eq!((incoming.content_type.as_deref(), incoming.message_id.as_deref()), (Some("application/json"), Some("m-1")));
        incoming.correlation_id.clone().unwrap()
    };
    for expected in ["1", "2", "3", "4", "5", "6"] {
        assert_eq!(known(&within("a receipt", announced.next()).await.unwrap()), expected);
    }
    for expected in ["2", "6"] {
        assert_eq!(known(&within("a reply", replies.next()).await.unwrap()), expected);
    }
    announced.close().await;
    replies.close().await;
    intake.close().await;
}
