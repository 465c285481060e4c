//! Restarts, stops and outages.

use super::shop::{DEADLINE, Shop};
use std::time::Duration;
use vietqr_edge_core::refund::State;
use vietqr_edge_sandbox::vietqr::http::{Call, Fault};

#[tokio::test]
async fn offline_a_refund_waits_can_be_cancelled_and_is_sent_when_the_provider_is_back() {
    let mut shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    shop.pay("FT2", 25_000).await;
    let bank = shop.cloud_away().await;
    let kept = shop.ask("r-1", "FT1", 25_000).await.unwrap().refund;
    let cancelled = shop.ask("r-2", "FT2", 25_000).await.unwrap().refund;
    shop.cancel(cancelled).await.unwrap();
    assert_eq!(shop.refund(kept).state, State::Queued);
    shop.cloud_back(bank).await;
    shop.until(kept, &[State::Succeeded]).await;
    assert_eq!((shop.moved("FT1"), shop.moved("FT2")), (1, 0));
    assert_eq!(shop.refund(cancelled).code.as_deref(), Some("cancelled"));
}

#[tokio::test]
async fn a_request_made_again_after_a_restart_is_the_refund_that_was_made() {
    let mut shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    let id = shop.ask("r-1", "FT1", 10_000).await.unwrap().refund;
    shop.until(id, &[State::Succeeded]).await;
    shop.end().await;
    shop.start();
    let again = shop.ask("r-1", "FT1", 10_000).await.unwrap();
    assert_eq!((again.refund, again.new, again.state), (id, false, State::Succeeded));
    assert_eq!(shop.moved("FT1"), 1);
}

#[tokio::test]
async fn a_call_in_flight_is_made_to_its_end_when_the_daemon_stops_and_no_other_begins() {
    let mut shop = Shop::open().await;
    shop.pay("FT1", 25_000).await;
    shop.pay("FT2", 25_000).await;
    shop.cloud().set(|settings| settings.answer_late = Duration::from_secs(1));
    shop.cloud().fault(Call::Refund, Fault::AnswerLate).unwrap();
    let first = shop.ask("r-1", "FT1", 25_000).await.unwrap().refund;
    let second = shop.ask("r-2", "FT2", 25_000).await.unwrap().refund;
    shop.until(first, &[State::Sending]).await;
    let reader = shop.ledger().reader.clone();
    let run = shop.run.as_mut().unwrap();
    run.stop.send(true).unwrap();
    tokio::time::timeout(DEADLINE, &mut run.lane).await.unwrap().unwrap();
    assert_eq!(reader.refund(first).unwrap().unwrap().state, State::Succeeded);
    assert_eq!(reader.refund(second).unwrap().unwrap().state, State::Queued);
    assert_eq!((shop.moved("FT1"), shop.moved("FT2")), (1, 0));
}
