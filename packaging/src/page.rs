//! A manual page in roff, built from plain text with a little Markdown in it: `code` and **strong** are bold, *emphasis* is italic,
//! links are their text.

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

/// What every page refers to.
pub(super) const SEE_ALSO: &str = "**vietqr-edge**(1), **vietqr-edge.toml**(5), **vietqr-edge**(8)";

/// The program and its version, at the foot of every page.
pub(super) const SOURCE: &str = concat!("vietqr-edge ", env!("CARGO_PKG_VERSION"));

/// A page that is being written.
pub(super) struct Page {
    roff: Roff,
    /// A heading was the last thing: what follows needs no distance to it.
    headed: bool,
}

impl Page {
    /// A page with its title and its line for apropos(1).
    pub(super) fn new(name: &str, section: &str, date: &str, about: &str) -> Page {
        let mut page = Page { roff: Roff::new(), headed: false };
        page.roff.control("TH", [name, section, date, SOURCE, "vietqr-edge"]);
        page.section("NAME").text(&format!("{name} - {about}"));
        page
    }

    /// Lines to append to a page that something else wrote.
    pub(super) fn part(write: impl FnOnce(&mut Page)) -> String {
        let mut page = Page { roff: Roff::new(), headed: false };
        write(&mut page);
        page.roff.to_roff()
    }

    /// A section; its name is in capitals.
    pub(super) fn section(&mut self, name: &str) -> &mut Page {
        self.roff.control("SH", [name.to_uppercase().as_str()]);
        self.headed = true;
        self
    }

    /// A section inside one.
    pub(super) fn subsection(&mut self, name: &str) -> &mut Page {
        self.roff.control("SS", [name]);
        self.headed = true;
        self
    }

    /// A paragraph's text.
    pub(super) fn text(&mut self, text: &str) -> &mut Page {
        self.roff.text(inline(text));
        self.headed = false;
        self
    }

    /// Begins a paragraph.
    pub(super) fn paragraph(&mut self, text: &str) -> &mut Page {
        self.distance();
        self.text(text)
    }

    /// A term, its explanation indented below.
    pub(super) fn term(&mut self, term: &str, text: &str) -> &mut Page {
        self.roff.control("TP", []);
        self.text(term).text(text)
    }

    /// An entry of a list, behind its mark.
    pub(super) fn item(&mut self, mark: &str, text: &str) -> &mut Page {
        self.roff.control("IP", [mark, "4"]);
        self.text(text)
    }

    /// Lines as they are.
    pub(super) fn verbatim(&mut self, lines: &[&str]) -> &mut Page {
        self.distance();
        self.roff.control("RS", ["4"]).control("nf", []);
        for line in lines {
            self.roff.text([roman(*line)]);
        }
        self.headed = false;
        self.roff.control("fi", []).control("RE", []);
        self
    }

    fn distance(&mut self) {
        if !self.headed {
            self.roff.control("PP", []);
        }
    }

    /// The page's source.
    pub(super) fn render(&self) -> String {
        self.roff.render()
    }
}

/// Text with its `code`, strong words and links taken apart.
fn inline(text: &str) -> Vec<Inline> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '*', '[']) {
        let (before, from) = rest.split_at(at);
        let Some((inside, after, set)) = marked(from) else {
            // A mark that marks nothing is text.
            let end = at + 1;
            out.push(roman(&rest[..end]));
            rest = &rest[end..];
            continue;
        };
        out.push(roman(before));
        out.push(set(inside.to_owned()));
        rest = after;
    }
    out.push(roman(rest));
    out
}

type Set = fn(String) -> Inline;

/// What a mark at the beginning encloses, what follows, and how it is set.
fn marked(text: &str) -> Option<(&str, &str, Set)> {
    if let Some(rest) = text.strip_prefix("**") {
        rest.split_once("**").map(|(inside, after)| (inside, after, bold as Set))
    } else if let Some(rest) = text.strip_prefix('`') {
        rest.split_once('`').map(|(inside, after)| (inside, after, bold as Set))
    } else if let Some(rest) = text.strip_prefix('*') {
        let (inside, after) = rest.split_once('*')?;
        (!inside.starts_with(' ')).then_some((inside, after, italic as Set))
    } else {
        let (inside, rest) = text.strip_prefix('[')?.split_once("](")?;
        let (_, after) = rest.split_once(')')?;
        (!inside.contains(']')).then_some((inside, after, roman as Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Page::part(|page| {
            page.text(text);
        })
        .lines()
        .skip_while(|line| line.starts_with('.'))
        .collect()
    }

    #[test]
    fn marked_words_are_bold_or_italic_and_links_are_their_text() {
        assert_eq!(shown("a `b` c **d** *g* [e](f.md)."), r"a \fBb\fR c \fBd\fR \fIg\fR e.");
    }

    #[test]
    fn a_mark_that_marks_nothing_is_text() {
        assert_eq!(shown("[[account]] and 2 * 3 * 4 and `"), "[[account]] and 2 * 3 * 4 and `");
    }

    #[test]
    fn a_point_at_the_beginning_of_a_line_is_no_request() {
        assert!(shown(".sh").starts_with(r"\&.sh"));
    }
}
