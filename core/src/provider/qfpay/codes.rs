//! `respcd` by class (vnpay-qfpay.md 3.11): as the answer to a refund call, and as the state of our refund's row in an enquiry.

/// What a code means as the answer to a refund call. "Refused" ends the refund only on a clean attempt, which the machine decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallClass {
    /// The money went back.
    Succeeded,
    /// Accepted, not finished.
    Pending,
    /// Refused; it was not executed.
    Refused,
    /// The payment was refunded before, by this refund or another.
    AlreadyRefunded,
    /// Not executed; not before the half hour about midnight is over.
    NotNow,
    /// Not executed; there is not enough to pay it from.
    NoBalance,
    /// Not executed; another refund of the payment is under way.
    Busy,
    /// It can not be told.
    Unknown,
}

/// What a code means as the state of our own row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowClass {
    /// The money went back.
    Succeeded,
    /// Accepted, not finished.
    Pending,
    /// It was not executed and will not be.
    Failed,
    /// It can not be told.
    Unknown,
}

/// The class of the answer to a refund call. `text` is `resperr` and `respmsg`; `row` says that QFPay gave a number: a row exists.
pub fn call_class(code: &str, text: &str, row: bool) -> CallClass {
    let class = by_code(code, text);
    match class {
        CallClass::Succeeded | CallClass::Pending => class,
        CallClass::NotNow | CallClass::NoBalance if row => CallClass::Unknown,
        _ if is_busy(text) && row => CallClass::Unknown,
        _ if is_busy(text) => CallClass::Busy,
        _ => class,
    }
}

fn by_code(code: &str, text: &str) -> CallClass {
    match code {
        "0000" => CallClass::Succeeded,
        "1143" | "1145" | "2999" => CallClass::Pending,
        "1251" if text.to_ascii_lowercase().contains("out_trade_no") => CallClass::Unknown,
        "1265" if is_too_old(text) => CallClass::Refused,
        "1265" => CallClass::NotNow,
        "1269" => CallClass::NoBalance,
        "1125" | "1262" | "1264" => CallClass::AlreadyRefunded,
        "1103" | "1104" | "1105" | "1106" | "1107" | "1108" | "1109" | "1113" | "1114" | "1115" | "1116" | "1117"
        | "1118" | "1119" | "1120" | "1121" | "1122" | "1123" | "1124" | "1126" | "1130" | "1136" | "1150" | "1151"
        | "1152" | "1153" | "1155" | "1181" | "1201" | "1202" | "2005" | "2006" | "1203" | "1212" | "1241" | "1242"
        | "1243" | "1250" | "1251" | "1261" | "1263" | "1266" | "1267" | "1268" | "1270" | "1271" | "1272" | "1294" => {
            CallClass::Refused
        }
        _ => CallClass::Unknown,
    }
}

/// The class of the inner `respcd` of our own row.
pub fn row_class(code: &str, text: &str) -> RowClass {
    match code {
        "0000" => RowClass::Succeeded,
        "1143" | "1145" | "2999" => RowClass::Pending,
        "1265" if is_too_old(text) => RowClass::Failed,
        "1101" | "1103" | "1104" | "1105" | "1106" | "1107" | "1108" | "1109" | "1113" | "1114" | "1115" | "1116"
        | "1117" | "1118" | "1119" | "1120" | "1121" | "1122" | "1123" | "1124" | "1125" | "1126" | "1130" | "1136"
        | "1142" | "1147" | "1150" | "1151" | "1152" | "1153" | "1155" | "1181" | "1201" | "1202" | "2005" | "2006"
        | "1203" | "1204" | "1205" | "1212" | "1241" | "1242" | "1243" | "1250" | "1261" | "1262" | "1263" | "1264"
        | "1266" | "1267" | "1268" | "1269" | "1270" | "1271" | "1272" | "1294" => RowClass::Failed,
        _ => RowClass::Unknown,
    }
}

/// The payment is older than its wallet refunds.
fn is_too_old(text: &str) -> bool {
    let small = text.to_lowercase();
    let exceeded = small.contains("exceed") && (small.contains("period") || small.contains("days"));
    exceeded || small.contains("29 days") || text.contains("超出可退款時限") || text.contains("超出可退款时限")
}

/// "You still have prosessing requests", as QFPay spells it.
fn is_busy(text: &str) -> bool {
    let small = text.to_lowercase();
    small.contains("prosessing requests") || small.contains("processing requests")
}
