//! Every sentence that the device says.

use super::{Dialect, words};
use crate::{money::Dong, time::Timestamp};

/// A sentence of voice.md.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sentence {
    /// Money in, no bill open for it.
    Received(Dong),
    /// The open bill is paid exactly.
    PaidExactly(Dong),
    /// Less than the bill.
    Short {
        /// What came.
        received: Dong,
        /// What the bill still lacks.
        missing: Dong,
    },
    /// More than the bill.
    Over {
        /// What came.
        received: Dong,
        /// What is beyond the bill.
        excess: Dong,
    },
    /// No bill is open and the amount is under the shop's floor.
    SmallAmount(Dong),
    /// A payment told with its time.
    Late {
        /// Hour in Vietnam, 0-23.
        hour: u32,
        /// Minute, 0-59.
        minute: u32,
        /// What would be said of it were it fresh.
        inner: Box<Sentence>,
    },
    /// All that is too old to be told one by one.
    Summary {
        /// How many payments.
        count: u64,
        /// Their sum.
        total: Dong,
    },
    /// Said again because a person asked.
    Replay(Dong),
    /// A person tries the speaker; no money came.
    SelfTest(Dong),
    /// A refund is done.
    Refunded(Dong),
    /// A refund is accepted, not finished.
    RefundPending,
    /// Nobody knows yet whether the refund moved money.
    RefundUnknown,
    /// A refund is refused.
    RefundRefused,
    /// No broker.
    LinkLost,
    /// The broker is back.
    LinkBack,
    /// Only a box message (N05) told of it, no payment is booked. Where `[box] say_unconfirmed = false`,
    /// [`Sentence::Received`] is said instead.
    Unconfirmed(Dong),
    /// A box message that hides the amount (`*****`).
    HiddenAmount,
}

impl Sentence {
    /// What fits money in while no bill is open: a warning where `amount` is under `floor`.
    pub fn unbilled(amount: Dong, floor: Dong) -> Sentence {
        if amount < floor { Sentence::SmallAmount(amount) } else { Sentence::Received(amount) }
    }

    /// `inner`, told with the bank's time as a clock in Vietnam shows it.
    pub fn late(paid_at: Timestamp, inner: Sentence) -> Sentence {
        let (hour, minute) = paid_at.vietnam_clock();
        Sentence::Late { hour, minute, inner: Box::new(inner) }
    }

    /// The words, to the letter: NFC, single spaces, no final full stop.
    pub fn text(&self, dialect: Dialect) -> String {
        let number = |n: u64| words(n, dialect);
        let dong = |amount: &Dong| format!("{} đồng", number(amount.0));
        match self {
            Sentence::Received(amount) => format!("Đã nhận {}", dong(amount)),
            Sentence::PaidExactly(amount) => format!("Đã nhận đủ {}", dong(amount)),
            Sentence::Short { received, missing } => {
                format!("Đã nhận {}, còn thiếu {}", dong(received), dong(missing))
            }
            Sentence::Over { received, excess } => format!("Đã nhận {}, thừa {}", dong(received), dong(excess)),
            Sentence::SmallAmount(amount) => format!("Chú ý, chỉ nhận được {}", dong(amount)),
            Sentence::Late { hour, minute, inner } => {
                let inner = lower_first(&inner.text(dialect));
                let hour = number((*hour).into());
                match minute {
                    0 => format!("Giao dịch lúc {hour} giờ, {inner}"),
                    minute => format!("Giao dịch lúc {hour} giờ {} phút, {inner}", number((*minute).into())),
                }
            }
            Sentence::Summary { count, total } => {
                format!("Trong lúc mất mạng có {} giao dịch, tổng {}", number(*count), dong(total))
            }
            Sentence::Replay(amount) => format!("Nhắc lại, đã nhận {}", dong(amount)),
            Sentence::SelfTest(amount) => format!("Đây là giao dịch thử, {}", dong(amount)),
            Sentence::Refunded(amount) => format!("Đã hoàn {}", dong(amount)),
            Sentence::RefundPending => "Yêu cầu hoàn tiền đã gửi, chờ xác nhận".to_owned(),
            Sentence::RefundUnknown => "Chưa rõ kết quả hoàn tiền, vui lòng kiểm tra".to_owned(),
            Sentence::RefundRefused => "Hoàn tiền không thành công".to_owned(),
            Sentence::LinkLost => "Mất kết nối mạng".to_owned(),
            Sentence::LinkBack => "Đã kết nối".to_owned(),
            Sentence::Unconfirmed(amount) => format!("Đã nhận {}, chưa đối soát", dong(amount)),
            Sentence::HiddenAmount => "Có giao dịch đến, số tiền bị ẩn".to_owned(),
        }
    }
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(char::to_lowercase).into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Dong = Dong(105_000);
    const B: Dong = Dong(1_005);

    fn late(hour: u32, minute: u32, inner: Sentence) -> Sentence {
        Sentence::Late { hour, minute, inner: Box::new(inner) }
    }

    /// Every row of voice.md's table: the sentence in the north; the south says it with lẻ and ngàn.
    fn rows() -> Vec<(Sentence, &'static str)> {
        vec![
            (Sentence::Received(A), "Đã nhận một trăm linh năm nghìn đồng"),
            (Sentence::PaidExactly(A), "Đã nhận đủ một trăm linh năm nghìn đồng"),
            (
                Sentence::Short { received: A, missing: B },
                "Đã nhận một trăm linh năm nghìn đồng, còn thiếu một nghìn không trăm linh năm đồng",
            ),
            (
                Sentence::Over { received: A, excess: B },
                "Đã nhận một trăm linh năm nghìn đồng, thừa một nghìn không trăm linh năm đồng",
            ),
            (Sentence::SmallAmount(Dong(205)), "Chú ý, chỉ nhận được hai trăm linh năm đồng"),
            (
                late(14, 35, Sentence::Received(A)),
                "Giao dịch lúc mười bốn giờ ba mươi lăm phút, đã nhận một trăm linh năm nghìn đồng",
            ),
            (
                late(21, 1, Sentence::SmallAmount(Dong(205))),
                "Giao dịch lúc hai mươi mốt giờ một phút, chú ý, chỉ nhận được hai trăm linh năm đồng",
            ),
            (late(9, 0, Sentence::Received(A)), "Giao dịch lúc chín giờ, đã nhận một trăm linh năm nghìn đồng"),
            (
                late(0, 5, Sentence::PaidExactly(A)),
                "Giao dịch lúc không giờ năm phút, đã nhận đủ một trăm linh năm nghìn đồng",
            ),
            (late(0, 0, Sentence::Received(A)), "Giao dịch lúc không giờ, đã nhận một trăm linh năm nghìn đồng"),
            (
                Sentence::Summary { count: 1, total: A },
                "Trong lúc mất mạng có một giao dịch, tổng một trăm linh năm nghìn đồng",
            ),
            (
                Sentence::Summary { count: 1_001, total: B },
                "Trong lúc mất mạng có một nghìn không trăm linh một giao dịch, tổng một nghìn không trăm linh năm đồng",
            ),
            (Sentence::Replay(A), "Nhắc lại, đã nhận một trăm linh năm nghìn đồng"),
            (Sentence::SelfTest(A), "Đây là giao dịch thử, một trăm linh năm nghìn đồng"),
            (Sentence::Refunded(A), "Đã hoàn một trăm linh năm nghìn đồng"),
            (Sentence::RefundPending, "Yêu cầu hoàn tiền đã gửi, chờ xác nhận"),
            (Sentence::RefundUnknown, "Chưa rõ kết quả hoàn tiền, vui lòng kiểm tra"),
            (Sentence::RefundRefused, "Hoàn tiền không thành công"),
            (Sentence::LinkLost, "Mất kết nối mạng"),
            (Sentence::LinkBack, "Đã kết nối"),
            (Sentence::Unconfirmed(A), "Đã nhận một trăm linh năm nghìn đồng, chưa đối soát"),
            (Sentence::HiddenAmount, "Có giao dịch đến, số tiền bị ẩn"),
        ]
    }

    #[test]
    fn every_sentence_is_said_to_the_letter_in_both_dialects() {
        for (sentence, north) in rows() {
            assert_eq!(sentence.text(Dialect::North), north);
            assert_eq!(sentence.text(Dialect::South), north.replace("linh", "lẻ").replace("nghìn", "ngàn"));
        }
    }

    /// Every Vietnamese letter has a composed form, so NFC text has no combining mark.
    #[test]
    fn every_sentence_is_composed_single_spaced_and_without_a_full_stop() {
        for (sentence, _) in rows() {
            for dialect in [Dialect::North, Dialect::South] {
                let text = sentence.text(dialect);
                assert!(!text.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c)), "{text}");
                assert!(!text.contains("  ") && text.trim() == text && !text.ends_with('.'), "{text}");
            }
        }
    }

    #[test]
    fn the_warning_is_for_less_than_the_floor() {
        assert_eq!(Sentence::unbilled(Dong(999), Dong(1_000)), Sentence::SmallAmount(Dong(999)));
        assert_eq!(Sentence::unbilled(Dong(1_000), Dong(1_000)), Sentence::Received(Dong(1_000)));
        assert_eq!(Sentence::unbilled(Dong(1), Dong(0)), Sentence::Received(Dong(1)));
    }

    #[test]
    fn a_late_payment_is_told_at_seven_hours_east() {
        let paid_at = "2026-11-20T17:04:59Z".parse().unwrap();
        assert_eq!(
            Sentence::late(paid_at, Sentence::Received(Dong(25_000))).text(Dialect::North),
            "Giao dịch lúc không giờ bốn phút, đã nhận hai mươi lăm nghìn đồng"
        );
    }
}
