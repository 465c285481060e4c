//! What is measured, each the same way for every program.

use super::{
    process::{Running, until},
    program::{Program, Site},
    table::{Row, Samples},
};
use rustix::process::Signal;
use std::{
    fs,
    io::{BufRead, BufReader},
    ops::Range,
    process::Command,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// Until an idle program's memory is looked at.
const SETTLE: Duration = Duration::from_secs(2);
/// Between a sentence and the next payment.
const PAUSE: Duration = Duration::from_millis(25);

/// Start, memory, and `payments` that wait at the broker: the program is stopped while they are published, and the time is from its
/// going on to the last PUBACK that the broker receives.
pub fn ingest(samples: &mut Samples, site: &Site<'_>, payments: usize) {
    let program = site.program;
    let mut running = site.run(&[]);
    let slow = site.slow_ms.is_some();
    if !slow {
        samples.add(Row::Start, program, running.up_after.as_secs_f64() * 1000.0);
        thread::sleep(SETTLE);
        samples.add(Row::Idle, program, running.resident_mb());
    }
    let (written, on_disk, syncs) = (running.written_bytes(), site.disk_bytes(), site.syncs());
    publish_to_stopped(&running, site, 0..payments);
    let begun = Instant::now();
    running.signal(Signal::CONT);
    running.acknowledged(payments);
    let rate = payments as f64 / begun.elapsed().as_secs_f64();
    samples.add(if slow { Row::SlowIngest } else { Row::Ingest }, program, rate);
    if !slow {
        samples.add(Row::Fed, program, running.resident_mb());
    }
    if let (Some(before), Some(after)) = (syncs, site.syncs()) {
        samples.add(Row::Syncs, program, (after - before) / payments as f64);
    }
    if program == Program::MosquittoSub {
        // It acknowledges before it writes.
        until("the last line", || (site.stored() >= payments).then_some(()));
    }
    assert_eq!(site.stored(), payments, "{}: payments stored", program.name());
    let all = running.end();
    if !slow {
        // To its end: what it writes behind belongs to it too.
        samples.add(Row::Written, program, (all - written) / payments as f64);
        samples.add(Row::Grown, program, (site.disk_bytes() - on_disk) / payments as f64);
    }
}

/// Publishes to a program that is stopped, and leaves it so: all of it waits at the broker.
fn publish_to_stopped(running: &Running, site: &Site<'_>, payments: Range<usize>) {
    running.signal(Signal::STOP);
    let mut publisher = site.broker.publisher(&site.terminal);
    payments.for_each(|n| publisher.pay(n));
    publisher.end();
}

/// From the line that the publisher is given to the line that the speaker's command writes, one payment at a time.
pub fn sentences(samples: &mut Samples, site: &mut Site<'_>, times: usize) {
    let said = site.dir.join("said");
    assert!(Command::new("mkfifo").arg(&said).status().unwrap().success());
    // Held open to write as well, so that it does not end between two sentences.
    let pipe = fs::OpenOptions::new().read(true).write(true).open(&said).unwrap();
    site.said = Some(said);
    let (heard, hear) = mpsc::channel();
    thread::spawn(move || {
        let lines = BufReader::new(pipe).lines();
        lines.map_while(Result::ok).try_for_each(|line| heard.send((Instant::now(), line)))
    });
    let running = site.run(&[]);
    let written = running.written_bytes();
    let mut publisher = site.broker.publisher(&site.terminal);
    let mut took = Vec::new();
    // The first ones find nothing warm, in any of them.
    for n in 0..times + 5 {
        let begun = Instant::now();
        publisher.pay(n);
        let (at, line) = hear.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(line.contains("nhận") || line.starts_with('{'), "{line}");
        took.push((at - begun).as_secs_f64() * 1000.0);
        thread::sleep(PAUSE);
    }
    let mut took = took.split_off(5);
    took.sort_by(f64::total_cmp);
    let (half, most) = if site.slow_ms.is_some() { (Row::SlowHalf, Row::SlowMost) } else { (Row::Half, Row::Most) };
    samples.add(half, site.program, took[times / 2]);
    samples.add(most, site.program, took[times * 99 / 100]);
    publisher.end();
    let all = running.end();
    if site.slow_ms.is_none() {
        samples.add(Row::WrittenApart, site.program, (all - written) / (times + 5) as f64);
    }
}

/// Instructions a payment, as callgrind counts them: of `payments` that come after others have warmed it up.
pub fn instructions(samples: &mut Samples, site: &Site<'_>, payments: usize) {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return;
    }
    let log = site.dir.join("valgrind.log");
    let out = site.dir.join("callgrind.out");
    let wrapper = ["valgrind", "--tool=callgrind", "--instr-atstart=no"].map(str::to_owned).to_vec();
    let files = [format!("--log-file={}", log.display()), format!("--callgrind-out-file={}", out.display())];
    let mut running = site.run(&[wrapper, files.to_vec()].concat());
    let warm = payments / 2;
    publish_to_stopped(&running, site, 0..warm);
    running.signal(Signal::CONT);
    running.acknowledged(warm);
    thread::sleep(settle(site.program));
    count(&running, "on");
    publish_to_stopped(&running, site, warm..warm + payments);
    running.signal(Signal::CONT);
    running.acknowledged(warm + payments);
    thread::sleep(settle(site.program));
    count(&running, "off");
    running.end();
    let text = fs::read_to_string(log).unwrap();
    let collected = text.lines().find_map(|line| line.split_once("Collected : ")).expect("callgrind's sum").1;
    samples.add(Row::Instructions, site.program, collected.trim().parse::<f64>().unwrap() / payments as f64);
}

/// Until a program has written all that it writes behind: vietqr-edge does so within a minute.
fn settle(program: Program) -> Duration {
    if program == Program::Edge { Duration::from_secs(70) } else { SETTLE }
}

fn count(running: &Running, what: &str) {
    let told = Command::new("callgrind_control").args(["-i", what, &running.id().to_string()]).output();
    assert!(told.expect("callgrind_control of the Debian package valgrind").status.success());
}
