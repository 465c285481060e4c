//! What the file may say and this version does not do yet: read and checked in full, and said.

use super::document::Document;
use super::problem::Severity;

/// The sections and keys without a feature behind them. Whoever builds the feature takes its line out.
const UNSERVED: &[&str] =
    &["order", "box", "vnpay", "qfpay", "callback", "api.listen", "api.token", "webhook", "head_office"];

/// Warns of each that the file has.
pub(super) fn warn(doc: &Document<'_>) {
    for key in UNSERVED {
        if let Some(line) = doc.line_of(key) {
            doc.note(Severity::Warning, line, key, "understood, but this version does not serve it yet");
        }
    }
}
