//! The figures side by side, with their ratios and goals.

use super::program::Program;
use std::{collections::BTreeMap, fmt::Write};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Row {
    SlowIngest,
    Ingest,
    Syncs,
    SlowHalf,
    SlowMost,
    Half,
    Most,
    Idle,
    Fed,
    Start,
    WrittenApart,
    Written,
    Grown,
    Instructions,
}

impl Row {
    const ALL: [Row; 14] = [
        Row::SlowIngest,
        Row::Ingest,
        Row::Syncs,
        Row::SlowHalf,
        Row::SlowMost,
        Row::Half,
        Row::Most,
        Row::Idle,
        Row::Fed,
        Row::Start,
        Row::WrittenApart,
        Row::Written,
        Row::Grown,
        Row::Instructions,
    ];

    fn title(self) -> &'static str {
        match self {
            Row::SlowIngest => "Acknowledged payments a second, each sync 5 ms longer",
            Row::Ingest => "Acknowledged payments a second, this machine's disk",
            Row::Syncs => "fsync and fdatasync a payment, each 5 ms longer",
            Row::SlowHalf => "Publish to sentence, each sync 5 ms longer, p50, ms",
            Row::SlowMost => "Publish to sentence, each sync 5 ms longer, p99, ms",
            Row::Half => "Publish to sentence, this machine's disk, p50, ms",
            Row::Most => "Publish to sentence, this machine's disk, p99, ms",
            Row::Idle => "Resident, idle, MB",
            Row::Fed => "Resident after the payments, MB",
            Row::Start => "Start to subscribed, ms",
            Row::WrittenApart => "Written to disk a payment (write_bytes), one after another, each said, bytes",
            Row::Written => "Written to disk a payment (write_bytes), all at once, bytes",
            Row::Grown => "Files grown a payment, bytes",
            Row::Instructions => "Instructions a payment (callgrind), thousands",
        }
    }

    fn more_is_better(self) -> bool {
        matches!(self, Row::SlowIngest | Row::Ingest)
    }

    /// How many times better than a rival vietqr-edge has to be.
    fn goal(self, rival: Program) -> Option<f64> {
        Some(match self {
            // What is kept differs: they keep a row.
            Row::Grown => return None,
            Row::SlowIngest if rival.commits_each() => 10.0,
            Row::SlowIngest => 2.0,
            Row::Idle | Row::Fed => 4.0,
            _ => 1.0,
        })
    }

    fn goal_text(self) -> &'static str {
        match self {
            Row::SlowIngest => "10× a commit each, 2× batched",
            Row::Idle | Row::Fed => "a quarter",
            _ => "ahead",
        }
    }

    fn shown(self, value: f64) -> String {
        match self {
            Row::Instructions => format!("{:.0}", value / 1000.0),
            Row::Syncs => format!("{value:.2}"),
            _ if value >= 100.0 => format!("{value:.0}"),
            _ => format!("{value:.1}"),
        }
    }
}

/// What was measured; a figure is the median of its samples.
#[derive(Default)]
pub struct Samples(BTreeMap<(Row, Program), Vec<f64>>);

impl Samples {
    pub fn add(&mut self, row: Row, program: Program, value: f64) {
        eprintln!("  {}: {}: {}", program.name(), row.title(), row.shown(value));
        self.0.entry((row, program)).or_default().push(value);
    }

    fn figure(&self, row: Row, program: Program) -> Option<f64> {
        let mut samples = self.0.get(&(row, program))?.clone();
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied()
    }

    /// How many times better vietqr-edge is.
    fn ratio(&self, row: Row, other: Program) -> Option<f64> {
        let (ours, theirs) = (self.figure(row, Program::Edge)?, self.figure(row, other)?);
        Some(if row.more_is_better() { ours / theirs } else { theirs / ours })
    }

    /// The table, and whether every goal is met.
    pub fn table(&self) -> (String, bool) {
        let (mut text, mut all_met) = (String::from("| "), true);
        for program in Program::ALL {
            let _ = write!(text, "| {} ", program.name());
        }
        let _ = writeln!(text, "| goal |\n|{}", "---|".repeat(Program::ALL.len() + 2));
        for row in Row::ALL {
            let _ = write!(text, "| {} ", row.title());
            for program in Program::ALL {
                let _ = write!(text, "| {} ", self.cell(row, program));
            }
            let (verdict, met) = self.verdict(row);
            all_met &= met;
            let _ = writeln!(text, "| {verdict} |");
        }
        (text, all_met)
    }

    fn verdict(&self, row: Row) -> (String, bool) {
        let rivals = Program::ALL.into_iter().filter(|program| program.is_rival());
        let goals: Vec<(Program, f64)> = rivals.filter_map(|rival| Some((rival, row.goal(rival)?))).collect();
        if goals.is_empty() {
            return ("reported".to_owned(), true);
        }
        let reached: Option<Vec<bool>> =
            goals.iter().map(|(rival, goal)| Some(self.ratio(row, *rival)? >= *goal)).collect();
        match reached {
            None => (format!("{}: not known", row.goal_text()), false),
            Some(reached) if reached.contains(&false) => (format!("{}: MISSED", row.goal_text()), false),
            Some(_) => (format!("{}: met", row.goal_text()), true),
        }
    }

    fn cell(&self, row: Row, program: Program) -> String {
        let Some(figure) = self.figure(row, program) else { return "not measured".to_owned() };
        let shown = row.shown(figure);
        match self.ratio(row, program) {
            Some(_) if program == Program::Edge => format!("**{shown}**"),
            Some(ratio) if program.is_rival() => format!("{shown} ({ratio:.1}×)"),
            _ => shown,
        }
    }
}
