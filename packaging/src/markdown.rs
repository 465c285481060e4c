//! vietqr-edge(8) from docs/operations.md: the Markdown that is used there, and no more.

use super::page::{Page, SEE_ALSO};

/// The page's source.
pub(super) fn page(markdown: &str, date: &str) -> String {
    let mut page = Page::new(
        "vietqr-edge",
        "8",
        date,
        "running the payment device daemon, and what to do when something is wrong",
    );
    page.section("DESCRIPTION");
    let mut lines = markdown.lines().peekable();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("### ") {
            page.subsection(&plain(name));
        } else if let Some(name) = line.strip_prefix("## ") {
            page.section(&plain(name));
        } else if line.starts_with("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            page.verbatim(&block);
        } else if line.starts_with('|') {
            let mut rows = vec![cells(line)];
            while let Some(row) = lines.next_if(|line| line.starts_with('|')) {
                rows.push(cells(row));
            }
            table(&mut page, &rows);
        } else if let Some((mark, text)) = mark(line) {
            let mut text = text.to_owned();
            let belongs = |line: &&str| line.starts_with("  ") && !line.trim().is_empty();
            while let Some(more) = lines.next_if(|line| belongs(line) && !is_block(line)) {
                text.push(' ');
                text.push_str(more.trim());
            }
            page.item(mark, &text);
        } else if is_block(line) {
            let block: Vec<&str> = lines.by_ref().map(str::trim).take_while(|line| *line != "```").collect();
            page.verbatim(&block);
        } else if !line.is_empty() && !line.starts_with("# ") {
            let mut text = line.to_owned();
            while let Some(more) = lines.next_if(|line| continues(line)) {
                text.push(' ');
                text.push_str(more);
            }
            page.paragraph(&text);
        }
    }
    page.section("SEE ALSO").text(SEE_ALSO);
    page.render()
}

/// A line of the same paragraph.
fn continues(line: &str) -> bool {
    !(line.is_empty() || line.starts_with(['#', '|', '`']) && !is_code(line) || mark(line).is_some())
}

/// A line that begins or ends a block of code in a list's entry.
fn is_block(line: &str) -> bool {
    line.starts_with("  ") && line.trim_start().starts_with("```")
}

/// A line that begins with a word in code, not with a block of it.
fn is_code(line: &str) -> bool {
    line.starts_with('`') && !line.starts_with("```")
}

/// The mark of a list's entry, and its text.
fn mark(line: &str) -> Option<(&str, &str)> {
    if let Some(text) = line.strip_prefix("- ") {
        return Some(("-", text));
    }
    let (number, text) = line.split_once(". ")?;
    (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then(|| (&line[..=number.len()], text))
}

fn plain(text: &str) -> String {
    text.replace(['`', '*'], "")
}

/// The cells of a row. A bar behind a backslash is text.
fn cells(row: &str) -> Vec<String> {
    let hidden = row.replace("\\|", "\u{1}");
    let inner = hidden.trim().trim_start_matches('|').trim_end_matches('|');
    inner.split('|').map(|cell| cell.trim().replace('\u{1}', "|")).collect()
}

/// A terminal is too narrow for columns of prose: each row is a term, and the other cells are behind their column's name.
fn table(page: &mut Page, rows: &[Vec<String>]) {
    let [head, _, body @ ..] = rows else { return };
    for row in body {
        // An empty first cell goes on with what the row above is about.
        let skipped = row.iter().take_while(|cell| cell.is_empty()).count();
        let Some((term, cells)) = row.get(skipped..).and_then(<[String]>::split_first) else { continue };
        // What the second column holds goes without saying, unless the columns are compared: then the first has no name.
        let compared = head.first().is_some_and(String::is_empty);
        let told =
            cells.iter().zip(head.iter().skip(skipped + 1)).enumerate().filter(|(_, (cell, _))| !cell.is_empty());
        let text: Vec<String> = told
            .map(|(i, (cell, name))| match name.as_str() {
                "" => cell.clone(),
                _ if i + skipped == 0 && !compared => cell.clone(),
                name if name.ends_with('?') => format!("{name} {cell}"),
                name => format!("{name}: {cell}"),
            })
            .collect();
        page.term(term, &text.join("; "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_a_term_and_names_its_further_columns() {
        let page = page(
            "## X\n\n| state | means | to do |\n|---|---|---|\n| `a\\|b` | c | |\n| d | e | f |\n| | g | h |\n",
            "",
        );
        assert!(page.contains("\\fBa|b\\fR\nc\n"), "{page}");
        assert!(page.contains("\ne; to do: f\n"), "{page}");
        assert!(page.contains(".TP\ng\nto do: h\n"), "{page}");
    }

    #[test]
    fn columns_that_are_compared_are_all_named() {
        let page = page("## X\n\n| | cashier | manager |\n|---|---|---|\n| asks | yes | no |\n", "");
        assert!(page.contains("asks\ncashier: yes; manager: no\n"), "{page}");
    }

    #[test]
    fn code_in_an_entry_of_a_list_keeps_its_lines() {
        let page = page("- a\n  b:\n\n  ```\n  [c]\n  d=1\n  ```\n\n- e\n", "");
        assert!(page.contains("a b:\n") && page.contains(".nf\n[c]\nd=1\n.fi\n"), "{page}");
        assert!(!page.contains('`'), "{page}");
    }

    #[test]
    fn lines_of_a_paragraph_and_of_an_entry_are_joined() {
        let page = page("# T\n\na\n`b` c\n\n- d\n  e\n- f\n\n```\n- g\n```\n", "");
        assert!(page.contains("a \\fBb\\fR c\n"), "{page}");
        assert!(page.contains("d e\n"), "{page}");
        assert!(page.contains(".nf\n\\- g\n.fi\n"), "{page}");
    }
}
