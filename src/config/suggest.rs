//! "Did you mean": the known name nearest to one that is not known.

/// The candidate that `name` was probably meant to be: one of the two begins with the other, or at most a third of its letters differ.
pub(super) fn nearest<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let name = name.to_lowercase().replace('-', "_");
    let begins = |c: &str| name.len() >= 3 && c.len() >= 3 && (c.starts_with(&name) || name.starts_with(c));
    candidates
        .into_iter()
        .map(|c| (if begins(c) { 1 } else { distance(&name, c) }, c))
        .filter(|(d, c)| *d <= (c.chars().count() / 3).max(1))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

/// How many letters must be put in, taken out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            next.push((row[j] + usize::from(x != *y)).min(row[j + 1] + 1).min(next[j] + 1));
        }
        row = next;
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_finds_the_name_and_a_strange_word_finds_none() {
        let names = ["url", "username", "password_file", "keep_alive_s"];
        for (typed, meant) in [
            ("usrname", Some("username")),
            ("password", Some("password_file")),
            ("keep-alive-s", Some("keep_alive_s")),
            ("keepalive_s", Some("keep_alive_s")),
            ("ulr", None),
            ("uri", Some("url")),
            ("colour", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
    }

    #[test]
    fn the_distance_counts_single_letters() {
        for (a, b, d) in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3), ("flaw", "lawn", 2)] {
            assert_eq!(distance(a, b), d, "{a} {b}");
        }
    }
}
