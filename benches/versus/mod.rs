//! vietqr-edge against what one would use instead, in one run against one broker.
//!
//! | file | holds |
//! |---|---|
//! | `paho_sqlite.py`, `mqttjs_sqlite.mjs` | the others: what they do is said at their top |
//! | `slow_sync.c` | a disk that syncs as slowly as a flash card, for all of them |
//! | `tools` | installs their packages |
//! | `broker` | mosquitto, the publisher, what the broker logs |
//! | `program`, `process` | how each is run; what is seen of it from outside |
//! | `measure`, `table` | what is measured; the table with ratios and goals |

mod broker;
mod measure;
mod process;
mod program;
mod table;
mod tools;

use crate::report::Report;
use broker::Mosquitto;
use program::{Program, Site};
use std::{fs, path::Path};
use table::Samples;
use tools::Tools;

/// What every sync takes longer on the disk that stands for a flash card.
const SLOW_MS: u32 = 5;

pub fn measure(report: &mut Report, quick: bool) {
    let tools = Tools::install();
    // Not the folder for temporary files: that is often in memory.
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let broker = Mosquitto::start(dir.path());
    let mut bench = Bench { dir: dir.path(), broker: &broker, tools: &tools, sites: 0, samples: Samples::default() };
    let (rounds, payments, sentences, counted) = if quick { (1, 500, 10, 100) } else { (3, 5_000, 150, 1_000) };
    for _ in 0..rounds {
        for program in Program::ALL {
            bench.say(program, "ingest");
            // A rate needs no more; the slow ones would take minutes.
            let fewer = |part: usize| if program.commits_each() { payments / part } else { payments };
            let site = bench.site(program, None);
            measure::ingest(&mut bench.samples, &site, fewer(5));
            let site = bench.site(program, Some(SLOW_MS));
            measure::ingest(&mut bench.samples, &site, fewer(25));
        }
    }
    for program in Program::ALL {
        bench.say(program, "sentences");
        for slow_ms in [None, Some(SLOW_MS)] {
            let mut site = bench.site(program, slow_ms);
            measure::sentences(&mut bench.samples, &mut site, sentences);
        }
        bench.say(program, "instructions");
        let site = bench.site(program, None);
        measure::instructions(&mut bench.samples, &site, counted);
    }
    let (table, met) = bench.samples.table();
    let [python, node] = tools.versions();
    let method = method(&Mosquitto::version(), &python, &node, rounds, payments, sentences);
    report.section(&format!("## Against what one would use instead\n\n{method}\n\n{table}"), met);
}

struct Bench<'a> {
    dir: &'a Path,
    broker: &'a Mosquitto,
    tools: &'a Tools,
    sites: u32,
    samples: Samples,
}

impl<'a> Bench<'a> {
    /// A folder, a terminal and a session that nobody had before.
    fn site(&mut self, program: Program, slow_ms: Option<u32>) -> Site<'a> {
        self.sites += 1;
        let dir = self.dir.join(format!("site-{}", self.sites));
        fs::create_dir(&dir).unwrap();
        let terminal = format!("VVB{:06}", self.sites);
        Site { program, broker: self.broker, tools: self.tools, dir, terminal, said: None, slow_ms }
    }

    fn say(&self, program: Program, what: &str) {
        eprintln!("{}: {what}", program.name());
    }
}

fn method(mosquitto: &str, python: &str, node: &str, rounds: usize, payments: usize, sentences: usize) -> String {
    format!(
        "The same {mosquitto} with TLS on loopback and its default window of 20 messages in flight (which 2.0.11 keeps to until the first is acknowledged), the same publisher (mosquitto_pub), QoS 1, a \
         kept session. paho: {python}. mqtt.js: {node}. Both are programs of about a hundred lines (benches/versus): each \
         decodes the JSON, checks account and type, keeps a payment once (unique index), acknowledges by hand after the commit, then says \
         it. SQLite has its default rollback journal and synchronous = FULL. \"Batched\": what has arrived, at most {batch} messages, shares \
         a commit; mqtt.js has no public way to do that, so the program sends the PUBACK by a private method. mosquitto_sub writes to a \
         file, keeps no payment apart and acknowledges before it writes: a floor, not a rival.\n\n\
         In brackets: how many times better vietqr-edge is. Ingest: the program is stopped, {payments} payments are published (a fifth of \
         them, with the slower disk a twenty-fifth, for those with a commit each), it goes on; the time is until the broker has its last \
         PUBACK, and what is stored is counted after it; the median of {rounds} rounds. Sentence: from the publisher's input to the line \
         that the speaker's command (`tee`, a process a sentence) writes, {sentences} payments, one after another; mosquitto_sub: to its \
         output. \"5 ms longer\": a preloaded library makes every fsync and fdatasync of the program that much slower, as on a flash card; \
         the goals of ingest are for it. Memory, bytes and instructions are of the ingest on this machine's disk, the bytes one after another of the sentences. Bytes are those \
         until the program's end, without the file system's own; instructions are those of the program, not of the kernel, counted by \
         callgrind after a warm-up until all that was received is written.\n\n\
         Not comparable: the others write no journal of events, keep no raw message, say no amount in words, do not record that they \
         begin to say it (they may say it twice or never after a crash), and send no refunds. That is where vietqr-edge spends more: it \
         writes a payment to the journal, to the raw messages and to the index, which can be made again from the journal; four fifths of \
         its instructions are the ledger's, a fifth of all for finding a payment told twice by any of its keys, a fifth for SHA-256, \
         which callgrind counts in software because valgrind hides the processor's own.",
        batch = program::BATCH,
    )
}
