//! Text that every provider takes: ASCII letters, digits and single spaces.

/// Vietnamese letters by the ASCII letter that is read instead. Marks that are characters of their own are dropped.
const LETTERS: [(char, &str); 7] = [
    ('a', "àáạảãâầấậẩẫăằắặẳẵ"),
    ('d', "đð"),
    ('e', "èéẹẻẽêềếệểễ"),
    ('i', "ìíịỉĩ"),
    ('o', "òóọỏõôồốộổỗơờớợởỡ"),
    ('u', "ùúụủũưừứựửữ"),
    ('y', "ỳýỵỷỹ"),
];

/// `text` without marks, at most `most` characters; `instead` where nothing is left.
pub(super) fn plain(text: &str, most: usize, instead: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        let c = letter(c);
        if is_mark(c) {
            continue;
        }
        if c.is_ascii_alphanumeric() {
            plain.push(c);
        } else if !plain.is_empty() && !plain.ends_with(' ') {
            plain.push(' ');
        }
    }
    let end = plain.char_indices().nth(most).map_or(plain.len(), |(at, _)| at);
    let plain = plain[..end].trim_end();
    if plain.is_empty() { instead.to_owned() } else { plain.to_owned() }
}

fn letter(c: char) -> char {
    let small = c.to_lowercase().next().unwrap_or(c);
    match LETTERS.iter().find(|(_, marked)| marked.contains(small)) {
        Some((plain, _)) if small == c => *plain,
        Some((plain, _)) => plain.to_ascii_uppercase(),
        None => c,
    }
}

/// U+0300 to U+036F: combining marks.
fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_is_read_without_its_marks() {
        assert_eq!(plain("Khách trả hàng: ĐỒ HỎNG", 255, "x"), "Khach tra hang DO HONG");
        assert_eq!(plain("Kha\u{301}ch tra\u{309}", 255, "x"), "Khach tra");
    }

    #[test]
    fn nothing_that_could_break_a_signed_text_is_left() {
        assert_eq!(plain("a|b&c=d\"e\\f\u{0}g", 255, "x"), "a b c d e f g");
        assert_eq!(plain("  退款 |", 255, "refund"), "refund");
        assert_eq!(plain("abc def", 4, "x"), "abc");
    }
}
