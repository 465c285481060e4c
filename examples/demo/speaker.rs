//! The speaker: `[voice] command` of the demo. It writes each sentence down, and has espeak-ng say it where that is installed.

use crate::Result;
use std::{
    ffi::OsString,
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

/// The first argument of this part; the second is the file that sentences are written to.
pub const PART: &str = "speaker";

const PROGRAM: &str = "espeak-ng";

/// A sentence that the daemon gave to the speaker.
#[derive(Clone, Debug)]
pub struct Said {
    /// When, in milliseconds since 1970.
    pub at_ms: u128,
    /// Its text.
    pub sentence: String,
}

/// Says what is on stdin.
pub fn play(file: Option<OsString>) -> ExitCode {
    match file.ok_or_else(|| "expected a file".into()).and_then(|file| speak(Path::new(&file))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "speaker: {error}");
            ExitCode::FAILURE
        }
    }
}

fn speak(file: &Path) -> Result {
    let mut sentence = String::new();
    io::stdin().read_to_string(&mut sentence)?;
    let mut file = fs::OpenOptions::new().append(true).create(true).open(file)?;
    // One write: the reader must not see half a line.
    file.write_all(format!("{} {}\n", now_ms(), sentence.trim_end()).as_bytes())?;
    if installed().is_some() {
        // Without a sound card it complains and ends well; the sentence has been shown all the same.
        let mut command = Command::new(PROGRAM);
        let mut child = command.args(["-v", "vi", "--stdin"]).stdin(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(sentence.as_bytes())?;
        }
        child.wait()?;
    }
    Ok(())
}

/// Where espeak-ng is, if it is installed.
pub fn installed() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(PROGRAM)).find(|program| program.is_file())
}

/// Everything said so far.
pub fn all_said(file: &Path) -> Result<Vec<Said>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error.into()),
    };
    let said = |line: &str| {
        let (at, sentence) = line.split_once(' ').ok_or("a sentence without a time")?;
        Ok(Said { at_ms: at.parse()?, sentence: sentence.to_owned() })
    };
    text.lines().map(said).collect()
}

/// Now, in milliseconds since 1970.
pub fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis())
}
