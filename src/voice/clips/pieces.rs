//! Which clips a pack must have: every word a number can need, every piece of a sentence, every chime (voice.md).

use vietqr_edge_core::voice::Dialect;

/// Sounded for money that came.
pub(super) const CHIME_RECEIVED: &str = "chime-received";

/// For money, for a bill paid short or over, for a warning, for a failure, for a test.
pub(super) const CHIMES: [&str; 5] = [CHIME_RECEIVED, "chime-mismatch", "chime-warning", "chime-error", "chime-test"];

const WORDS: [&str; 19] = [
    "không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín", "mười", "mươi", "mốt", "tư", "lăm", "trăm",
    "triệu", "tỷ", "đồng",
];

const PIECES: [&str; 22] = [
    "đã nhận",
    "đã nhận đủ",
    "còn thiếu",
    "thừa",
    "chú ý",
    "chỉ nhận được",
    "giao dịch lúc",
    "giờ",
    "phút",
    "trong lúc mất mạng có",
    "giao dịch",
    "tổng",
    "nhắc lại",
    "đây là giao dịch thử",
    "đã hoàn",
    "yêu cầu hoàn tiền đã gửi chờ xác nhận",
    "chưa rõ kết quả hoàn tiền vui lòng kiểm tra",
    "hoàn tiền không thành công",
    "mất kết nối mạng",
    "đã kết nối",
    "chưa đối soát",
    "có giao dịch đến số tiền bị ẩn",
];

/// The names of all clips that a pack of this dialect must have.
pub fn needed(dialect: Dialect) -> impl Iterator<Item = &'static str> {
    let own = match dialect {
        Dialect::North => ["linh", "nghìn"],
        Dialect::South => ["lẻ", "ngàn"],
    };
    WORDS.into_iter().chain(own).chain(PIECES).chain(CHIMES)
}

/// Splits a sentence into names of clips: as few as cover it. Case and commas are not spoken.
///
/// # Errors
/// The first word that no clip can cover.
pub(super) fn split(sentence: &str, has: impl Fn(&str) -> bool) -> Result<Vec<String>, String> {
    let plain = sentence.to_lowercase().replace(',', "");
    let words: Vec<&str> = plain.split_whitespace().collect();
    // best[i]: how the words from i on are covered by fewest clips: (clips, words of the first clip).
    let mut best: Vec<Option<(usize, usize)>> = vec![None; words.len() + 1];
    best[words.len()] = Some((0, 0));
    for at in (0..words.len()).rev() {
        let longest = LONGEST.min(words.len() - at);
        best[at] = (1..=longest)
            .filter(|&length| has(&words[at..at + length].join(" ")))
            .filter_map(|length| best[at + length].map(|(clips, _)| (clips + 1, length)))
            .min_by_key(|&(clips, length)| (clips, std::cmp::Reverse(length)));
    }
    let mut names = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let Some((_, length)) = best[at] else {
            // From the end: the last word after which everything is covered.
            let stuck = best.iter().rposition(Option::is_none).unwrap_or(at);
            return Err(words[stuck.min(words.len() - 1)].to_owned());
        };
        names.push(words[at..at + length].join(" "));
        at += length;
    }
    Ok(names)
}

/// The most words a clip may say.
pub(super) const LONGEST: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use vietqr_edge_core::{money::Dong, time::Timestamp, voice::Sentence};

    fn sentences(amount: Dong) -> Vec<Sentence> {
        let late = |minutes: i64| Sentence::late(Timestamp::from_secs(minutes * 60), Sentence::Received(amount));
        let mut all = vec![
            Sentence::Received(amount),
            Sentence::PaidExactly(amount),
            Sentence::Short { received: amount, missing: amount },
            Sentence::Over { received: amount, excess: amount },
            Sentence::SmallAmount(amount),
            Sentence::late(Timestamp::from_secs(0), Sentence::SmallAmount(amount)),
            Sentence::late(Timestamp::from_secs(0), Sentence::PaidExactly(amount)),
            Sentence::Summary { count: amount.0 % 2_001, total: amount },
            Sentence::Replay(amount),
            Sentence::SelfTest(amount),
            Sentence::Refunded(amount),
            Sentence::RefundPending,
            Sentence::RefundUnknown,
            Sentence::RefundRefused,
            Sentence::LinkLost,
            Sentence::LinkBack,
            Sentence::Unconfirmed(amount),
            Sentence::HiddenAmount,
        ];
        all.extend((0..24 * 60).step_by(61).map(late));
        all
    }

    #[test]
    fn a_pack_with_every_needed_clip_says_every_sentence_in_its_words_and_order() {
        let amounts = (0..200).chain((3..64).map(|power| 1_u64 << power)).chain([
            u64::MAX,
            1_005_000,
            9_999_999_999_999,
            1_000_000_000_000_005,
        ]);
        for dialect in [Dialect::North, Dialect::South] {
            let names: Vec<_> = needed(dialect).collect();
            for sentence in amounts.clone().flat_map(|amount| sentences(Dong(amount))) {
                let text = sentence.text(dialect);
                let clips = split(&text, |name| names.contains(&name)).unwrap_or_else(|word| panic!("{word}: {text}"));
                assert_eq!(clips.join(" "), text.to_lowercase().replace(',', ""));
            }
        }
    }

    #[test]
    fn every_needed_clip_is_needed_once_and_short_enough_to_be_found() {
        for dialect in [Dialect::North, Dialect::South] {
            let names: std::collections::BTreeSet<_> = needed(dialect).collect();
            assert_eq!(names.len(), needed(dialect).count());
            assert!(names.iter().all(|name| name.split(' ').count() <= LONGEST));
        }
    }

    #[test]
    fn every_needed_clip_is_in_the_documentation() {
        let documentation = include_str!("../../../docs/voice-packs.md");
        for name in needed(Dialect::North).chain(needed(Dialect::South)) {
            assert!(documentation.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn the_longest_clips_are_used() {
        let names: Vec<_> = needed(Dialect::North).chain(["hai mươi lăm nghìn"]).collect();
        let clips = split("Đã nhận đủ hai mươi lăm nghìn đồng", |name| names.contains(&name)).unwrap();
        assert_eq!(clips, ["đã nhận đủ", "hai mươi lăm nghìn", "đồng"]);
    }

    #[test]
    fn a_longer_clip_that_leads_nowhere_is_not_taken() {
        let has = |name: &str| ["một", "hai", "một hai", "hai ba"].contains(&name);
        assert_eq!(split("một hai ba", has).unwrap(), ["một", "hai ba"]);
    }

    #[test]
    fn a_word_without_a_clip_is_named() {
        let names: Vec<_> = needed(Dialect::North).collect();
        assert_eq!(split("Đã nhận hai ngàn đồng", |name| names.contains(&name)), Err("ngàn".to_owned()));
        assert_eq!(split("xu", |_| false), Err("xu".to_owned()));
        assert_eq!(split("", |_| false), Ok(vec![]));
    }
}
