//! The story, step by step. Each step tells what happens, waits until it has, and checks what it claims.

use crate::{
    Result, page, refunds,
    speaker::{self, Said},
    stage::Stage,
    turn,
};
use tokio::signal::unix::{SignalKind, signal};
use vietqr_edge::http::LinkState;
use vietqr_edge_core::event::{AnnouncementStarted, LinkUp, MessageQuarantined, Reason};
use vietqr_edge_sandbox::vietqr::{Bdsd, Fault, Publish};

/// The first payment.
const FIRST: (u64, &str) = (25_000, "Đã nhận hai mươi lăm nghìn đồng");
/// Those that are made while the device is dead.
const MEANWHILE: [(u64, &str, &str); 3] = [
    (18_000, "Đã nhận mười tám nghìn đồng", "ca phe"),
    (52_500, "Đã nhận năm mươi hai nghìn năm trăm đồng", "banh mi"),
    (120_000, "Đã nhận một trăm hai mươi nghìn đồng", "tra sua"),
];

/// Tells the story, then stays until Ctrl-C unless `once`.
///
/// # Errors
/// The first step that did not happen in time.
pub async fn run(once: bool) -> Result {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let mut stage = Stage::build().await?;
    let play = async {
        tell(&mut stage).await?;
        if once { Ok(()) } else { turn::stay(&mut stage).await }
    };
    let played = tokio::select! {
        played = play => played,
        _ = interrupt.recv() => interrupted(once),
        _ = terminate.recv() => interrupted(once),
    };
    if played.is_ok() {
        page::gap();
        page::tell("Stopping the device and VietQR's side, and removing the folder.");
    }
    let struck = stage.strike().await;
    played.and(struck)
}

fn interrupted(once: bool) -> Result {
    if once { Err("interrupted before the end of the story".into()) } else { Ok(()) }
}

async fn tell(stage: &mut Stage) -> Result {
    page::title("vietqr-edge: a shop, its bank and its payment device, on this machine");
    page::tell(format_args!("Everything is throw-away and lies in {}", stage.folder.dir.display()));
    page::tell(match speaker::installed() {
        Some(_) => "Sentences are shown after ♪, and given to espeak-ng to speak.",
        None => "Sentences are shown after ♪. With espeak-ng installed they are spoken too.",
    });
    the_device_connects(stage).await?;
    let first = Bdsd::credit(FIRST.0).content("ca phe sua da");
    a_customer_pays(stage, &first).await?;
    the_message_comes_again(stage, &first).await?;
    messages_that_are_no_money(stage).await?;
    customers_pay_while_the_device_is_dead(stage).await?;
    the_device_comes_back(stage).await?;
    the_first_message_once_more(stage, &first).await?;
    let payments = stage.daemon.payments().await?;
    refunds::tell(stage, &payments).await
}

async fn the_device_connects(stage: &mut Stage) -> Result {
    page::step(1, "The device connects");
    page::tell(format_args!("The broker listens on {}, with certificates made for this run.", stage.broker.url()));
    stage.daemon.start()?;
    let up = async |stage: &Stage| Ok((stage.daemon.status().await?.link.state == LinkState::Up).then_some(()));
    stage.until("the link is up", up).await?;
    page::seen("connected over TLS, certificate verified, subscribed to vietqr/bdsd/VVB123456");
    Ok(())
}

async fn a_customer_pays(stage: &mut Stage, payment: &Bdsd) -> Result {
    page::step(2, "A customer pays 25.000 đ");
    page::tell("VietQR publishes it. The device stores it, acknowledges it, and says:");
    let began = speaker::now_ms();
    stage.pay(payment, None).await?;
    let said = sentences(stage, 1).await?;
    page::said(&said[0].sentence);
    expect(said[0].sentence == FIRST.1, || format!("expected the sentence '{}'", FIRST.1))?;
    stage.acknowledged().await?;
    page::seen(format_args!("said {} ms after it was published", said[0].at_ms.saturating_sub(began)));
    let payments = stage.daemon.payments().await?;
    expect(payments.len() == 1 && payments[0].amount.0 == FIRST.0, || format!("the ledger has {payments:?}"))?;
    page::command("vietqr-edge payments", &stage.daemon.ask(&["payments"]).await?);
    page::seen("in the ledger");
    // Said to the end before the device dies, so that no two sentences are heard at once.
    silent(stage).await
}

async fn the_message_comes_again(stage: &mut Stage, payment: &Bdsd) -> Result {
    page::step(3, "The same message comes again");
    stage.publish(vec![Publish::from(payment)]).await?;
    stage.acknowledged().await?;
    repeats(stage, 1, 1).await?;
    page::seen("acknowledged and counted: booked once, said once");
    Ok(())
}

async fn messages_that_are_no_money(stage: &mut Stage) -> Result {
    page::step(4, "Messages that are not the shop's money");
    page::tell("One names an account that is not the shop's. Of another only half arrives.");
    let payment = Bdsd::credit(900_000);
    stage.publish(Fault::ForeignAccount.publishes(&payment)).await?;
    stage.acknowledged().await?;
    stage.publish(Fault::Half.publishes(&payment)).await?;
    stage.acknowledged().await?;
    let totals = stage.daemon.status().await?.totals;
    let of = |reason| totals.quarantined.get(&reason).copied().unwrap_or(0);
    expect(of(Reason::ForeignAccount) == 1 && of(Reason::Unparsable) == 1 && totals.credits == 1, || {
        format!("expected one payment and two messages in quarantine, the totals are {totals:?}")
    })?;
    let told: Vec<MessageQuarantined> = stage.daemon.events("message.quarantined").await?;
    for quarantined in told {
        page::tell(format_args!("  {}: {}", quarantined.reason.as_str(), quarantined.detail));
    }
    page::seen("both are in quarantine: kept for people, not booked, not said, never sent again");
    Ok(())
}

async fn customers_pay_while_the_device_is_dead(stage: &mut Stage) -> Result {
    page::step(5, "The device dies: kill -9");
    stage.daemon.kill().await?;
    stage.lost().await?;
    let report = stage.daemon.ask(&["journal", "verify"]).await?;
    page::command("vietqr-edge journal verify", &report);
    page::seen("the device is dead, its journal is whole");
    page::tell("Meanwhile three customers pay: 18.000 đ, 52.500 đ, 120.000 đ. The broker keeps the messages.");
    for (amount, _, content) in MEANWHILE {
        stage.pay(&Bdsd::credit(amount).content(content), None).await?;
    }
    Ok(())
}

async fn the_device_comes_back(stage: &mut Stage) -> Result {
    page::step(6, "The device starts again, and says:");
    stage.daemon.start()?;
    for (nth, (_, sentence, _)) in MEANWHILE.iter().enumerate() {
        let said = sentences(stage, nth + 2).await?;
        page::said(&said[nth + 1].sentence);
        expect(said[nth + 1].sentence == *sentence, || format!("expected the sentence '{sentence}'"))?;
    }
    let ups: Vec<LinkUp> = stage.daemon.events("link.up").await?;
    expect(ups.last().is_some_and(|up| up.session_present), || "the broker had forgotten the device".to_owned())?;
    page::command("vietqr-edge payments", &stage.daemon.ask(&["payments"]).await?);
    once_each(stage).await?;
    page::seen("every payment is in the ledger once, and was said once");
    Ok(())
}

async fn the_first_message_once_more(stage: &mut Stage, payment: &Bdsd) -> Result {
    page::step(7, "The first message comes a third time");
    stage.publish(vec![Publish::from(payment)]).await?;
    repeats(stage, 2, 4).await?;
    silent(stage).await?;
    once_each(stage).await?;
    page::seen("known from before the kill: nothing changed but its counter");
    page::command("vietqr-edge journal verify", &stage.daemon.ask(&["journal", "verify"]).await?);
    Ok(())
}

/// Waits until there were this many sentences.
async fn sentences(stage: &Stage, count: usize) -> Result<Vec<Said>> {
    let look = async |stage: &Stage| Ok(Some(stage.said()?).filter(|said| said.len() >= count));
    stage.until(&format!("sentence {count} is said"), look).await
}

/// Waits until nothing is being said.
///
/// # Errors
/// Where it does not end in time.
pub async fn silent(stage: &Stage) -> Result {
    let look = async |stage: &Stage| Ok((!stage.daemon.status().await?.voice.speaking).then_some(()));
    stage.until("the sentence ends", look).await
}

/// Waits until the first payment was repeated so often; there are so many payments then.
async fn repeats(stage: &Stage, repeats: u64, payments: usize) -> Result {
    let look = async |stage: &Stage| {
        let found = stage.daemon.payments().await?;
        Ok(Some(found).filter(|found| found.first().is_some_and(|first| first.repeats == repeats)))
    };
    let found = stage.until("the repeat is counted", look).await?;
    expect(found.len() == payments, || format!("expected {payments} payments, there are {}", found.len()))
}

/// Every payment is in the ledger once, was announced once, and nothing else was said.
async fn once_each(stage: &Stage) -> Result {
    let expected: Vec<(u64, &str)> =
        std::iter::once(FIRST).chain(MEANWHILE.map(|(amount, said, _)| (amount, said))).collect();
    let payments = stage.daemon.payments().await?;
    expect(payments.iter().map(|payment| payment.amount.0).eq(expected.iter().map(|(amount, _)| *amount)), || {
        format!("the ledger has {payments:?}")
    })?;
    let announced: Vec<AnnouncementStarted> = stage.daemon.events("announcement.started").await?;
    let announced: Vec<_> = announced.into_iter().flat_map(|announcement| announcement.payments).collect();
    expect(announced.iter().eq(payments.iter().map(|payment| &payment.id)), || format!("announced: {announced:?}"))?;
    let said = stage.said()?;
    expect(said.iter().map(|said| said.sentence.as_str()).eq(expected.iter().map(|(_, said)| *said)), || {
        format!("said: {said:?}")
    })
}

/// Checks what is told.
///
/// # Errors
/// `otherwise`.
pub fn expect(holds: bool, otherwise: impl FnOnce() -> String) -> Result {
    if holds { Ok(()) } else { Err(otherwise().into()) }
}
