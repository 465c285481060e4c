//! `[box]`: registration as a PAYBox.

use super::document::Document;
use super::print::Printer;
use super::secret::Secret;
use super::section::Section;

pub(super) const BOX: Section = Section {
    name: "box",
    list: false,
    doc: "PAYBox registration and its messages.",
    keys: &[
        ("mac", "The address that the box registers with: AA:BB:CC:DD:EE:FF."),
        ("key_file", "The file with the registration key that VietQR gave."),
        ("say_unconfirmed", "Says that an amount which only a box message told is not reconciled. Default true."),
    ],
};

/// `[box]`.
#[derive(Clone, Debug)]
pub struct PayBox {
    /// Upper case, colons between: the form of the firmware (vietqr.md 5.2).
    pub mac: String,
    /// The key of the registration's checksum.
    pub key: Secret,
    /// `", chưa đối soát"` after an amount that only a box message told.
    pub say_unconfirmed: bool,
}

impl PayBox {
    pub(super) fn read(doc: &Document<'_>) -> Option<PayBox> {
        let t = doc.optional(&BOX)?;
        let mac = t.need("mac", t.parsed("mac", mac));
        let key = t.need("key_file", t.secret("key_file"));
        let say_unconfirmed = t.flag("say_unconfirmed", true);
        Some(PayBox { mac: mac?, key: key?, say_unconfirmed })
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&BOX);
        p.text("mac", &self.mac);
        p.secret("key_file", Some(&self.key));
        p.value("say_unconfirmed", self.say_unconfirmed);
    }
}

fn mac(text: &str) -> Result<String, String> {
    let groups: Vec<&str> = text.split(':').collect();
    if groups.len() != 6 || groups.iter().any(|g| g.len() != 2 || !g.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Err("expected six pairs of hex digits with colons, as AA:BB:CC:DD:EE:FF".to_owned());
    }
    Ok(text.to_ascii_uppercase())
}
