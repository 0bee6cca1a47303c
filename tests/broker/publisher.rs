use super::{Run, publish, url, within};
use amqp::{Outgoing, PublishError, Publisher, Reader, topology};

#[tokio::test]
async fn thousands_are_confirmed_in_order_and_the_unroutable_are_told_apart() {
    let (url, run) = (url("t04"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    publisher.declare_topology(20).await.unwrap();
    let mut reader = Reader::of_replies(&url).await.unwrap();
    // To a queue by its name; every seventh to a name that nobody has.
    let to = |number: usize| if number % 7 == 3 { "nobody-has-this-name".to_owned() } else { reader.queue().to_owned() };
    let messages: Vec<_> = run
        .messages(0..5_000)
        .into_iter()
        .enumerate()
        .map(|(number, message)| Outgoing { exchange: String::new(), routing_key: to(number), ..message })
        .collect();
    let results = within("publishing", publisher.publish(messages)).await;
    assert_eq!(results.len(), 5_000);
    let unroutable = PublishError::Unroutable { exchange: String::new(), routing_key: "nobody-has-this-name".to_owned() };
    for (number, result) in results.into_iter().enumerate() {
        assert_eq!(result, if number % 7 == 3 { Err(unroutable.clone()) } else { Ok(()) }, "{number}");
    }
    for expected in (0..5_000).filter(|number| number % 7 != 3) {
        let got = within("a message", reader.next()).await.unwrap();
        assert_eq!(run.number(&got), Some(expected));
    }
    reader.close().await;
}

#[tokio::test]
async fn what_breaks_the_channel_is_told_and_the_next_call_connects_again() {
    let (url, run) = (url("t04"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    let mut reader = Reader::of_replies(&url).await.unwrap();
    let good = || Outgoing { exchange: String::new(), routing_key: reader.queue().to_owned(), ..run.messages([7]).remove(0) };

    for (wrong, expected) in [
        (Outgoing { exchange: "no-such-exchange".to_owned(), ..good() }, "no exchange 'no-such-exchange'"),
        (Outgoing { user_id: Some("somebody-else".to_owned()), ..good() }, "user_id property set to 'somebody-else'"),
    ] {
        let results = within("the answer", publisher.publish(vec![wrong])).await;
        let Err(PublishError::Unconfirmed(why)) = &results[0] else { panic!("{results:?}") };
        assert!(why.contains(expected) && !why.contains("guest:guest"), "{why}");
        publish(&publisher, vec![good()]).await;
    }
    let long = publisher.publish(vec![good(), Outgoing { routing_key: "k".repeat(256), ..good() }, good()]).await;
    assert_eq!(long, vec![Ok(()), Err(PublishError::TooLong("the routing key")), Ok(())]);
    for _ in 0..4 {
        assert_eq!(run.number(&within("a message", reader.next()).await.unwrap()), Some(7));
    }
    reader.close().await;
}

#[tokio::test]
async fn a_delivery_waits_in_the_organisations_queue() {
    let (url, run) = (url("t04"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    publisher.declare_topology(20).await.unwrap();
    publisher.declare_delivery_queue("RX2".parse().unwrap()).await.unwrap();
    publish(
        &publisher,
        vec![Outgoing { exchange: topology::DELIVERIES.to_owned(), routing_key: "RX2".to_owned(), ..run.messages([1]).remove(0) }],
    )
    .await;
    let mut reader = Reader::of_queue(&url, &topology::delivery_queue("RX2")).await.unwrap();
    while run.number(&within("the delivery", reader.next()).await.unwrap()).is_none() {}
    reader.close().await;
}
