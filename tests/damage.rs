//! I1, I2, I6 and I7 against a broken disk: whatever it holds, the ledger opens, what can be read counts once, and what was lost is
//! told once.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

#[path = "damage/disk.rs"]
mod disk;
#[path = "damage/examine.rs"]
mod examine;
#[path = "damage/folder.rs"]
mod folder;
#[path = "damage/journal.rs"]
mod journal;
#[path = "damage/model.rs"]
mod model;
#[path = "damage/retention.rs"]
mod retention;
#[path = "damage/run.rs"]
mod run;
#[path = "damage/several.rs"]
mod several;
#[path = "damage/store.rs"]
mod store;
#[path = "damage/torn.rs"]
mod torn;
