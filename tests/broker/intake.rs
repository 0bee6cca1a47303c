use super::{Run, consuming, publish, reaches, settings, take_all, url, within};
use amqp::{Incoming, Intake, Outgoing, Publisher, Settings, topology};
use std::collections::BTreeSet;

/// The next messages of this run, one batch or more; those of earlier runs are acknowledged and forgotten.
async fn take(intake: &Intake, run: &Run, count: usize, batch_max: usize) -> Vec<Incoming> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let batch = within("a batch", intake.next_batch(batch_max)).await.expect("not stopped");
        assert!((1..=batch_max).contains(&batch.len()));
        let (ours, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(|incoming| run.number(incoming).is_some());
        intake.ack(&others.iter().map(|other| other.tag).collect::<Vec<_>>()).await;
        taken.extend(ours);
    }
    taken
}

fn numbers(run: &Run, incoming: &[Incoming]) -> Vec<usize> {
    incoming.iter().filter_map(|i| run.number(i)).collect()
}

#[tokio::test]
async fn what_is_acknowledged_is_gone_and_the_rest_comes_again() {
    let (url, run) = (url("t01"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    // Before the intake, which declares the same, and twice: nothing changes.
    publisher.declare_topology(20).await.unwrap();
    publisher.declare_topology(20).await.unwrap();
    publish(&publisher, run.messages(0..10)).await;

    let first = consuming(&settings(&url)).await;
    let taken = take(&first, &run, 10, 100).await;
    assert_eq!(numbers(&run, &taken), (0..10).collect::<Vec<_>>());
    // Two batches, the second before the first, and one of them twice.
    first.ack(&taken[4..6].iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    first.ack(&taken[..5].iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    within("closing", first.close()).await;

    let second = consuming(&settings(&url)).await;
    let again = take(&second, &run, 4, 100).await;
    assert_eq!(numbers(&run, &again), vec![6, 7, 8, 9]);
    assert!(again.iter().all(|incoming| incoming.redelivered));
    // Tags of the dead connection mean nothing now, and do no harm.
    second.ack(&taken.iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    second.ack(&again.iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    publish(&publisher, run.messages(10..11)).await;
    assert_eq!(numbers(&run, &take(&second, &run, 1, 100).await), vec![10]);
    second.close().await;
}

#[tokio::test]
async fn batches_follow_the_load_and_prefetch_bounds_what_is_out() {
    let (url, run) = (url("t02"), Run::new());
    let intake = consuming(&Settings { prefetch: 20, ..settings(&url) }).await;
    let publisher = Publisher::connect(&url).await.unwrap();
    publish(&publisher, run.messages(0..60)).await;

    let mut held = take(&intake, &run, 20, 7).await;
    // A message that went through the broker later and is back proves that nothing more is on its way.
    let mut replies = amqp::Reader::of_replies(&url).await.unwrap();
    publish(&publisher, vec![Outgoing { routing_key: replies.queue().to_owned(), ..Outgoing::default() }]).await;
    within("the barrier", replies.next()).await.unwrap();
    let more = futures_util::FutureExt::now_or_never(intake.next_batch(7));
    assert!(more.is_none(), "more than the prefetch is out");

    while held.len() < 60 {
        intake.ack(&held[held.len() - 20..].iter().map(|i| i.tag).collect::<Vec<_>>()).await;
        held.extend(take(&intake, &run, 20, 7).await);
    }
    assert_eq!(numbers(&run, &held), (0..60).collect::<Vec<_>>());
    intake.ack(&held[40..].iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    replies.close().await;
    intake.close().await;
}

#[tokio::test]
async fn properties_and_large_bodies_come_through() {
    let (url, run) = (url("t07"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    publisher.declare_topology(20).await.unwrap();
    let sent = Outgoing {
        // Above the hub's limit, below the broker's; several frames.
        body: vec![b'x'; 1_500_000],
        content_type: Some("application/xml".to_owned()),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".to_owned()),
        user_id: Some("guest".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        reply_to: Some("somewhere".to_owned()),
        ..run.messages([0]).remove(0)
    };
    publish(&publisher, vec![sent.clone(), run.messages([1]).remove(0)]).await;
    let intake = consuming(&settings(&url)).await;
    let taken = take(&intake, &run, 2, 10).await;
    let got = &taken[0];
    assert_eq!(got.body.len(), sent.body.len());
    assert_eq!(
        (&got.content_type, &got.traceparent, &got.user_id, &got.correlation_id, &got.reply_to),
        (&sent.content_type, &sent.traceparent, &sent.user_id, &sent.correlation_id, &sent.reply_to)
    );
    assert_eq!((got.routing_key.as_str(), got.redelivered), ("placement-change.E10000016", false));
    assert!(!format!("{got:?}").contains("xxx"), "a body in a debug text");
    assert_eq!((&taken[1].content_type, &taken[1].traceparent, &taken[1].user_id), (&None, &None, &None));
    intake.ack(&taken.iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    intake.close().await;
}

#[tokio::test]
async fn stopping_lets_the_batch_in_hand_be_acknowledged() {
    let (url, run) = (url("t08"), Run::new());
    let publisher = Publisher::connect(&url).await.unwrap();
    let intake = consuming(&settings(&url)).await;
    publish(&publisher, run.messages(0..30)).await;
    let in_hand = take(&intake, &run, 10, 10).await;
    intake.stop();
    assert!(intake.next_batch(10).await.is_none());
    reaches(&intake, "the consumer is cancelled", |state| !state.consuming && state.connected).await;
    intake.ack(&in_hand.iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    within("closing", intake.close()).await;

    let next = consuming(&settings(&url)).await;
    let rest: BTreeSet<_> = (0..30).filter(|n| !numbers(&run, &in_hand).contains(n)).collect();
    let taken = take(&next, &run, rest.len(), 100).await;
    assert_eq!(numbers(&run, &taken).into_iter().collect::<BTreeSet<_>>(), rest);
    next.ack(&taken.iter().map(|i| i.tag).collect::<Vec<_>>()).await;
    publish(&publisher, run.messages([30])).await;
    take_all(&next, &run, BTreeSet::from([30])).await;
    next.close().await;
    assert_eq!(topology::delivery_queue("RX2"), "placement-hub.deliveries.RX2");
}
