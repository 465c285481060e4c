//! The voice on a real ledger, with real processes as speakers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use sha2::{Digest, Sha256};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};
use support::{TestClock, memory, open, receive};
use tempfile::TempDir;
use tokio::{
    sync::{oneshot, watch},
    task::JoinHandle,
};
use vietqr_edge::{
    clock::Clock,
    fs::{Fs, RealFs},
    ledger::{self, Fatal, Ledger, Recorded, Speech},
    voice::{
        Handle, Mode, Options, Program, Speaker, Voice,
        clips::{Pack, Sound, needed},
    },
};
use vietqr_edge_core::{
    event::{Event, Kind, SkipReason},
    money::Dong,
    payment::{Age, PaymentId},
    voice::{Dialect, Quiet, Sentence},
};

/// Appends what it is given to `$D/said`.
const CAT: &str = "cat >> $D/said";

struct Shop {
    folder: TempDir,
    clock: Arc<TestClock>,
    ledger: Ledger,
    ended: oneshot::Receiver<Result<(), Fatal>>,
}

struct Run {
    handle: Handle,
    stop: watch::Sender<bool>,
    voice: JoinHandle<()>,
}

fn options() -> Options {
    Options {
        mode: Mode::Full,
        dialect: Dialect::North,
        quiet: None,
        small_amount: Dong(1_000),
        say_link: true,
        fresh_s: 120,
        late_s: 900,
    }
}

impl Shop {
    fn open() -> Shop {
        let (folder, clock) = (TempDir::new().unwrap(), TestClock::new());
        let (ledger, ended) = start(&folder.path().join("state"), &clock);
        Shop { folder, clock, ledger, ended }
    }

    /// As after a crash: nothing of the run before is left but its files.
    async fn reopen(self) -> Shop {
        let Shop { folder, clock, ledger, ended } = self;
        drop(ledger);
        ended.await.unwrap().unwrap();
        let (ledger, ended) = start(&folder.path().join("state"), &clock);
        Shop { folder, clock, ledger, ended }
    }

    async fn pay(&self, number: u64, amount: u64, paid: &str) {
        let body = format!(
            r#"{{"bankAccount":"1234567890","amount":{amount},"transType":"C","referenceNumber":"FT{number}","orderId":"","content":"x","status":1,"timePaid":"21/11/2026 {paid}"}}"#
        );
        self.ledger.commands.send(receive(body.into_bytes())).await.unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A shell script as the speaker, with `$D` as the shop's folder.
    fn sh(&self, script: &str) -> Speaker {
        Speaker::Command(self.program(script))
    }

    fn program(&self, script: &str) -> Program {
        let script = format!("D={}; {script}", self.folder.path().display());
        Program::new(["sh", "-c", &script].map(str::to_owned).to_vec())
    }

    fn speak(&self, options: Options, speaker: Speaker) -> Run {
        let (stop, stopped) = watch::channel(false);
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (source, commands) = (Arc::new(self.ledger.reader.clone()), self.ledger.commands.clone());
        let (voice, handle) = Voice::new(options, Box::new(speaker), source, commands, clock, stopped);
        Run { handle, stop, voice: tokio::spawn(voice.run()) }
    }

    /// What reached the speaker.
    fn said(&self) -> String {
        std::fs::read_to_string(self.path("said")).unwrap_or_default()
    }

    fn lines(&self) -> Vec<String> {
        self.said().lines().map(str::to_owned).collect()
    }

    fn events(&self) -> Vec<Recorded> {
        self.ledger.reader.events(0, 10_000).unwrap()
    }

    fn count(&self, name: &str) -> usize {
        self.events().iter().filter(|recorded| recorded.event.name() == name).count()
    }

    fn speech(&self, id: u64) -> Speech {
        self.ledger.reader.payment(PaymentId(id)).unwrap().unwrap().speech
    }

    /// A summary waits for seconds of a clock that stands still by itself: moves it on, and wakes who waits for a commit.
    async fn later_until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + Duration::from_secs(30);
        for number in 1.. {
            assert!(Instant::now() < deadline, "never: {what}");
            if holds() {
                return;
            }
            self.clock.forward(1_000);
            let debit = format!(
                r#"{{"bankAccount":"1234567890","amount":1,"transType":"D","referenceNumber":"D{number}","content":"x","status":1,"timePaid":"21/11/2026 09:30:00"}}"#
            );
            self.ledger.commands.send(receive(debit.into_bytes())).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Run {
    async fn end(self) {
        self.stop.send(true).unwrap();
        self.voice.await.unwrap();
    }

    /// As a crash: the task is gone in the middle of what it did.
    async fn crash(self) {
        self.voice.abort();
        let _ = self.voice.await;
    }
}

fn start(state: &Path, clock: &Arc<TestClock>) -> (Ledger, oneshot::Receiver<Result<(), Fatal>>) {
    let fs: Arc<dyn Fs> = Arc::new(RealFs);
    let writer = open(&fs, clock, state, &memory().1);
    let (ledger, running) = ledger::start(writer, 64).unwrap();
    (ledger, running.ended)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds() {
        assert!(Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_sentence_arrives_to_the_byte_and_its_start_is_in_the_journal_before() {
    let shop = Shop::open();
    let run = shop.speak(options(), shop.sh("cat >> $D/said; cat $D/state/journal/* > $D/then"));
    shop.pay(1, 25_000, "09:30:00").await;
    until("it is finished", || shop.count("announcement.finished") == 1).await;
    assert_eq!(shop.said(), "Đã nhận hai mươi lăm nghìn đồng\n");
    let then = std::fs::read_to_string(shop.path("then")).unwrap();
    assert!(then.contains("announcement.started") && !then.contains("announcement.finished"));
    assert!(matches!(shop.speech(1), Speech::Finished(..)));
    run.end().await;
}

#[tokio::test]
async fn a_burst_of_200_is_said_in_order_each_once() {
    let shop = Shop::open();
    let run = shop.speak(options(), shop.sh(CAT));
    for number in 1..=200 {
        shop.pay(number, number * 1_000, "09:30:00").await;
    }
    until("all are said", || shop.lines().len() == 200).await;
    until("all are finished", || shop.count("announcement.finished") == 200).await;
    let expected: Vec<_> = (1..=200).map(|n| Sentence::Received(Dong(n * 1_000)).text(Dialect::North)).collect();
    assert_eq!(shop.lines(), expected);
    assert_eq!(shop.count("announcement.started"), 200);
    run.end().await;
}

#[tokio::test]
async fn after_a_crash_in_the_middle_of_a_sentence_it_is_not_said_again_and_the_rest_is() {
    let shop = Shop::open();
    for number in 1..=3 {
        shop.pay(number, number * 1_000, "09:30:00").await;
    }
    let script = "read s; echo \"$s\" >> $D/said; case $s in *hai*) while :; do sleep 1; done;; esac";
    let run = shop.speak(options(), shop.sh(script));
    until("the second is begun", || shop.lines().len() == 2).await;
    run.crash().await;
    let shop = shop.reopen().await;
    let run = shop.speak(options(), shop.sh(CAT));
    until("the third is said", || shop.lines().len() == 3).await;
    until("it is finished", || matches!(shop.speech(3), Speech::Finished(..))).await;
    let said = ["Đã nhận một nghìn đồng", "Đã nhận hai nghìn đồng", "Đã nhận ba nghìn đồng"];
    assert_eq!(shop.lines(), said);
    assert!(matches!(shop.speech(2), Speech::Started(_)), "nobody knows whether it was heard");
    run.end().await;
}

#[tokio::test]
async fn a_speaker_that_hangs_is_stopped_and_reported_and_the_next_sentence_is_said() {
    let shop = Shop::open();
    shop.pay(1, 1_000, "09:30:00").await;
    shop.pay(2, 2_000, "09:30:00").await;
    let script = "read s; case $s in *một*) sleep 60;; *) echo \"$s\" >> $D/said;; esac";
    let speaker = Speaker::Command(shop.program(script).limited_to(Duration::from_millis(500)));
    let run = shop.speak(options(), speaker);
    until("the second is finished", || shop.count("announcement.finished") == 1).await;
    assert_eq!(shop.lines(), ["Đã nhận hai nghìn đồng"]);
    let reason = shop.events().into_iter().find_map(|recorded| match recorded.event {
        Event::AnnouncementFailed(failed) => Some(failed.reason),
        _ => None,
    });
    assert!(reason.as_ref().unwrap().starts_with("sh did not end within"), "{reason:?}");
    assert!(matches!(shop.speech(1), Speech::Failed(..)));
    assert_eq!(run.handle.status().last_error.map(|error| error.reason), reason);
    run.end().await;
}

#[tokio::test]
async fn fresh_ones_come_first_late_ones_with_their_time_old_ones_in_a_summary() {
    let shop = Shop::open();
    shop.pay(1, 1_000_000, "08:00:00").await;
    shop.pay(2, 50_000, "09:20:00").await;
    shop.pay(3, 25_000, "09:30:00").await;
    let run = shop.speak(options(), shop.sh(CAT));
    until("two are said", || shop.count("announcement.finished") == 2).await;
    shop.later_until("all are said", || shop.lines().len() == 3).await;
    assert_eq!(
        shop.lines(),
        [
            "Đã nhận hai mươi lăm nghìn đồng",
            "Giao dịch lúc chín giờ hai mươi phút, đã nhận năm mươi nghìn đồng",
            "Trong lúc mất mạng có một giao dịch, tổng một triệu đồng",
        ]
    );
    run.end().await;
}

#[tokio::test]
async fn what_was_left_when_the_device_went_off_for_an_hour_is_summed_up() {
    let shop = Shop::open();
    for number in 1..=20 {
        shop.pay(number, 1_000, "09:30:00").await;
    }
    shop.clock.forward(3_600_000);
    let shop = shop.reopen().await;
    let run = shop.speak(options(), shop.sh(CAT));
    shop.later_until("it is said", || !shop.lines().is_empty()).await;
    assert_eq!(shop.lines(), ["Trong lúc mất mạng có hai mươi giao dịch, tổng hai mươi nghìn đồng"]);
    let started = shop.events().into_iter().find_map(|recorded| match recorded.event {
        Event::AnnouncementStarted(started) => Some(started),
        _ => None,
    });
    let started = started.unwrap();
    assert_eq!((started.kind, started.payments.len()), (Kind::Summary, 20));
    run.end().await;
}

#[tokio::test]
async fn in_quiet_hours_all_is_skipped_for_good() {
    let shop = Shop::open();
    let quiet = Options { quiet: Some(Quiet::parse("09:00-10:00").unwrap()), ..options() };
    let run = shop.speak(quiet, shop.sh(CAT));
    shop.pay(1, 1_000, "09:30:00").await;
    until("it is skipped", || shop.count("announcement.skipped") == 1).await;
    shop.clock.forward(3_600_000);
    shop.pay(2, 2_000, "09:30:00").await;
    until("the next is said", || shop.count("announcement.finished") == 1).await;
    assert_eq!(shop.lines(), ["Đã nhận hai nghìn đồng"]);
    let skipped = shop.events().into_iter().find_map(|recorded| match recorded.event {
        Event::AnnouncementSkipped(skipped) => Some(skipped),
        _ => None,
    });
    let skipped = skipped.unwrap();
    assert_eq!((skipped.payments, skipped.reason), (vec![PaymentId(1)], SkipReason::QuietHours));
    assert!(matches!(shop.speech(1), Speech::Skipped(_)));
    run.end().await;
}

#[tokio::test]
async fn a_replay_of_the_last_payment_is_journaled() {
    let shop = Shop::open();
    shop.pay(1, 25_000, "09:30:00").await;
    let run = shop.speak(options(), shop.sh(CAT));
    until("it is said", || shop.count("announcement.finished") == 1).await;
    let said = run.handle.replay(None).await.unwrap();
    assert_eq!(
        (said.payment, said.sentence.as_str()),
        (Some(PaymentId(1)), "Nhắc lại, đã nhận hai mươi lăm nghìn đồng")
    );
    assert_eq!(run.handle.test(Dong(25_000)).await.unwrap().payment, None);
    assert_eq!(shop.lines().len(), 3);
    assert_eq!(shop.count("announcement.started"), 2);
    run.end().await;
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_sentence_that_hangs() {
    let shop = Shop::open();
    shop.pay(1, 1_000, "09:30:00").await;
    let run = shop.speak(options(), shop.sh("touch $D/up; trap '' TERM; while :; do sleep 1; done"));
    until("it speaks", || shop.path("up").exists()).await;
    let began = Instant::now();
    run.end().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    until("that is told", || shop.count("announcement.failed") == 1).await;
    assert_eq!(shop.ledger.reader.due(Age::Fresh, 10).unwrap(), []);
}

#[tokio::test]
async fn a_clip_pack_is_one_wav_file_on_the_players_stdin() {
    let shop = Shop::open();
    let pack = shop.path("pack");
    std::fs::create_dir(&pack).unwrap();
    let clips = needed(Dialect::North).enumerate().map(|(number, name)| {
        let wav = Sound { rate: 8_000, samples: vec![9_000; 800] }.wav();
        std::fs::write(pack.join(format!("{number}.wav")), &wav).unwrap();
        let sha256 = hex::encode(Sha256::digest(&wav));
        serde_json::json!({"name": name, "file": format!("{number}.wav"), "sha256": sha256})
    });
    let clips: Vec<_> = clips.collect();
    let manifest = serde_json::json!({"dialect": "north", "version": "1", "sample_rate": 8_000, "clips": clips});
    std::fs::write(pack.join("manifest.json"), manifest.to_string()).unwrap();
    let pack = Pack::load(&pack, Dialect::North).unwrap();
    let run = shop.speak(options(), Speaker::Clips { pack, player: shop.program(CAT) });
    shop.pay(1, 25_000, "09:30:00").await;
    until("it is finished", || shop.count("announcement.finished") == 1).await;
    let sound = Sound::parse(&std::fs::read(shop.path("said")).unwrap()).unwrap();
    // đã nhận, hai, mươi, lăm, nghìn, đồng: six clips of 100 ms, 40 ms apart.
    assert_eq!(sound.length(), Duration::from_millis(6 * 100 + 5 * 40));
    run.end().await;
}
