//! Loading a pack, and finding its clips.

use super::{
    join::{Clip, join},
    pieces::{self, CHIME_RECEIVED, CHIMES, needed},
    wav::Sound,
};
use crate::voice::process::SpeakError;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};
use vietqr_edge_core::voice::Dialect;

/// The largest manifest, in bytes.
const MANIFEST_MAX: u64 = 256 * 1024;
/// The largest clip, in bytes.
const CLIP_MAX: u64 = 2 * 1024 * 1024;
/// The most memory that the trimmed clips of a pack may take, in bytes.
const PACK_MAX: usize = 8 * 1024 * 1024;
/// A chime is shorter than this, in milliseconds.
const CHIME_MAX_MS: u64 = 700;
const RATES: std::ops::RangeInclusive<u32> = 8_000..=48_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    dialect: Dialect,
    version: String,
    sample_rate: u32,
    clips: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    file: String,
    sha256: String,
}

/// Why a pack is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The manifest can not be read.
    #[error("{0} can not be read: {1}")]
    Manifest(PathBuf, String),
    /// It is for other words than those configured.
    #[error("the pack in {folder} is for dialect \"{found}\", but [voice] dialect is \"{wanted}\"")]
    Dialect {
        /// The pack.
        folder: PathBuf,
        /// What it is for.
        found: &'static str,
        /// What is configured.
        wanted: &'static str,
    },
    /// Clips that some sentence needs are not in the manifest.
    #[error("the pack in {folder} lacks {}: some amount or sentence could not be said", names.join(", "))]
    Missing {
        /// The pack.
        folder: PathBuf,
        /// The names, in quotes.
        names: Vec<String>,
    },
    /// A clip is not what the manifest says, or not of use.
    #[error("clip '{name}' ({}): {reason}", file.display())]
    Clip {
        /// Its name.
        name: String,
        /// Its file.
        file: PathBuf,
        /// What was expected and what was found.
        reason: String,
    },
    /// It would take too much memory.
    #[error("the pack in {0} takes more than 8 MiB of memory: record it at a lower sample rate")]
    TooLarge(PathBuf),
}

/// A pack whose every clip was found, verified and trimmed.
#[derive(Debug)]
pub struct Pack {
    rate: u32,
    version: String,
    clips: BTreeMap<String, Clip>,
}

impl Pack {
    /// Loads the pack in `folder` and checks all of it. Reads files: not for async code.
    ///
    /// # Errors
    /// [`PackError`], naming the clip.
    pub fn load(folder: &Path, dialect: Dialect) -> Result<Pack, PackError> {
        let path = folder.join("manifest.json");
        let unreadable = |reason: String| PackError::Manifest(path.clone(), reason);
        let text = read(&path, MANIFEST_MAX).map_err(|error| unreadable(error.to_string()))?;
        let manifest: Manifest =
            vietqr_edge_core::json::from_bytes(&text).map_err(|error| unreadable(error.to_string()))?;
        if !RATES.contains(&manifest.sample_rate) {
            return Err(unreadable(format!("expected a sample_rate of 8000 to 48000, found {}", manifest.sample_rate)));
        }
        if manifest.dialect != dialect {
            let (found, wanted) = (name(manifest.dialect), name(dialect));
            return Err(PackError::Dialect { folder: folder.to_owned(), found, wanted });
        }
        let rate = manifest.sample_rate;
        let mut clips = BTreeMap::new();
        let mut size = 0;
        for entry in manifest.clips {
            let file = folder.join(&entry.file);
            let wrong = |reason: String| PackError::Clip { name: entry.name.clone(), file: file.clone(), reason };
            let clip = load(&entry, &file, rate).map_err(wrong)?;
            size += clip.size();
            if size > PACK_MAX {
                return Err(PackError::TooLarge(folder.to_owned()));
            }
            if clips.insert(entry.name.clone(), clip).is_some() {
                return Err(wrong("this name is in the manifest twice".to_owned()));
            }
        }
        let names: Vec<_> =
            needed(dialect).filter(|name| !clips.contains_key(*name)).map(|name| format!("'{name}'")).collect();
        if !names.is_empty() {
            return Err(PackError::Missing { folder: folder.to_owned(), names });
        }
        Ok(Pack { rate, version: manifest.version, clips })
    }

    /// The pack's own version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// A sentence as one sound.
    ///
    /// # Errors
    /// [`SpeakError::NoClip`]; not for a sentence of voice.md in the pack's dialect.
    pub fn sentence(&self, text: &str) -> Result<Sound, SpeakError> {
        let names = pieces::split(text, |name| self.clips.contains_key(name)).map_err(SpeakError::NoClip)?;
        Ok(join(self.rate, names.iter().filter_map(|name| self.clips.get(name))))
    }

    /// The chime for money that came.
    pub fn chime(&self) -> Sound {
        join(self.rate, self.clips.get(CHIME_RECEIVED))
    }
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::North => "north",
        Dialect::South => "south",
    }
}

fn load(entry: &Entry, file: &Path, rate: u32) -> Result<Clip, String> {
    if !Path::new(&entry.file).components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("expected a path inside the pack's folder".to_owned());
    }
    if entry.name.split(' ').count() > pieces::LONGEST {
        return Err(format!("expected a name of at most {} words", pieces::LONGEST));
    }
    let bytes = read(file, CLIP_MAX).map_err(|error| error.to_string())?;
    let hash = hex::encode(Sha256::digest(&bytes));
    if !hash.eq_ignore_ascii_case(&entry.sha256) {
        return Err(format!("its SHA-256 is {hash}, the manifest says {}", entry.sha256));
    }
    let sound = Sound::parse(&bytes)?;
    if sound.rate != rate {
        return Err(format!("expected {rate} samples a second, as the manifest says; found {}", sound.rate));
    }
    let clip = Clip::trimmed(&sound).ok_or("nothing is to be heard in it")?;
    if CHIMES.contains(&entry.name.as_str()) && clip.length_ms(rate) >= CHIME_MAX_MS {
        return Err(format!("a chime is shorter than {CHIME_MAX_MS} ms; this one is {}", clip.length_ms(rate)));
    }
    Ok(clip)
}

fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
