//! Every schedule within bounds, each world once; and single random ones beyond.

use super::{
    check, steps,
    world::{Budget, Scenario, World},
};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};
use vietqr_edge_core::{
    event::{Event, Note},
    refund::{Refund, apply, apply_note},
};

/// What a search has seen.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Different worlds.
    pub worlds: u64,
    /// Steps between them.
    pub steps: u64,
    /// Paths from the first world to an end.
    pub schedules: u128,
    /// Ends without any misfortune.
    pub calm: u64,
    /// Ends by class, each world once.
    pub ends: BTreeMap<&'static str, u64>,
}

impl Report {
    pub fn add(&mut self, other: Report) {
        self.worlds += other.worlds;
        self.steps += other.steps;
        self.schedules += other.schedules;
        self.calm += other.calm;
        for (class, count) in other.ends {
            *self.ends.entry(class).or_default() += count;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} schedules, {} worlds, {} steps", self.schedules, self.worlds, self.steps)
    }
}

/// All of them.
pub fn exhaust(scenario: &Scenario) -> Report {
    let mut search = Search { paths: HashMap::new(), report: Report::default(), trail: Vec::new() };
    search.report.schedules = search.visit(&World::new(scenario, false));
    search.report.worlds = search.paths.len() as u64;
    search.report
}

struct Search {
    paths: HashMap<u64, u128>,
    report: Report,
    trail: Vec<String>,
}

impl Search {
    /// Paths from here to an end. There is no way back to a world: each step spends something or moves time on.
    fn visit(&mut self, world: &World) -> u128 {
        let key = world.key();
        if let Some(paths) = self.paths.get(&key) {
            return *paths;
        }
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            check::always(world);
            let next = steps::next(world);
            let classes = if next.end { check::ends(world) } else { Vec::new() };
            (next, classes)
        }));
        let paths = match checked {
            Ok((next, classes)) => {
                for class in classes {
                    *self.report.ends.entry(class).or_default() += 1;
                }
                self.report.calm += u64::from(next.end && !world.happened.misfortune);
                let mut paths = u128::from(next.end);
                for (word, world) in next.worlds {
                    self.report.steps += 1;
                    self.trail.push(word);
                    assert!(self.trail.len() < 500, "a schedule without an end:\n{}", self.trail.join("\n"));
                    paths = paths.saturating_add(self.visit(&world));
                    self.trail.pop();
                }
                paths
            }
            Err(cause) => {
                eprintln!("the schedule:\n  {}", self.trail.join("\n  "));
                std::panic::resume_unwind(cause)
            }
        };
        self.paths.insert(key, paths);
        paths
    }
}

/// One random schedule; what happened, line by line.
pub fn random(seed: u64, scenarios: &[Scenario], budget: Budget, aloud: bool) -> Vec<String> {
    let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from((random >> 11) % below as u64).expect("below is a usize")
    };
    let mut scenario = scenarios[draw(scenarios.len())].clone();
    scenario.budget = budget;
    let mut world = World::new(&scenario, true);
    let mut trail = vec![format!("seed {seed}: {}", scenario.name)];
    for _ in 0..2_000 {
        check::always(&world);
        let mut next = steps::next(&world);
        let stops = next.end && draw(next.worlds.len() + 1) == 0;
        if stops {
            trail.extend(check::ends(&world).into_iter().map(str::to_owned));
            rebuild(&world);
            return trail;
        }
        let (word, to) = next.worlds.swap_remove(draw(next.worlds.len()));
        if aloud {
            eprintln!("{} {word}", to.time());
        }
        trail.push(word);
        world = to;
    }
    panic!("seed {seed}: a schedule without an end");
}

/// The records come out of the journal's JSON again.
fn rebuild(world: &World) {
    let mut refunds: Vec<Refund> = Vec::new();
    for (seq, at, what) in world.journal.as_ref().expect("a random schedule keeps its journal") {
        let (id, what) = match what {
            Ok(event) => {
                let event: Event = serde_json::from_slice(&serde_json::to_vec(event).unwrap()).unwrap();
                (event.refund(*seq).unwrap(), Ok(event))
            }
            Err(note) => {
                let note: Note = serde_json::from_slice(&serde_json::to_vec(note).unwrap()).unwrap();
                (note.refund().unwrap(), Err(note))
            }
        };
        let known = refunds.iter().position(|refund| refund.id == id).map(|n| refunds.swap_remove(n));
        refunds.push(match what {
            Ok(event) => apply(known, *seq, *at, &event).unwrap(),
            Err(note) => {
                let mut refund = known.unwrap();
                apply_note(&mut refund, *at, &note);
                refund
            }
        });
    }
    refunds.sort_by_key(|refund| refund.id);
    assert!(refunds.iter().eq(world.refunds.iter().map(|refund| &**refund)), "the journal tells another state");
    for refund in refunds {
        let stored = serde_json::to_vec(&refund).unwrap();
        assert!(stored.len() <= 4096, "{} bytes", stored.len());
        assert_eq!(serde_json::from_slice::<Refund>(&stored).unwrap(), refund);
    }
}
