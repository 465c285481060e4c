//! What `--help` says, as manual pages of section 1 and as completions.

use super::page::{Page, SEE_ALSO, SOURCE};
use clap::Command;
use clap_complete::{Shell, generate, generate_to};
use clap_mangen::Man;
use std::{fs, io, path::Path};

/// A page for the program, and one for each command that `--help` names.
pub(super) fn pages(folder: &Path, date: &str) -> io::Result<()> {
    let mut root = vietqr_edge::cli::command().disable_help_subcommand(true);
    root.build();
    page(folder, date, &root)
}

fn page(folder: &Path, date: &str, command: &Command) -> io::Result<()> {
    // `build` has set it: vietqr-edge-refund-new.
    let name = command.get_display_name().unwrap_or(command.get_name());
    let man = Man::new(command.clone()).date(date).source(SOURCE).manual("vietqr-edge");
    let mut bytes = Vec::new();
    man.render_title(&mut bytes)?;
    man.render_name_section(&mut bytes)?;
    bytes.extend_from_slice(synopsis(command).as_bytes());
    man.render_description_section(&mut bytes)?;
    man.render_options_section(&mut bytes)?;
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(&mut bytes)?;
    }
    let end = Page::part(|page| {
        if let Some(after) = command.get_after_help() {
            page.section("EXIT STATUS").text(&after.to_string());
        }
        page.section("SEE ALSO").text(SEE_ALSO);
    });
    bytes.extend_from_slice(end.as_bytes());
    fs::write(folder.join(format!("{name}.1")), bytes)?;
    command.get_subcommands().filter(|sub| !sub.is_hide_set()).try_for_each(|sub| page(folder, date, sub))
}

/// As `--help` has it: clap_mangen leaves out what options and commands take.
fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    Page::part(|page| {
        page.section("SYNOPSIS").text(usage.trim_start_matches("Usage: "));
    })
}

/// Completions, under the names that each shell looks for.
pub(super) fn completions(folder: &Path) -> io::Result<()> {
    let root = vietqr_edge::cli::command();
    // The shells' writers would also offer what is hidden.
    let offered = root.get_subcommands().filter(|sub| !sub.is_hide_set()).cloned();
    let mut root = Command::new("vietqr-edge").version("").args(root.get_arguments().cloned()).subcommands(offered);
    for shell in [Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut root, "vietqr-edge", folder)?;
    }
    let mut bash = Vec::new();
    generate(Shell::Bash, &mut root, "vietqr-edge", &mut bash);
    // clap_complete 4.6.11 takes the hyphen of a program's name for a command in one of two places.
    let bash = String::from_utf8_lossy(&bash).replace("vietqr__subcmd__edge", "vietqr__edge");
    fs::write(folder.join("vietqr-edge.bash"), bash)
}
