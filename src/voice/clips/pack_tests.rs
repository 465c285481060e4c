use super::*;
use serde_json::{Value, json};
use std::fs;
use tempfile::TempDir;

const RATE: u32 = 8_000;

/// A click of its own loudness for each clip, so that a sentence can be recognised.
fn write_pack(dialect: Dialect) -> TempDir {
    let folder = TempDir::new().unwrap();
    let clips: Vec<Value> = needed(dialect)
        .enumerate()
        .map(|(number, name)| {
            let loudness = 1_000 + i16::try_from(number).unwrap();
            let samples = [vec![0; 800], vec![loudness; 80], vec![0; 800]].concat();
            let (file, wav) = (format!("{number}.wav"), Sound { rate: RATE, samples }.wav());
            fs::write(folder.path().join(&file), &wav).unwrap();
            json!({"name": name, "file": file, "sha256": hex::encode(Sha256::digest(&wav))})
        })
        .collect();
    let dialect = super::name(dialect);
    let manifest = json!({"dialect": dialect, "version": "7", "sample_rate": RATE, "clips": clips});
    fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
    folder
}

/// Changes the manifest.
fn edit(folder: &TempDir, change: impl FnOnce(&mut Value)) {
    let path = folder.path().join("manifest.json");
    let mut manifest = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut manifest);
    fs::write(path, manifest.to_string()).unwrap();
}

/// Replaces a clip and its hash.
fn replace(folder: &TempDir, name: &str, wav: &[u8]) {
    edit(folder, |manifest| {
        let clips = manifest["clips"].as_array_mut().unwrap();
        let entry = clips.iter_mut().find(|entry| entry["name"] == name).unwrap();
        entry["sha256"] = json!(hex::encode(Sha256::digest(wav)));
        fs::write(folder.path().join(entry["file"].as_str().unwrap()), wav).unwrap();
    });
}

#[track_caller]
fn refused(folder: &TempDir) -> String {
    Pack::load(folder.path(), Dialect::North).unwrap_err().to_string()
}

/// The loudness of each clip heard, in order.
fn heard(sound: &Sound) -> Vec<i16> {
    let mut heard = sound.samples.clone();
    heard.dedup();
    heard.retain(|&sample| sample != 0);
    heard
}

#[test]
fn a_sentence_is_its_clips_in_order_with_short_joins() {
    for (dialect, text) in
        [(Dialect::North, "Đã nhận hai mươi lăm nghìn đồng"), (Dialect::South, "Đã nhận hai mươi lăm ngàn đồng")]
    {
        let pack = Pack::load(write_pack(dialect).path(), dialect).unwrap();
        assert_eq!(pack.version(), "7");
        let sound = pack.sentence(text).unwrap();
        let names: Vec<_> = needed(dialect).collect();
        let said = heard(&sound).into_iter().map(|loudness| names[usize::try_from(loudness - 1_000).unwrap()]);
        assert_eq!(said.collect::<Vec<_>>().join(" "), text.to_lowercase());
        // Six clips of 10 ms, five joins of 40 ms, 15 ms at each end.
        assert_eq!(sound.length().as_millis(), 6 * 10 + 5 * 40 + 2 * 15);
    }
}

#[test]
fn every_missing_clip_is_named_when_the_pack_is_loaded() {
    let folder = write_pack(Dialect::North);
    edit(&folder, |manifest| {
        manifest["clips"].as_array_mut().unwrap().retain(|clip| clip["name"] != "tỷ" && clip["name"] != "chime-error");
    });
    let error = refused(&folder);
    assert!(error.contains("lacks 'tỷ', 'chime-error'"), "{error}");
}

#[test]
fn any_single_clip_left_out_is_refused() {
    for name in needed(Dialect::North) {
        let folder = write_pack(Dialect::North);
        edit(&folder, |manifest| manifest["clips"].as_array_mut().unwrap().retain(|clip| clip["name"] != name));
        assert!(refused(&folder).contains(&format!("'{name}'")), "{name}");
    }
}

#[test]
fn a_pack_of_the_other_dialect_is_refused() {
    let error = refused(&write_pack(Dialect::South));
    assert!(error.contains("dialect \"south\"") && error.contains("[voice] dialect is \"north\""), "{error}");
}

#[test]
fn a_changed_clip_is_refused_and_named() {
    let folder = write_pack(Dialect::North);
    fs::write(folder.path().join("0.wav"), Sound { rate: RATE, samples: vec![5_000; 80] }.wav()).unwrap();
    let error = refused(&folder);
    assert!(error.starts_with("clip 'không'") && error.contains("SHA-256"), "{error}");
}

#[test]
fn a_clip_without_its_file_is_refused_and_named() {
    let folder = write_pack(Dialect::North);
    fs::remove_file(folder.path().join("2.wav")).unwrap();
    let error = refused(&folder);
    assert!(error.starts_with("clip 'hai'") && error.contains("2.wav"), "{error}");
}

#[test]
fn a_clip_of_another_rate_or_silent_or_no_wav_is_refused_and_named() {
    let other_rate = Sound { rate: 16_000, samples: vec![5_000; 80] }.wav();
    let silent = Sound { rate: RATE, samples: vec![3; 800] }.wav();
    for (wav, said) in [
        (other_rate.as_slice(), "expected 8000 samples a second"),
        (&silent, "nothing is to be heard"),
        (b"OggS", "expected a WAV file"),
        (&[], "expected a WAV file"),
        (&[0; (2 << 20) + 1], "larger than"),
    ] {
        let folder = write_pack(Dialect::North);
        replace(&folder, "đồng", wav);
        let error = refused(&folder);
        assert!(error.starts_with("clip 'đồng'") && error.contains(said), "{error}");
    }
}

#[test]
fn a_chime_of_700_ms_is_refused() {
    let folder = write_pack(Dialect::North);
    replace(&folder, "chime-received", &Sound { rate: RATE, samples: vec![5_000; 5_600] }.wav());
    assert!(refused(&folder).contains("shorter than 700 ms"));
    replace(&folder, "chime-received", &Sound { rate: RATE, samples: vec![5_000; 5_584] }.wav());
    let pack = Pack::load(folder.path(), Dialect::North).unwrap();
    assert_eq!(pack.chime().samples, vec![5_000; 5_584]);
}

#[test]
fn a_clip_outside_the_folder_is_refused() {
    for file in ["../x.wav", "/etc/passwd", "a/../../x.wav", ""] {
        let folder = write_pack(Dialect::North);
        edit(&folder, |manifest| manifest["clips"][0]["file"] = json!(file));
        assert!(Pack::load(folder.path(), Dialect::North).is_err(), "{file}");
    }
}

#[test]
fn a_name_twice_is_refused() {
    let folder = write_pack(Dialect::North);
    edit(&folder, |manifest| {
        let again = manifest["clips"][0].clone();
        manifest["clips"].as_array_mut().unwrap().push(again);
    });
    assert!(refused(&folder).contains("twice"));
}

#[test]
fn a_manifest_that_is_none_is_refused_with_its_path() {
    let folder = TempDir::new().unwrap();
    assert!(refused(&folder).contains("manifest.json can not be read"));
    fs::write(folder.path().join("manifest.json"), "{}").unwrap();
    assert!(refused(&folder).contains("missing field `dialect`"));
    let folder = write_pack(Dialect::North);
    edit(&folder, |manifest| manifest["sample_rate"] = json!(0));
    assert!(refused(&folder).contains("8000 to 48000"));
}
