//! The tool as build.sh runs it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeSet, fs, path::Path, process::Command};

fn run(out: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_vietqr-edge-packaging")).arg(out).arg("2026-11-22").status().unwrap();
    assert!(status.success());
}

fn all(folder: &Path) -> Vec<(String, String)> {
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let mut all: Vec<_> = files.map(|file| (fs::read_to_string(file.path()).unwrap(), name(file))).collect();
    all.sort();
    all.into_iter().map(|(text, name)| (name, text)).collect()
}

#[test]
fn every_command_that_help_names_has_a_page_and_a_hidden_one_is_nowhere() {
    let out = tempfile::tempdir().unwrap();
    run(out.path());
    let (pages, completions) = (all(&out.path().join("man")), all(&out.path().join("completions")));
    let names: BTreeSet<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    let command = vietqr_edge::cli::command();
    for sub in command.get_subcommands() {
        let page = format!("vietqr-edge-{}.1", sub.get_name());
        assert_eq!(names.contains(&*page), !sub.is_hide_set(), "{page}");
        for (shell, text) in &completions {
            assert!(sub.is_hide_set() != text.contains(sub.get_name()), "{shell}: {}", sub.get_name());
        }
    }
    assert!(
        command.get_subcommands().any(clap::Command::is_hide_set),
        "none is hidden: this test proves less than it says"
    );
    for page in ["vietqr-edge.1", "vietqr-edge.toml.5", "vietqr-edge.8", "vietqr-edge-refund-new.1"] {
        assert!(names.contains(page), "{page} is not in {names:?}");
    }
    assert_eq!(completions.len(), 3);
}

#[test]
fn bash_completes_a_command_of_a_command() {
    let out = tempfile::tempdir().unwrap();
    run(out.path());
    let script = "source \"$1\"; COMP_WORDS=(vietqr-edge refund re); COMP_CWORD=2; \
        $(complete -p vietqr-edge | sed 's/.*-F \\([^ ]*\\).*/\\1/') vietqr-edge re refund; echo ${COMPREPLY[@]}";
    let file = out.path().join("completions/vietqr-edge.bash");
    let answer = Command::new("bash").args(["-c", script, "bash"]).arg(file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&answer.stdout), "resolve\n", "{}", String::from_utf8_lossy(&answer.stderr));
}

#[test]
fn the_same_date_gives_the_same_bytes() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    run(one.path());
    run(other.path());
    for folder in ["man", "completions"] {
        assert_eq!(all(&one.path().join(folder)), all(&other.path().join(folder)));
    }
}
