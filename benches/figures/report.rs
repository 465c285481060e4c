//! The page that the figures are printed as.

use std::fmt;

/// The figures, as they are taken.
pub struct Report {
    payments: u64,
    ratios: Vec<String>,
    figures: Vec<String>,
    sections: Vec<String>,
    passed: bool,
}

impl Report {
    pub fn new(payments: u64) -> Report {
        Report { payments, ratios: Vec::new(), figures: Vec::new(), sections: Vec::new(), passed: true }
    }

    /// Payments a second of two ways, and how many times faster the second is.
    pub fn ratio(&mut self, what: &str, slow_name: &str, slow: f64, fast_name: &str, fast: f64, goal: Option<f64>) {
        let ratio = fast / slow;
        let goal = goal.map_or("reported".to_owned(), |goal| self.verdict(ratio >= goal, &format!("at least {goal}×")));
        self.ratios.push(format!(
            "| {what} | {slow_name}: {slow:.0}/s | {fast_name}: {fast:.0}/s | **{ratio:.1}×** | {goal} |"
        ));
    }

    /// One figure with its goal, the most it may be.
    pub fn figure(&mut self, what: &str, value: f64, unit: &str, most: Option<f64>) {
        let goal =
            most.map_or("reported".to_owned(), |most| self.verdict(value <= most, &format!("at most {most} {unit}")));
        self.figures.push(format!("| {what} | **{value:.1} {unit}** | {goal} |"));
    }

    /// A part of its own, and whether its goals are met.
    pub fn section(&mut self, text: &str, met: bool) {
        self.sections.push(text.to_owned());
        self.passed &= met;
    }

    pub fn passed(&self) -> bool {
        self.passed
    }

    fn verdict(&mut self, met: bool, goal: &str) -> String {
        self.passed &= met;
        format!("{goal}: {}", if met { "met" } else { "MISSED" })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = chrono::Utc::now().format("%Y-%m-%d");
        writeln!(f, "# Figures\n")?;
        writeln!(
            f,
            "Made on {day} by `cargo bench --bench figures -- --others` ({} payments, release build, x86-64, {} cores).",
            self.payments,
            cores()
        )?;
        writeln!(
            f,
            "Machines are noisy: read the ratios, which are taken within one run; absolute times mean little.\n"
        )?;
        writeln!(f, "| acknowledged payments a second | | | ratio | goal |\n|---|---|---|---|---|")?;
        for row in &self.ratios {
            writeln!(f, "{row}")?;
        }
        writeln!(f, "\n| figure | measured | goal |\n|---|---|---|")?;
        for row in &self.figures {
            writeln!(f, "{row}")?;
        }
        for section in &self.sections {
            write!(f, "\n{section}")?;
        }
        Ok(())
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
