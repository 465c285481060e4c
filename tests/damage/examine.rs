//! What must hold of every ledger that was opened on a damaged disk.

use crate::{
    run::{Run, each_line, notice},
    support::{TestClock, open},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};
use vietqr_edge::{
    fs::Fs,
    ledger::{Answer, Command, Fatal, Refused, Speech, Writer, store::Store, verify},
};
use vietqr_edge_core::{
    event::{Event, JournalDamaged, Kind, StoreRebuilt},
    payment::{Age, PaymentId},
};

/// What the ledger said about the damage.
#[derive(Debug, Default, PartialEq)]
pub struct Told {
    pub rebuilt: Vec<StoreRebuilt>,
    pub damaged: Vec<JournalDamaged>,
}

impl Told {
    pub fn of(writer: &Writer) -> Told {
        let mut told = Told::default();
        for event in writer.reader().events(writer.reader().oldest() - 1, 100_000).unwrap() {
            match event.event {
                Event::StoreRebuilt(rebuilt) => told.rebuilt.push(rebuilt),
                Event::JournalDamaged(damaged) => told.damaged.push(damaged),
                _ => {}
            }
        }
        told
    }

    /// Every number that is said to be missing; none may be said twice.
    pub fn missing(&self) -> BTreeSet<u64> {
        let mut missing = BTreeSet::new();
        for damage in &self.damaged {
            let (Some(first), Some(last)) = (damage.first_missing, damage.last_missing) else { continue };
            for number in first..=last {
                assert!(missing.insert(number), "{number} is told to be missing twice: {:?}", self.damaged);
            }
        }
        missing
    }
}

/// Opens the ledger as a supervisor does: where it ends by itself, again. Then has the journal read, as the daemon does at leisure.
pub fn start(fs: &Arc<dyn Fs>, dir: &Path, store: &dyn Store) -> Writer {
    for _ in 0..3 {
        let mut writer = open(fs, &TestClock::new(), dir, store);
        let mut found = || -> Result<(), Fatal> {
            writer.commit(vec![])?;
            let report = verify::verify(&**fs, dir).unwrap();
            let places = report.damages.into_iter().map(|place| Command::Record(Event::JournalDamaged(place.damage)));
            writer.commit(places.collect())?;
            // Whatever of the store can not be read is met now.
            writer.reader().payments(None, 100_000).ok();
            writer.reader().due(Age::Fresh, 100_000).ok();
            writer.commit(vec![])?;
            Ok(())
        };
        if found().is_ok() {
            return writer;
        }
    }
    panic!("three starts were not enough");
}

/// Opens what damage left of a run, holds it against what can still be read, starts again, and builds the state again.
pub fn examine(fs: &Arc<dyn Fs>, dir: &Path, store: &dyn Store, run: &Run) -> Told {
    let (intact, extent) = intact(&**fs, dir, run);
    let mut writer = start(fs, dir, store);
    let mut told = Told::of(&writer);
    let missing: BTreeSet<u64> = (1..extent).filter(|number| !intact.contains(number)).collect();
    let said = told.missing();
    let within: BTreeSet<u64> = said.range(..extent).copied().collect();
    assert_eq!(within, missing, "what is missing is not what is said to be: {told:?}");
    assert!(said.iter().all(|number| *number <= run.last), "{told:?}");
    check(&writer, run, &intact, &said);
    if told.damaged.is_empty() {
        for id in run.booked.keys().filter(|id| intact.contains(&id.0) && !run.announced.contains_key(id)) {
            assert_eq!(writer.reader().payment(*id).unwrap().unwrap().speech, Speech::Due, "{id}: nothing was damaged");
        }
    }
    if let Err(felt) = repeats(&mut writer, run, &intact, &told).and_then(|()| writer.checkpoint()) {
        // Where sled feels its damage at a write only, the daemon ends, and the state is built again at the next start.
        assert!(matches!(felt, Fatal::Store(_)), "{felt}");
        drop(writer);
        writer = start(fs, dir, store);
        let before = std::mem::replace(&mut told, Told::of(&writer));
        assert_eq!((told.rebuilt.len(), &told.damaged), (before.rebuilt.len() + 1, &before.damaged), "{felt}");
        check(&writer, run, &intact, &said);
        repeats(&mut writer, run, &intact, &told).unwrap();
        writer.checkpoint().unwrap();
    }
    drop(writer);

    let mut writer = open(fs, &TestClock::new(), dir, store);
    if told.rebuilt.is_empty() && writer.has_untold() {
        // sled may open a damaged file, and feel it only now.
        writer.commit(vec![]).unwrap();
        told.rebuilt = Told::of(&writer).rebuilt;
        println!("a store was built again at the second start only: {:?}", told.rebuilt);
        assert_eq!(told.rebuilt.len(), 1);
    }
    assert!(!writer.has_untold(), "something is told again at the next start");
    assert_eq!(Told::of(&writer), told);
    check(&writer, run, &intact, &said);
    drop(writer);

    store.set_aside(vietqr_edge_core::time::Timestamp::from_secs(0)).unwrap();
    let writer = start(fs, dir, store);
    let again = Told::of(&writer);
    assert_eq!(again.damaged, told.damaged, "damage is told again when the state is built again");
    assert_eq!(again.rebuilt.len(), told.rebuilt.len() + 1);
    check(&writer, run, &intact, &said);
    told
}

/// The numbers in lines of the run that can be read, and the number behind the last of them.
fn intact(fs: &dyn Fs, dir: &Path, run: &Run) -> (BTreeSet<u64>, u64) {
    let mut intact = BTreeSet::new();
    each_line(fs, dir, |hash, first, end, _| {
        if run.lines.get(&hash) == Some(&(first, end)) {
            intact.extend(first..end);
        }
    });
    let extent = intact.last().map_or(1, |last| last + 1);
    (intact, extent)
}

/// Every payment whose line can be read is there once, however it is looked for, and none that was announced is due.
fn check(writer: &Writer, run: &Run, intact: &BTreeSet<u64>, said: &BTreeSet<u64>) {
    let reader = writer.reader();
    let mut listed = BTreeMap::new();
    let mut after = None;
    loop {
        // Pages of an odd size, so that they end anywhere.
        let page = reader.payments(after, 7).unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for view in page {
            assert!(listed.insert(view.id, view).is_none(), "a payment is listed twice");
        }
    }
    assert!(listed.keys().is_sorted());
    for (id, reference) in run.booked.iter().filter(|(id, _)| intact.contains(&id.0)) {
        let view = reader.payment(*id).unwrap().unwrap_or_else(|| panic!("{id} is not found"));
        assert_eq!(listed.get(id), Some(&view), "{id} is not listed");
        assert_eq!(view.payment.content, *reference);
        let adopted = reference.ends_with("-1");
        let found = reader.find(reference).unwrap();
        assert!(found == [view.clone()] || (adopted && found.is_empty()), "{reference}: {found:?}");
        // Where the line that says so was lost, it is held to be said all the same; unless nobody can know that there was one.
        if run.announced.get(id).is_some_and(|started| intact.contains(started) || said.contains(started)) {
            assert_ne!(view.speech, Speech::Due, "{id} would be said again");
        }
    }
    let numbers: Vec<u64> =
        reader.events(reader.oldest() - 1, 100_000).unwrap().iter().map(|event| event.seq).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{numbers:?}");
}

/// The broker delivers everything again.
fn repeats(writer: &mut Writer, run: &Run, intact: &BTreeSet<u64>, told: &Told) -> Result<(), Fatal> {
    let highest = intact.last().copied().max(told.missing().last().copied()).unwrap_or(0);
    let references: Vec<_> = run.booked.iter().collect();
    for some in references.chunks(40) {
        let answers = writer.commit(some.iter().map(|(_, reference)| notice(reference)).collect())?;
        for ((id, reference), answer) in some.iter().zip(answers) {
            match answer {
                Ok(Answer::Repeat(of)) => assert_eq!(of, **id, "{reference}"),
                Ok(Answer::Booked(new)) => {
                    assert!(!intact.contains(&id.0), "{reference} is booked a second time");
                    assert!(new.0 > highest, "{new} was used before");
                }
                other => panic!("{reference}: {other:?}"),
            }
        }
    }
    for (id, _) in run.announced.iter().filter(|(id, started)| intact.contains(&id.0) && intact.contains(started)) {
        assert_eq!(writer.commit(vec![say(*id)])?, [Err(Refused::NotDue(*id))]);
    }
    Ok(())
}

pub fn say(payment: PaymentId) -> Command {
    Command::AnnounceStart { payments: vec![payment], kind: Kind::Fresh, sentence: "x".into() }
}
