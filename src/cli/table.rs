//! What people read: tables, amounts and times as written in Vietnam, and no text from strangers that could move the cursor.

use chrono::{DateTime, FixedOffset};
use std::io::{self, Write};
use vietqr_edge_core::{
    money::Dong,
    time::{Timestamp, VIETNAM_OFFSET_S},
};

/// `25.000 đ`.
pub(super) fn amount(dong: Dong) -> String {
    format!("{dong} đ")
}

/// `21/11 09:30:05` at +07:00.
pub(super) fn time(at: Timestamp) -> String {
    local(at, "%d/%m %H:%M:%S")
}

/// `21/11/2026 09:30:05.123` at +07:00.
pub(super) fn exact_time(at: Timestamp) -> String {
    local(at, "%d/%m/%Y %H:%M:%S%.3f")
}

fn local(at: Timestamp, format: &str) -> String {
    let utc = DateTime::from_timestamp_millis(at.millis()).unwrap_or_default();
    match FixedOffset::east_opt(VIETNAM_OFFSET_S) {
        Some(offset) => utc.with_timezone(&offset).format(format).to_string(),
        None => utc.format(format).to_string(),
    }
}

/// `3 d 4 h`, `2 h 5 min`, `1 min 30 s`, `0.250 s`.
pub(super) fn span(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0..60 => format!("{s}.{:03} s", ms % 1000),
        60..3600 => format!("{} min {} s", s / 60, s % 60),
        3600..86_400 => format!("{} h {} min", s / 3600, s % 3600 / 60),
        _ => format!("{} d {} h", s / 86_400, s % 86_400 / 3600),
    }
}

/// `4.0 KiB`, `1.2 GiB`.
pub(super) fn bytes(n: u64) -> String {
    let (mut size, mut unit) = (n as f64, "B");
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1024.0 {
            break;
        }
        (size, unit) = (size / 1024.0, larger);
    }
    if unit == "B" { format!("{n} B") } else { format!("{size:.1} {unit}") }
}

/// Text from elsewhere on one line of a terminal: control and direction characters become `·`, more than `most` characters are cut.
pub(super) fn plain(text: &str, most: usize) -> String {
    let safe = |c: char| {
        let moves =
            c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if moves { '·' } else { c }
    };
    if text.chars().count() <= most {
        return text.chars().map(safe).collect();
    }
    text.chars().take(most.saturating_sub(1)).map(safe).chain(['…']).collect()
}

/// `1 payment`, `2 payments`.
pub(super) fn count(n: u64, thing: &str) -> String {
    format!("{n} {thing}{}", if n == 1 { "" } else { "s" })
}

/// The name of a value in JSON: `no_reference`.
pub(super) fn name(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => "-".to_owned(),
    }
}

/// Where a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Left,
    Right,
}

/// Writes a heading and rows in columns as wide as their widest cell.
///
/// # Errors
/// Of writing.
pub(super) fn table<const N: usize>(
    out: &mut dyn Write,
    heading: [(&str, Side); N],
    rows: &[[String; N]],
) -> io::Result<()> {
    let mut widths = heading.map(|(title, _)| title.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let titles = heading.map(|(title, _)| title.to_owned());
    for row in std::iter::once(&titles).chain(rows) {
        let mut line = String::new();
        for ((cell, width), (_, side)) in row.iter().zip(widths).zip(heading) {
            let cell = match side {
                Side::Left => format!("{cell:<width$}"),
                Side::Right => format!("{cell:>width$}"),
            };
            line.push_str(&cell);
            line.push_str("  ");
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_times_are_written_as_in_vietnam() {
        let at: Timestamp = "2026-11-21T02:30:05.123Z".parse().unwrap();
        assert_eq!(amount(Dong(25_000)), "25.000 đ");
        assert_eq!(time(at), "21/11 09:30:05");
        assert_eq!(exact_time(at), "21/11/2026 09:30:05.123");
    }

    #[test]
    fn text_from_a_bank_can_not_move_the_cursor() {
        assert_eq!(plain("a\x1b[2Jb\u{202e}\n", 40), "a·[2Jb··");
        assert_eq!(plain("đã nhận tiền", 6), "đã nh…");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut out = Vec::new();
        let rows = [["p1".to_owned(), "5 đ".to_owned()], ["p10".to_owned(), "1.000 đ".to_owned()]];
        table(&mut out, [("id", Side::Left), ("amount", Side::Right)], &rows).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "id    amount\np1       5 đ\np10  1.000 đ\n");
    }

    #[test]
    fn spans_and_sizes_are_short() {
        let spans = [250, 90_000, 7_500_000, 277_200_000].map(span);
        assert_eq!(spans, ["0.250 s", "1 min 30 s", "2 h 5 min", "3 d 5 h"]);
        assert_eq!([512, 4096, 1_288_490_189].map(bytes), ["512 B", "4.0 KiB", "1.2 GiB"]);
    }
}
