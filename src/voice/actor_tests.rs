use super::*;
use crate::voice::{Mode, fake::*};
use tokio::task::yield_now;
use vietqr_edge_core::{
    announcement::SUMMARY_MAX,
    money::Dong,
    payment::PaymentId,
    refund::Speech,
    voice::{Dialect, Quiet},
};

fn said(list: &[&str]) -> Vec<Heard> {
    list.iter().map(|sentence| Heard::Said((*sentence).to_owned())).collect()
}

#[tokio::test]
async fn it_is_durable_before_a_word_is_said() {
    let shop = Shop::open();
    shop.pay(Age::Fresh, 25_000);
    let till = shop.speak(options());
    till.until(|heard| heard.len() == 3).await;
    assert_eq!(
        till.heard(),
        [
            Heard::Durable(vec![1], Kind::Fresh),
            Heard::Said("Đã nhận hai mươi lăm nghìn đồng".to_owned()),
            Heard::Finished(2),
        ]
    );
}

#[tokio::test]
async fn what_the_ledger_does_not_keep_is_not_said() {
    let shop = Shop::open();
    shop.set_full(true);
    let till = shop.speak(options());
    shop.pay(Age::Fresh, 25_000);
    till.until(|heard| heard.contains(&Heard::Refused)).await;
    assert_eq!(till.said(), [""; 0]);
    assert!(till.handle.status().last_error.unwrap().reason.contains("disk is full"));
    shop.set_full(false);
    shop.pay(Age::Fresh, 1_000);
    till.until_said(2).await;
    assert_eq!(till.said(), ["Đã nhận hai mươi lăm nghìn đồng", "Đã nhận một nghìn đồng"]);
}

#[tokio::test]
async fn what_is_not_due_any_more_is_read_anew_and_not_said() {
    let shop = Shop::open();
    let gone = shop.pay(Age::Fresh, 25_000);
    shop.refuse_as_not_due(gone);
    shop.pay(Age::Fresh, 1_000);
    let till = shop.speak(options());
    till.until_said(1).await;
    assert_eq!(till.said(), ["Đã nhận một nghìn đồng"]);
}

#[tokio::test]
async fn a_burst_of_200_is_said_one_by_one_in_order_each_once() {
    let shop = Shop::open();
    let till = shop.speak(options());
    for amount in 1..=200 {
        shop.pay(Age::Fresh, amount * 1_000);
        if amount % 7 == 0 {
            yield_now().await;
        }
    }
    till.until_said(200).await;
    let expected: Vec<_> =
        (1..=200).map(|amount| Sentence::Received(Dong(amount * 1_000)).text(Default::default())).collect();
    assert_eq!(till.said(), expected);
    till.until(|heard| heard.iter().filter(|h| matches!(h, Heard::Finished(_))).count() == 200).await;
    assert_eq!(shop.left(), 0);
}

#[tokio::test]
async fn fresh_ones_go_before_late_ones_and_late_ones_are_told_with_their_time() {
    let shop = Shop::open();
    shop.pay(Age::Late, 50_000);
    shop.pay(Age::Fresh, 25_000);
    let till = shop.speak(options());
    till.until_said(2).await;
    assert_eq!(
        till.said(),
        ["Đã nhận hai mươi lăm nghìn đồng", "Giao dịch lúc chín giờ ba mươi phút, đã nhận năm mươi nghìn đồng"]
    );
}

#[tokio::test]
async fn what_became_of_a_refund_is_said_once_after_fresh_money_and_before_late_money() {
    let shop = Shop::open();
    shop.pay(Age::Late, 50_000);
    shop.refund(7, Speech::Done);
    shop.refund(8, Speech::Unknown);
    shop.pay(Age::Fresh, 25_000);
    let till = shop.speak(options());
    till.until_said(4).await;
    till.until_read().await;
    assert_eq!(
        till.said(),
        [
            "Đã nhận hai mươi lăm nghìn đồng",
            "Đã hoàn hai mươi lăm nghìn đồng",
            "Chưa rõ kết quả hoàn tiền, vui lòng kiểm tra",
            "Giao dịch lúc chín giờ ba mươi phút, đã nhận năm mươi nghìn đồng",
        ]
    );
    assert_eq!(till.heard()[3], Heard::Durable(vec![7], Kind::Refund), "durable before it is said");
}

#[tokio::test]
async fn what_became_of_a_refund_is_not_said_while_the_voice_is_off_nor_later() {
    let shop = Shop::open();
    let till = shop.speak(Options { mode: Mode::Off, ..options() });
    shop.refund(7, Speech::Failed);
    till.until(|heard| heard.contains(&Heard::Skipped(vec![7], SkipReason::VoiceOff))).await;
    let again = shop.speak(options());
    again.until_read().await;
    assert_eq!(again.said(), [""; 0]);
}

#[tokio::test]
async fn old_ones_are_one_summary_after_three_seconds_without_another() {
    let shop = Shop::open();
    let till = shop.speak(options());
    let first = shop.pay(Age::Old, 50_000);
    till.until_read().await;
    shop.clock.forward(2_000);
    let second = shop.pay(Age::Old, 25_000);
    till.until_read().await;
    shop.clock.forward(1_000);
    shop.touch();
    till.until_read().await;
    assert_eq!(till.said(), [""; 0]);
    shop.clock.forward(2_000);
    shop.touch();
    till.until_said(1).await;
    assert_eq!(till.said(), ["Trong lúc mất mạng có hai giao dịch, tổng bảy mươi lăm nghìn đồng"]);
    assert_eq!(till.heard()[0], Heard::Durable(vec![first, second], Kind::Summary));
    assert_eq!(shop.left(), 0);
}

#[tokio::test]
async fn a_summary_comes_by_itself_when_its_wait_ends() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.pay(Age::Old, 50_000);
    till.until_read().await;
    shop.clock.forward(2_800);
    shop.touch();
    till.until_said(1).await;
}

#[tokio::test]
async fn what_an_earlier_run_left_long_ago_is_summed_up() {
    let shop = Shop::open();
    for _ in 0..SUMMARY_MAX + 1 {
        shop.pay(Age::Fresh, 1_000);
    }
    shop.clock.forward(3_600_000);
    let till = shop.speak(options());
    till.until_read().await;
    shop.clock.forward(15_000);
    shop.touch();
    till.until_said(1).await;
    assert_eq!(till.said(), ["Trong lúc mất mạng có hai nghìn giao dịch, tổng hai triệu đồng"]);
    till.until_read().await;
    shop.clock.forward(15_000);
    shop.touch();
    till.until_said(2).await;
    assert_eq!(till.said()[1], "Trong lúc mất mạng có một giao dịch, tổng một nghìn đồng");
    assert_eq!(shop.left(), 0);
}

#[tokio::test]
async fn a_speaker_that_fails_is_reported_and_the_next_sentence_is_said() {
    let shop = Shop::open();
    shop.pay(Age::Fresh, 25_000);
    shop.pay(Age::Fresh, 1_000);
    shop.fail_next("no card");
    let till = shop.speak(options());
    till.until_said(1).await;
    assert_eq!(till.said(), ["Đã nhận một nghìn đồng"]);
    assert_eq!(
        till.heard()[..2],
        [
            Heard::Durable(vec![1], Kind::Fresh),
            Heard::Failed(3, "no card was not found: install it, or name another program in [voice]".to_owned())
        ]
    );
    assert!(till.handle.status().last_error.unwrap().reason.starts_with("no card was not found"));
}

#[tokio::test]
async fn in_quiet_hours_nothing_is_said_then_or_later() {
    let shop = Shop::open();
    shop.set_link(true);
    let options = Options { quiet: Some(Quiet::parse("09:00-10:00").unwrap()), ..options() };
    let till = shop.speak(options);
    for age in [Age::Fresh, Age::Late, Age::Old] {
        shop.pay(age, 25_000);
    }
    till.until(|_| shop.left() == 0).await;
    let last = shop.pay(Age::Fresh, 25_000);
    till.until(|heard| heard.iter().any(|h| h == &Heard::Skipped(vec![last], SkipReason::QuietHours))).await;
    assert_eq!(till.handle.test(Dong(1_000)).await, Err(RequestError::QuietHours));
    assert_eq!(till.handle.replay(None).await, Err(RequestError::QuietHours));
    shop.clock.forward(3_600_000);
    shop.pay(Age::Fresh, 1_000);
    till.until_said(1).await;
    assert_eq!(till.said(), ["Đã nhận một nghìn đồng"]);
}

#[tokio::test]
async fn with_the_voice_off_or_without_a_speaker_all_is_skipped_in_batches() {
    for (mode, speaks, reason, error) in [
        (Mode::Off, true, SkipReason::VoiceOff, RequestError::Off),
        (Mode::Full, false, SkipReason::NoSpeaker, RequestError::NoSpeaker),
    ] {
        let shop = Shop::open();
        shop.set_speaks(speaks);
        for _ in 0..SKIP_MAX + 1 {
            shop.pay(Age::Old, 1_000);
        }
        let till = shop.speak(Options { mode, ..options() });
        till.until(|_| shop.left() == 0).await;
        let last = SKIP_MAX as u64 + 1;
        assert_eq!(till.heard(), [Heard::Skipped((1..last).collect(), reason), Heard::Skipped(vec![last], reason)]);
        assert_eq!(till.handle.replay(None).await, Err(error));
    }
}

#[tokio::test]
async fn in_chime_mode_the_skip_is_durable_before_the_one_chime_for_what_waits_together() {
    let shop = Shop::open();
    shop.pay(Age::Fresh, 1_000);
    shop.pay(Age::Fresh, 2_000);
    let till = shop.speak(Options { mode: Mode::Chime, ..options() });
    till.until(|heard| heard.len() == 2).await;
    assert_eq!(till.heard(), [Heard::Skipped(vec![1, 2], SkipReason::ChimeOnly), Heard::Chimed]);
    assert_eq!(till.handle.test(Dong(1_000)).await, Err(RequestError::ChimeOnly));
}

#[tokio::test]
async fn a_replay_is_journaled_and_a_test_is_not() {
    let shop = Shop::open();
    let till = shop.speak(options());
    assert_eq!(till.handle.replay(None).await, Err(RequestError::NothingYet));
    let payment = shop.pay(Age::Fresh, 25_000);
    till.until_said(1).await;
    for wanted in [None, Some(PaymentId(payment))] {
        let said = till.handle.replay(wanted).await.unwrap();
        assert_eq!(said.sentence, "Nhắc lại, đã nhận hai mươi lăm nghìn đồng");
        assert_eq!(said.payment, Some(PaymentId(payment)));
    }
    let tested = till.handle.test(Dong(25_000)).await.unwrap();
    assert_eq!((tested.sentence.as_str(), tested.payment), ("Đây là giao dịch thử, hai mươi lăm nghìn đồng", None));
    let durable = |kind| till.heard().iter().filter(|h| **h == Heard::Durable(vec![payment], kind)).count();
    assert_eq!((durable(Kind::Fresh), durable(Kind::Replay)), (1, 2));
    assert_eq!(till.said().len(), 4);
    assert_eq!(till.handle.replay(Some(PaymentId(99))).await, Err(RequestError::NotIncome(PaymentId(99))));
}

#[tokio::test]
async fn a_request_waits_for_one_sentence_and_not_for_the_burst() {
    let shop = Shop::open();
    for _ in 0..100 {
        shop.pay(Age::Fresh, 1_000);
    }
    let till = shop.speak(options());
    till.until_said(1).await;
    let test = till.handle.test(Dong(5)).await.unwrap();
    let before = till.said().iter().position(|said| *said == test.sentence).unwrap();
    assert!(before < 50, "{before} were said before it");
    till.until_said(101).await;
}

#[tokio::test]
async fn a_failed_request_is_answered_with_the_reason() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.fail_next("no card");
    let error = till.handle.test(Dong(5)).await.unwrap_err();
    assert!(error.to_string().starts_with("the speaker failed: no card was not found"), "{error}");
    shop.pay(Age::Fresh, 1_000);
    till.until_said(1).await;
    shop.set_full(true);
    assert_eq!(till.handle.replay(None).await, Err(RequestError::Refused(Refused::DiskFull)));
}

#[tokio::test]
async fn more_requests_than_may_wait_are_told_so_and_the_others_are_said() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.hold(true);
    let ask = |count: usize| {
        let handle = till.handle.clone();
        let one = move |_| {
            tokio::spawn({
                let handle = handle.clone();
                async move { handle.test(Dong(5)).await }
            })
        };
        (0..count).map(one).collect::<Vec<_>>()
    };
    let mut asked = ask(1);
    till.until(|_| till.handle.status().speaking.is_some()).await;
    asked.extend(ask(4));
    // Each task has asked after one turn of the runtime.
    yield_now().await;
    assert_eq!(till.handle.test(Dong(5)).await, Err(RequestError::Busy));
    shop.hold(false);
    for asked in asked {
        assert!(asked.await.unwrap().is_ok());
    }
}

#[tokio::test]
async fn the_loss_of_the_link_is_said_after_a_minute_and_its_end_after_that() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.clock.forward(59_000);
    shop.touch();
    till.until_read().await;
    assert_eq!(till.said(), [""; 0]);
    shop.clock.forward(1_001);
    shop.touch();
    till.until_said(1).await;
    shop.set_link(true);
    till.until_said(2).await;
    assert_eq!(till.said(), ["Mất kết nối mạng", "Đã kết nối"]);
    assert_eq!(till.heard(), said(&["Mất kết nối mạng", "Đã kết nối"]), "not journaled");
}

#[tokio::test]
async fn a_sentence_about_the_link_is_dropped_where_money_waits() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.pay(Age::Old, 1_000);
    till.until_read().await;
    shop.clock.forward(60_001);
    shop.touch();
    till.until_said(1).await;
    shop.touch();
    till.until_read().await;
    shop.set_link(true);
    shop.pay(Age::Fresh, 1_000);
    till.until_said(2).await;
    assert!(till.said().iter().all(|said| said.ends_with("một nghìn đồng")), "{:?}", till.said());
}

#[tokio::test]
async fn where_say_link_is_off_the_link_is_never_spoken_of() {
    let shop = Shop::open();
    let till = shop.speak(Options { say_link: false, ..options() });
    shop.clock.forward(60_001);
    shop.touch();
    till.until_read().await;
    shop.set_link(true);
    shop.pay(Age::Fresh, 1_000);
    till.until_said(1).await;
    assert_eq!(till.said(), ["Đã nhận một nghìn đồng"]);
}

#[tokio::test]
async fn a_stop_ends_it_and_leaves_the_rest_due() {
    let shop = Shop::open();
    shop.hold(true);
    shop.pay(Age::Fresh, 1_000);
    shop.pay(Age::Fresh, 2_000);
    let till = shop.speak(options());
    till.until(|_| till.handle.status().speaking.is_some()).await;
    till.stop.send(true).unwrap();
    till.until(|heard| heard.len() == 2).await;
    till.ended.await.unwrap();
    let heard = shop.heard();
    assert_eq!(heard[0], Heard::Durable(vec![1], Kind::Fresh));
    assert!(matches!(&heard[1], Heard::Failed(3, reason) if reason.contains("stopped with the daemon")), "{heard:?}");
    assert_eq!(shop.left(), 1);
    assert_eq!(till.handle.test(Dong(1)).await, Err(RequestError::Stopped));
}

#[tokio::test]
async fn an_unreadable_ledger_is_noted_and_read_again() {
    let shop = Shop::open();
    shop.set_unreadable(true);
    shop.pay(Age::Fresh, 1_000);
    let till = shop.speak(options());
    till.until(|_| till.handle.status().last_error.is_some()).await;
    shop.set_unreadable(false);
    shop.touch();
    till.until_said(1).await;
}

#[tokio::test]
async fn a_renewed_voice_speaks_in_the_new_way_from_the_next_sentence_on() {
    let shop = Shop::open();
    let till = shop.speak(options());
    shop.pay(Age::Fresh, 1_000);
    till.until_said(1).await;
    let south = Options { dialect: Dialect::South, ..options() };
    till.handle.renew(south, Box::new(shop.clone())).unwrap();
    // The request is served after the renewal, so what is paid now is said in the new way.
    till.handle.test(Dong(1_000)).await.unwrap();
    shop.pay(Age::Fresh, 1_000);
    till.until_said(3).await;
    assert_eq!(till.said(), ["Đã nhận một nghìn đồng", "Đây là giao dịch thử, một ngàn đồng", "Đã nhận một ngàn đồng"]);
}
