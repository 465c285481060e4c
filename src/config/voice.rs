//! `[voice]`: what is said, how and when.

use super::document::Document;
use super::print::Printer;
use super::section::Section;
use super::table::Table;
use std::path::PathBuf;
use vietqr_edge_core::money::{Dong, MAX_AMOUNT};
use vietqr_edge_core::voice::{Dialect, Quiet};

pub(super) const VOICE: Section = Section {
    name: "voice",
    list: false,
    doc: "The speaker. Read again on SIGHUP. Without this section nothing is said.",
    keys: &[
        ("mode", "full says sentences, chime only sounds, off does nothing. Default full."),
        ("dialect", "north (linh, nghìn) or south (lẻ, ngàn). Default north."),
        ("command", "The program that speaks: a sentence and a newline on its stdin, one process a sentence."),
        ("clips", "A folder of recorded clips, instead of command."),
        ("player", "The program that plays joined clips from its stdin. Default [\"aplay\", \"-q\"]."),
        ("quiet", "HH:MM-HH:MM at +07:00 in which nothing is said, then or later."),
        ("small_amount", "Below this a payment without a bill is said as a warning, in đồng. Default 1000."),
        ("say_link", "Says when the network has been lost for a minute, and when it is back. Default true."),
        ("fresh_s", "Seconds since payment up to which it is simply said. Default 120."),
        (
            "late_s",
            "Seconds since payment up to which its time is said with it; older ones are summed up. Default 900.",
        ),
    ],
};

/// Seconds up to which a payment is fresh, where the file says nothing.
pub(super) const FRESH_S: u64 = 120;
/// Seconds up to which a payment is late, where the file says nothing.
pub(super) const LATE_S: u64 = 900;

/// What sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Sentences.
    Full,
    /// Only the pack's chime.
    Chime,
    /// Nothing.
    Off,
}

/// What turns a sentence into sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// A program and its arguments; never empty. The sentence and a newline go to its stdin.
    Command(Vec<String>),
    /// Recorded clips, joined.
    Clips {
        /// The folder of the pack.
        dir: PathBuf,
        /// A program and its arguments that plays WAV from stdin; never empty.
        player: Vec<String>,
    },
    /// Nothing is configured.
    None,
}

/// `[voice]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voice {
    /// What sounds.
    pub mode: Mode,
    /// Whose words.
    pub dialect: Dialect,
    /// What speaks.
    pub speaker: Speaker,
    /// When nothing is said.
    pub quiet: Option<Quiet>,
    /// The shop's floor.
    pub small_amount: Dong,
    /// Says that the link is lost and back.
    pub say_link: bool,
    /// Age in seconds up to which a payment is fresh; less than `late_s`.
    pub fresh_s: u64,
    /// Age in seconds up to which a payment is late; above it is old.
    pub late_s: u64,
}

const MODES: &[(&str, Mode)] = &[("full", Mode::Full), ("chime", Mode::Chime), ("off", Mode::Off)];

const DIALECTS: &[(&str, Dialect)] = &[("north", Dialect::North), ("south", Dialect::South)];

impl Voice {
    pub(super) fn read(doc: &Document<'_>) -> Option<Voice> {
        let t = doc.optional(&VOICE)?;
        let mode = t.choice("mode", Mode::Full, MODES);
        let (fresh_s, late_s) = ages(&t);
        Some(Voice {
            mode,
            dialect: t.choice("dialect", Dialect::North, DIALECTS),
            speaker: speaker(&t, mode),
            quiet: t.parsed("quiet", |text| Quiet::parse(text).map_err(|error| error.to_string())),
            small_amount: Dong(t.number("small_amount", 1000, 0..=MAX_AMOUNT)),
            say_link: t.flag("say_link", true),
            fresh_s,
            late_s,
        })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        let (command, clips, player) = match &self.speaker {
            Speaker::Command(command) => (Some(command), None, None),
            Speaker::Clips { dir, player } => (None, Some(dir), Some(player)),
            Speaker::None => (None, None, None),
        };
        p.section(&VOICE);
        p.word("mode", self.mode, MODES);
        p.word("dialect", self.dialect, DIALECTS);
        p.texts("command", command.map(Vec::as_slice));
        p.path("clips", clips.map(PathBuf::as_path));
        p.texts("player", player.map(Vec::as_slice));
        p.opt_text("quiet", self.quiet.map(|q| q.to_string()).as_deref());
        p.value("small_amount", self.small_amount.0);
        p.value("say_link", self.say_link);
        p.value("fresh_s", self.fresh_s);
        p.value("late_s", self.late_s);
    }
}

fn ages(t: &Table<'_>) -> (u64, u64) {
    let fresh_s = t.number("fresh_s", FRESH_S, 1..=86_400);
    let late_s = t.number("late_s", LATE_S, 1..=604_800);
    if fresh_s >= late_s {
        let key = if t.has("fresh_s") { "fresh_s" } else { "late_s" };
        t.error(key, format!("fresh_s is {fresh_s} and late_s is {late_s}; expected fresh_s to be less than late_s"));
    }
    (fresh_s, late_s)
}

fn speaker(t: &Table<'_>, mode: Mode) -> Speaker {
    if t.has("command") && t.has("clips") {
        t.error("clips", "clips are instead of command; expected one of the two");
    }
    if t.has("player") && !t.has("clips") {
        t.warning("player", "has no effect without clips");
    }
    let (command, dir) = (t.texts("command"), t.path("clips"));
    let player = t.texts("player").unwrap_or_else(|| vec!["aplay".to_owned(), "-q".to_owned()]);
    match (mode, t.has("command"), t.has("clips")) {
        (Mode::Full, false, false) => t.warning("mode", "nothing can be said without command or clips"),
        (Mode::Chime, _, false) => t.warning("mode", "nothing sounds without clips"),
        _ => {}
    }
    match (command, dir) {
        (Some(command), _) => Speaker::Command(command),
        (None, Some(dir)) => Speaker::Clips { dir, player },
        (None, None) => Speaker::None,
    }
}
