//! vietqr-edge.toml(5): every section and key, with the words that `vietqr-edge config` prints.

use super::page::{Page, SEE_ALSO};
use vietqr_edge::config::SECTIONS;

/// The configuration that begins the example file: device, broker, one account, one terminal.
const EXAMPLE: &str = include_str!("../../config/agent.example.toml");

/// The page's source.
pub(super) fn page(date: &str) -> String {
    let mut page =
        Page::new("vietqr-edge.toml", "5", date, "the configuration of the payment device daemon vietqr-edge");
    page.section("DESCRIPTION").text(
        "`/etc/vietqr-edge/agent.toml` tells `vietqr-edge` which device it is, which broker tells it of money, and where money may go. \
         It is TOML. `device`, `mqtt`, one `account` and one `terminal` are needed, everything else is optional. Unknown keys are \
         errors. Relative paths start from the file's folder.",
    );
    page.paragraph(
        "Secrets are only ever in files of their own, which others must not be able to read (mode 0600 or 0640); one line end at \
         the end of such a file is not part of the secret.",
    );
    page.paragraph(
        "`vietqr-edge check` finds every problem with its file, line and key. `vietqr-edge config` prints what is in effect, \
         defaults included. SIGHUP, or `systemctl reload vietqr-edge`, has certificates, operators, the voice, the log level \
         and the login at the broker read again; everything else needs a restart.",
    );
    page.paragraph(
        "This version reads `order`, `box`, `callback`, `webhook`, `head_office`, and in `api` `listen` and `token`, and does not serve \
         them yet; `check` warns of each.",
    );
    page.section("SECTIONS AND KEYS");
    for section in SECTIONS {
        let header = if section.list { format!("[[{}]]", section.name) } else { format!("[{}]", section.name) };
        page.subsection(&header).text(section.doc);
        for (key, doc) in section.keys {
            page.term(&format!("**{key}**"), doc);
        }
    }
    page.section("EXAMPLE").text("A device, its broker, an account, a terminal and a speaker:").verbatim(&needed());
    page.section("FILES")
        .term(
            "`/etc/vietqr-edge/agent.toml`",
            "The configuration, unless `--config` or `VIETQR_EDGE_CONFIG` names another.",
        )
        .term("`/usr/share/doc/vietqr-edge/examples/agent.example.toml`", "Every key with its default, to copy from.");
    page.section("SEE ALSO").text(SEE_ALSO);
    page.render()
}

/// The lines of the example that are in effect, and neither comments nor tuning.
fn needed() -> Vec<&'static str> {
    let in_effect = EXAMPLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    in_effect.take_while(|line| *line != "[retention]").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_every_section_is_on_the_page() {
        let page = page("2026-11-22");
        for section in SECTIONS {
            assert!(page.contains(&format!("[{}]", section.name)), "{}", section.name);
            for (key, _) in section.keys {
                assert!(page.contains(&format!(r"\fB{key}\fR")), "{} {key}", section.name);
            }
        }
    }

    #[test]
    fn the_example_has_the_sections_that_are_needed() {
        let lines = needed();
        for header in ["[device]", "[mqtt]", "[[account]]", "[[terminal]]", "[voice]"] {
            assert!(lines.contains(&header), "{header} is not in {lines:?}");
        }
    }
}
