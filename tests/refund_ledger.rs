//! Refunds in the ledger: what survives a crash, a rebuild, dropped lines, damage and a copy.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::{path::Path, sync::Arc};
use support::{
    TestClock,
    behind::{Behind, Dump},
    memory, notice, open, options,
    simfs::SimFs,
    unlike,
};
use vietqr_edge::{
    clock::Clock,
    fs::Fs,
    ledger::{self, Answer, Command, RefundAnswer, Refused, Stray, Writer, index::keys, store::Store},
};
use vietqr_edge_core::{
    event::{Event, Reason},
    provider::{Figures, LookUp, Outcome, Told},
    refund::{Ask, Door, Input, Person, RefundId, Speech, State, Verdict, Work},
};

const DIR: &str = "/state";

fn sim() -> (SimFs, Arc<dyn Fs>) {
    let disk = SimFs::default();
    (disk.clone(), Arc::new(disk))
}

fn ask(request_id: &str, reference: &str, amount: u64) -> Command {
    let body = format!(
        r#"{{"request_id":"{request_id}","provider":"vietqr","bank_account":"1234567890","reference_number":"{reference}","amount":{amount},"reason":"khách trả hàng","operator":"lan"}}"#
    );
    Command::RefundRequest { ask: Box::new(Ask::from_json(body.as_bytes()).unwrap()), door: Door::Http, replay: None }
}

fn input(refund: RefundId, input: Input) -> Command {
    Command::Refund { refund, input: Box::new(input) }
}

fn begin(refund: RefundId, attempt: &str, refunded: u64, count: u64) -> Command {
    let figures = Some(Figures { refund_count: count, amount_refunded: refunded });
    let look_up = LookUp::Found { amount: 25_000, figures, refundable: true };
    input(refund, Input::Begin { attempt: attempt.into(), body: r#"{"amount":"25000"}"#.into(), look_up })
}

fn sent(refund: RefundId, attempt: &str, outcome: Outcome) -> Command {
    input(refund, Input::Sent { attempt: attempt.into(), outcome, answer: None })
}

fn one(writer: &mut Writer, command: Command) -> Result<RefundAnswer, Refused> {
    match writer.commit(vec![command]).unwrap().pop().unwrap() {
        Ok(Answer::Refund(answer)) => Ok(answer),
        Ok(other) => panic!("{other:?}"),
        Err(refused) => Err(refused),
    }
}

fn code(result: Result<RefundAnswer, Refused>) -> &'static str {
    match result {
        Err(Refused::Refund(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn state(writer: &Writer, id: RefundId) -> State {
    writer.reader().refund(id).unwrap().unwrap().state
}

/// A ledger with one payment FT1 of 25.000 đ.
fn with_payment(fs: &Arc<dyn Fs>, clock: &Arc<TestClock>, store: &dyn Store) -> Writer {
    let mut writer = open(fs, clock, Path::new(DIR), store);
    writer.commit(vec![notice("FT1", 25_000)]).unwrap();
    writer
}

#[test]
fn a_request_id_makes_one_refund_at_once_and_after_a_restart() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &clock, &store);
    let answers = writer.commit(vec![ask("r-1", "FT1", 10_000), ask("r-1", "FT1", 10_000)]).unwrap();
    let made = |new| Ok(Answer::Refund(RefundAnswer { refund: RefundId(2), new, state: State::Queued, sends: false }));
    assert_eq!(answers, [made(true), made(false)]);
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    assert!(!one(&mut writer, ask("r-1", "FT1", 10_000)).unwrap().new);
    assert_eq!(code(one(&mut writer, ask("r-1", "FT1", 10_001))), "request_id_conflict");
    assert_eq!(writer.reader().refunds(None, 10, None).unwrap().0.len(), 1);
}

/// The same request, by a message signed at this second.
fn by_message(issued_at: u64, clock: &TestClock, counts: bool) -> Command {
    let Command::RefundRequest { ask, .. } = ask("r-1", "FT1", 10_000) else { unreachable!() };
    let door = Door::Mqtt { terminal: "VVB123456".into(), key: "now".into(), issued_at };
    let stray = Stray {
        topic: "refund/request".into(),
        reason: Reason::UntrustedRequest,
        detail: "done already".into(),
        body: b"signed".to_vec(),
        size: 6,
        received_at: clock.now(),
    };
    Command::RefundRequest { ask, door, replay: counts.then(|| Box::new(stray)) }
}

#[test]
fn a_replayed_message_is_counted_one_delivered_again_is_not_and_a_later_one_is_answered() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &clock, &store);
    let signed_at = 1_795_000_000;
    let twice = vec![by_message(signed_at, &clock, true), by_message(signed_at, &clock, true)];
    let answers = writer.commit(twice).unwrap();
    let answer =
        |new| Ok(Answer::Refund(RefundAnswer { refund: RefundId(2), new, state: State::Queued, sends: false }));
    let counted = Ok(Answer::Quarantined(Reason::UntrustedRequest));
    assert_eq!(answers, [answer(true), counted.clone()]);
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    let total = |writer: &Writer| writer.reader().counters().quarantined.get(&Reason::UntrustedRequest).copied();
    assert_eq!(total(&writer), Some(1));
    let answers = writer.commit(vec![by_message(signed_at, &clock, false)]).unwrap();
    assert!(matches!(answers[..], [Ok(Answer::Recorded(_))]), "{answers:?}");
    assert_eq!(total(&writer), Some(1), "what the broker delivers again is not counted");
    let answers = writer.commit(vec![by_message(signed_at + 1, &clock, true), by_message(signed_at, &clock, true)]);
    assert_eq!(answers.unwrap(), [answer(false), counted]);
    assert_eq!((total(&writer), writer.reader().refunds(None, 10, None).unwrap().0.len()), (Some(2), 1));
}

#[test]
fn one_refund_of_a_payment_is_in_flight_and_the_other_caller_is_told() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &TestClock::new(), &store);
    let answers = writer.commit(vec![ask("r-1", "FT1", 10_000), ask("r-2", "FT1", 10_000)]).unwrap();
    assert!(matches!(&answers[1], Err(Refused::Refund(refusal)) if refusal.other == Some(RefundId(2))), "{answers:?}");
    assert!(writer.reader().refunds(None, 10, None).unwrap().0.len() == 1, "the other is not bound");
}

#[test]
fn what_went_back_is_counted_and_the_rest_is_the_most_that_can() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &TestClock::new(), &store);
    let id = one(&mut writer, ask("r-1", "FT1", 10_000)).unwrap().refund;
    assert!(one(&mut writer, begin(id, "a1", 0, 0)).unwrap().sends);
    assert_eq!(writer.reader().refund_due("vietqr", TestClock::new().now(), |_| false).unwrap().first, None);
    one(&mut writer, sent(id, "a1", Outcome::Succeeded { reference: Some("FT9".into()) })).unwrap();
    assert_eq!(state(&writer, id), State::Succeeded);
    let reader = writer.reader();
    assert_eq!(reader.find("FT1").unwrap()[0].refunded, 10_000);
    assert_eq!(reader.refunds_to_say(1).unwrap()[0].speech, Speech::Done);
    let history: Vec<&str> = reader.refund_view(id).unwrap().unwrap().history.iter().map(|r| r.event.name()).collect();
    assert_eq!(history, ["refund.requested", "refund.queued", "refund.sending", "refund.succeeded"]);
    assert_eq!(code(one(&mut writer, ask("r-2", "FT1", 15_001))), "more_than_left");
    assert!(one(&mut writer, ask("r-2", "FT1", 15_000)).is_ok());
}

#[test]
fn an_attempt_that_a_crash_cut_off_is_unknown_and_looked_up() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (index, store) = memory();
    let mut writer = with_payment(&fs, &clock, &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    drop(writer);
    for (n, index) in [memory().0, index].into_iter().enumerate() {
        let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
        let store = vietqr_edge::ledger::store::MemoryStore::new(index);
        let mut writer = open(&fs, &clock, Path::new(DIR), &store);
        writer.commit(vec![]).unwrap();
        assert_eq!(state(&writer, id), State::Unknown, "store {n}");
        assert_eq!(code(one(&mut writer, begin(id, "a2", 0, 0))), "wrong_state");
        assert_eq!(code(one(&mut writer, sent(id, "a1", Outcome::NotSent(Told::code("x"))))), "wrong_state");
        clock.forward(30_000);
        let due = writer.reader().refund_due("vietqr", clock.now(), |_| false).unwrap();
        assert!(matches!(due.first, Some((_, Work::LookUp))), "{due:?}");
    }
}

/// Thirty refunds of which each has come another way, over several segments.
fn thirty(disk: &SimFs, clock: &Arc<TestClock>, store: &dyn Store) -> Writer {
    let fs: Arc<dyn Fs> = Arc::new(disk.clone());
    let mut writer = open(&fs, clock, Path::new(DIR), store);
    for n in 0..30u64 {
        let reference = format!("FT{n}");
        writer.commit(vec![notice(&reference, 25_000)]).unwrap();
        let id = one(&mut writer, ask(&format!("r-{n}"), &reference, 10_000 + n)).unwrap().refund;
        if n % 5 == 1 {
            let by = Person { name: "lan".into(), manager: false };
            one(&mut writer, input(id, Input::Cancel { by, reason: "nhầm".into() })).unwrap();
        }
        if n % 5 > 1 {
            one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
            let outcome = match n % 5 {
                2 => Outcome::Succeeded { reference: None },
                3 => Outcome::Unknown(Told::code("http_503")),
                _ => Outcome::NotSent(Told::code("not_sent")),
            };
            one(&mut writer, sent(id, "a1", outcome)).unwrap();
        }
        if n % 10 == 3 {
            one(&mut writer, input(id, Input::LookedUp(LookUp::NotFound))).unwrap();
        }
        clock.forward(1000);
    }
    let say = writer.reader().refunds_to_say(1).unwrap()[0];
    writer.commit(vec![Command::AnnounceRefund { refund: say.refund, sentence: "x".into() }]).unwrap();
    assert!(disk.paths().iter().filter(|path| path.starts_with("/state/journal")).count() > 3, "several segments");
    writer
}

#[test]
fn the_refunds_built_again_are_the_refunds_that_were() {
    let (disk, _) = sim();
    let clock = TestClock::new();
    let (index, store) = memory();
    drop(thirty(&disk, &clock, &store));
    let (again, empty) = memory();
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    drop(open(&fs, &clock, Path::new(DIR), &empty));
    assert_eq!(unlike(&index, &again), Vec::<String>::new());
}

#[test]
fn a_store_that_is_behind_anywhere_becomes_the_store_that_was() {
    let (disk, _) = sim();
    let clock = TestClock::new();
    let store = Behind::new(&disk, &Dump::new(), 0);
    drop(thirty(&disk, &clock, &store));
    let was = store.held();
    for (n, held) in store.ever(disk.ops()).into_iter().enumerate().skip(1) {
        let disk = disk.after_kill();
        let store = Behind::new(&disk, &held, 1 << 20);
        let mut writer = open(&(Arc::new(disk) as Arc<dyn Fs>), &clock, Path::new(DIR), &store);
        assert!(writer.reader().payments(None, 100).unwrap().len() == 30, "what waits is not seen");
        writer.checkpoint().unwrap();
        let mut unlike = unlike(&was, &store.held());
        // Lines have a place in the store where it went on from.
        unlike.retain(|entry| entry.as_bytes()[0] != keys::position(1)[0]);
        assert!(unlike.is_empty(), "from the state {n}: {unlike:?}");
    }
}

#[test]
fn request_ids_and_sums_outlive_the_lines_that_are_dropped() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (_, store) = memory();
    let mut options_ = options(Path::new(DIR));
    options_.limits.disk_bytes = 40_000;
    let mut writer = ledger::open(options_, Arc::clone(&fs), Arc::clone(&clock) as Arc<dyn Clock>, &store).unwrap();
    writer.commit(vec![notice("FT1", 25_000)]).unwrap();
    let done = one(&mut writer, ask("r-1", "FT1", 10_000)).unwrap().refund;
    one(&mut writer, begin(done, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(done, "a1", Outcome::Succeeded { reference: None })).unwrap();
    writer.commit(vec![notice("FT2", 25_000)]).unwrap();
    let open_ = one(&mut writer, ask("r-2", "FT2", 10_000)).unwrap().refund;
    one(&mut writer, begin(open_, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(open_, "a1", Outcome::Unknown(Told::code("no_answer")))).unwrap();
    for n in 10..250u64 {
        clock.forward(1000);
        writer.commit(vec![notice(&format!("FT{n}"), n)]).unwrap();
    }
    assert!(writer.reader().oldest() > open_.0, "the lines of both are dropped");
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let mut writer = open(&fs, &clock, Path::new(DIR), &memory().1);
    assert_eq!(writer.reader().refund(done).unwrap(), None, "its record went with its lines");
    assert_eq!(state(&writer, open_), State::Unknown);
    assert_eq!(one(&mut writer, ask("r-1", "FT1", 10_000)), Err(Refused::NoSuchRefund(done)), "still bound");
    assert_eq!(code(one(&mut writer, ask("r-2", "FT2", 9_999))), "request_id_conflict");
    assert_eq!(code(one(&mut writer, ask("r-3", "FT2", 9_999))), "in_flight");
    let fresh = one(&mut writer, ask("r-4", "FT1", 25_000)).unwrap().refund;
    one(&mut writer, begin(fresh, "a1", 10_000, 1)).unwrap();
    assert_eq!(state(&writer, fresh), State::Refused, "the sum of before counts");
}

/// Garbles the line that holds this text.
fn garble(disk: &SimFs, text: &str) -> SimFs {
    let disk = disk.after_kill();
    for path in disk.paths().into_iter().filter(|path| path.starts_with("/state/journal")) {
        let bytes = disk.contents(&path).unwrap();
        if let Some(at) = bytes.windows(text.len()).position(|part| part == text.as_bytes()) {
            disk.damage(&path, |bytes| bytes[at] ^= 0x20);
            return disk;
        }
    }
    panic!("no line holds {text}");
}

#[test]
fn a_refund_that_was_open_where_a_line_is_lost_is_for_people() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &clock, &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(id, "a1", Outcome::NotSent(Told::code("not_sent")))).unwrap();
    writer.commit(vec![notice("FT7", 7)]).unwrap();
    drop(writer);
    let fs: Arc<dyn Fs> = Arc::new(garble(&disk, "refund.sending"));
    let (_, store) = memory();
    let mut writer = open(&fs, &clock, Path::new(DIR), &store);
    writer.commit(vec![]).unwrap();
    let refund = writer.reader().refund(id).unwrap().unwrap();
    assert_eq!((refund.state, refund.code.as_deref()), (State::Review, Some("journal_damaged")));
    let by = Person { name: "boss".into(), manager: true };
    one(&mut writer, input(id, Input::Resolve { verdict: Verdict::Failed, by, reason: "đã xem".into() })).unwrap();
    assert_eq!(state(&writer, id), State::Failed);
}

/// Starts that are killed before they write a line, then one that is not, over a store that writes everything at once or nothing.
fn after_killed_starts(disk: &SimFs, clock: &Arc<TestClock>, held: &Dump, refund: RefundId) {
    for waits in [0, 1 << 20] {
        let disk = disk.after_kill();
        let fs: Arc<dyn Fs> = Arc::new(disk.clone());
        let store = Behind::new(&disk, held, waits);
        for _ in 0..2 {
            drop(open(&fs, clock, Path::new(DIR), &store));
        }
        let mut writer = open(&fs, clock, Path::new(DIR), &store);
        writer.commit(vec![]).unwrap();
        assert_eq!(state(&writer, refund), State::Review, "{waits} bytes wait");
        assert_eq!(code(one(&mut writer, begin(refund, "a2", 0, 0))), "wrong_state");
        let by = Person { name: "boss".into(), manager: true };
        one(&mut writer, input(refund, Input::Resolve { verdict: Verdict::Failed, by, reason: "đã xem".into() }))
            .unwrap();
        let next = one(&mut writer, ask("r-2", "FT1", 25_000)).unwrap().refund;
        drop(writer);
        let mut writer = open(&fs, clock, Path::new(DIR), &store);
        writer.commit(vec![]).unwrap();
        assert_eq!(state(&writer, next), State::Queued, "what was told is doubted again");
    }
}

#[test]
fn what_a_start_knew_of_lost_lines_outlives_it() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let store = Behind::new(&disk, &Dump::new(), 0);
    let mut writer = with_payment(&fs, &clock, &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    let (behind, before) = (store.held().dump(), disk.after_kill());
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    let ahead = store.held().dump();
    writer.commit(vec![notice("FT7", 7)]).unwrap();
    drop(writer);
    // The line that says it was sent can not be read; or all that came later is not there.
    after_killed_starts(&garble(&disk, "refund.sending"), &clock, &behind, id);
    after_killed_starts(&before, &clock, &ahead, id);
}

#[test]
fn a_copied_card_sends_nothing_that_was_queued() {
    let (disk, fs) = sim();
    let clock = TestClock::new();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &clock, &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    drop(writer);
    let mut copied = options(Path::new(DIR));
    copied.machine = "another".into();
    let fs: Arc<dyn Fs> = Arc::new(disk.after_kill());
    let (_, store) = memory();
    let mut writer = ledger::open(copied, Arc::clone(&fs), Arc::clone(&clock) as Arc<dyn Clock>, &store).unwrap();
    writer.commit(vec![notice("FT2", 10_000)]).unwrap();
    let refund = writer.reader().refund(id).unwrap().unwrap();
    assert_eq!((refund.state, refund.code.as_deref()), (State::Review, Some("foreign_journal")));
    assert_eq!(code(one(&mut writer, begin(id, "a1", 0, 0))), "wrong_state");
    // The journal is this machine's from here on.
    let second = one(&mut writer, ask("r-2", "FT2", 10_000)).unwrap().refund;
    drop(writer);
    let mut again = options(Path::new(DIR));
    again.machine = "another".into();
    let mut writer = ledger::open(again, fs, clock as Arc<dyn Clock>, &store).unwrap();
    writer.commit(vec![]).unwrap();
    assert_eq!(state(&writer, second), State::Queued);
}

#[test]
fn nothing_is_sent_without_room_for_its_outcome_and_the_outcome_is_written_without_room_for_anything_else() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &TestClock::new(), &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    disk.set_free(Some((2 << 20) + 1000));
    assert_eq!(one(&mut writer, begin(id, "a1", 0, 0)), Err(Refused::DiskFull));
    assert_eq!(state(&writer, id), State::Queued);
    disk.set_free(None);
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    disk.set_free(Some((1 << 20) + 1000));
    let answers =
        writer.commit(vec![notice("FT2", 1), sent(id, "a1", Outcome::Succeeded { reference: None })]).unwrap();
    assert_eq!(answers[0], Err(Refused::DiskFull));
    assert!(answers[1].is_ok(), "{answers:?}");
    assert_eq!(state(&writer, id), State::Succeeded);
}

#[test]
fn nothing_is_sent_where_files_run_out_and_the_outcome_is_written_without_one() {
    let (disk, fs) = sim();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &TestClock::new(), &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    disk.set_files(Some(15));
    assert_eq!(one(&mut writer, begin(id, "a1", 0, 0)), Err(Refused::DiskFull));
    assert_eq!(state(&writer, id), State::Queued);
    disk.set_files(Some(100));
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    disk.set_files(Some(0));
    let answers =
        writer.commit(vec![notice("FT2", 1), sent(id, "a1", Outcome::Succeeded { reference: None })]).unwrap();
    assert_eq!(answers[0], Err(Refused::DiskFull));
    assert!(answers[1].is_ok(), "{answers:?}");
    assert_eq!(state(&writer, id), State::Succeeded);
}

#[test]
fn what_is_unsent_for_a_day_fails_and_the_day_of_the_request_is_what_counts() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let clock = TestClock::new();
    let mut writer = with_payment(&fs, &clock, &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    clock.forward(24 * 3_600_000 - 1);
    writer.tick().unwrap();
    assert_eq!(state(&writer, id), State::Queued);
    clock.forward(1);
    writer.tick().unwrap();
    let refund = writer.reader().refund(id).unwrap().unwrap();
    assert_eq!((refund.state, refund.code.as_deref()), (State::Failed, Some("expired_unsent")));
    let events = writer.reader().events(0, 100).unwrap();
    writer.tick().unwrap();
    assert_eq!(writer.reader().events(0, 100).unwrap(), events, "once");
}

#[test]
fn the_days_total_counts_what_went_back_and_what_is_in_flight() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let clock = TestClock::new();
    let mut rules = options(Path::new(DIR));
    rules.rules.refund.limits.as_mut().unwrap().daily_total = 30_000;
    let mut writer = ledger::open(rules, fs, Arc::clone(&clock) as Arc<dyn Clock>, &store).unwrap();
    writer.commit(vec![notice("FT1", 25_000), notice("FT2", 25_000), notice("FT3", 25_000)]).unwrap();
    let first = one(&mut writer, ask("r-1", "FT1", 10_000)).unwrap().refund;
    let second = one(&mut writer, ask("r-2", "FT2", 15_000)).unwrap().refund;
    assert_eq!(code(one(&mut writer, ask("r-3", "FT3", 5_001))), "above_daily_total");
    one(&mut writer, begin(first, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(first, "a1", Outcome::Succeeded { reference: None })).unwrap();
    assert_eq!(code(one(&mut writer, ask("r-3", "FT3", 5_001))), "above_daily_total");
    one(&mut writer, begin(second, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(second, "a1", Outcome::FailedFinal(Told::code("E43")))).unwrap();
    assert_eq!(one(&mut writer, ask("r-3", "FT3", 20_000)).map(|a| a.state), Ok(State::Queued));
    clock.forward(24 * 3_600_000);
    assert_eq!(code(one(&mut writer, ask("r-4", "FT1", 10_001))), "above_daily_total", "in flight of any day");
    assert!(one(&mut writer, ask("r-4", "FT1", 10_000)).is_ok());
}

#[test]
fn what_became_of_a_refund_is_said_at_most_once() {
    let (_, fs) = sim();
    let (_, store) = memory();
    let mut writer = with_payment(&fs, &TestClock::new(), &store);
    let id = one(&mut writer, ask("r-1", "FT1", 25_000)).unwrap().refund;
    assert_eq!(writer.reader().refunds_to_say(1).unwrap(), [], "queued is not news");
    one(&mut writer, begin(id, "a1", 0, 0)).unwrap();
    one(&mut writer, sent(id, "a1", Outcome::Unknown(Told::code("no_answer")))).unwrap();
    let say = || Command::AnnounceRefund { refund: id, sentence: "Chưa rõ kết quả hoàn tiền".into() };
    let answers = writer.commit(vec![say(), say()]).unwrap();
    assert!(matches!(answers[..], [Ok(Answer::Recorded(_)), Err(Refused::RefundNotDue(_))]), "{answers:?}");
    let figures = Some(Figures { refund_count: 1, amount_refunded: 25_000 });
    let look_up = LookUp::Found { amount: 25_000, figures, refundable: true };
    one(&mut writer, input(id, Input::LookedUp(look_up))).unwrap();
    assert_eq!(writer.reader().refunds_to_say(1).unwrap()[0].speech, Speech::Done);
    let events = writer.reader().events(0, 100).unwrap();
    let started = events.iter().filter(|e| matches!(&e.event, Event::AnnouncementStarted(s) if s.refund == Some(id)));
    assert_eq!(started.count(), 1);
}
