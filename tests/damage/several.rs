//! Several damages at once, to the journal and the store, by a seed. `DAMAGE_SEED=<seed> cargo test --test damage several` replays
//! one, `DAMAGE_CASES` asks for more.

use crate::{
    examine::examine,
    journal::{Shop, garble, shop},
    run::{DIR, change_lines, copy},
    support::{
        memory,
        simfs::{Chance, Seeded, SimFs},
    },
};
use std::path::Path;
use vietqr_edge::ledger::{journal::SegmentName, store::MemoryStore};

fn damage_one(chance: &mut Seeded, disk: &SimFs, names: &mut Vec<SegmentName>) {
    if names.is_empty() {
        return;
    }
    let at = chance.below(names.len());
    let name = names[at];
    let path = name.path(&Path::new(DIR).join("journal"));
    let kind = chance.below(10);
    if kind == 9 {
        disk.lose(&path);
        names.remove(at);
        return;
    }
    let len = disk.contents(&path).unwrap().len();
    match kind {
        0 => disk.damage(&path, |bytes| bytes.truncate(chance.below(len + 1))),
        1 | 2 if len > 0 => disk.damage(&path, |bytes| bytes[chance.below(len)] ^= 1 << chance.below(8)),
        3 if len > 512 => disk.damage(&path, |bytes| {
            let at = chance.below(len / 512) * 512;
            bytes[at..at + 512].fill(0);
        }),
        4 => disk.damage(&path, |bytes| {
            let garbage = vec![chance.draw() as u8; 1 + chance.below(3000)];
            let at = chance.below(len + 1);
            bytes.splice(at..at, garbage);
        }),
        _ => change_lines(disk, name, |lines| {
            if lines.is_empty() {
                return;
            }
            let (one, other) = (chance.below(lines.len()), chance.below(lines.len()));
            match kind {
                5 => drop(lines.remove(one)),
                6 => lines.insert(other, lines[one].clone()),
                7 => lines.swap(one, other),
                _ => garble(&mut lines[one]),
            }
        }),
    }
}

/// The store as it was, an older one, or none.
fn store(chance: &mut Seeded, shop: &Shop) -> MemoryStore {
    if chance.below(3) == 0 { memory().1 } else { shop.store() }
}

#[test]
fn several_damages_at_once_cost_only_what_they_hit() {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let shop = shop(13);
    let cases = number("DAMAGE_CASES").unwrap_or(120);
    for seed in number("DAMAGE_SEED").map_or(0..cases, |seed| seed..seed + 1) {
        let shop = std::panic::AssertUnwindSafe(&shop);
        let result = std::panic::catch_unwind(move || {
            let mut chance = Seeded(seed);
            let (disk, fs) = copy(&shop.disk);
            let mut names = shop.names();
            for _ in 0..1 + chance.below(5) {
                damage_one(&mut chance, &disk, &mut names);
            }
            let store = store(&mut chance, &shop);
            examine(&fs, Path::new(DIR), &store, &shop.run);
        });
        assert!(result.is_ok(), "DAMAGE_SEED={seed} cargo test --test damage several");
    }
}
