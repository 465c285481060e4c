//! What a section is: its name, its keys and what each is for. Reading, printing and the man page use the same words.

/// A section of the file and its keys.
pub struct Section {
    /// `mqtt`, or `api.token` for a list inside another section.
    pub name: &'static str,
    /// `[[name]]`: any number of them.
    pub list: bool,
    /// What the section is for.
    pub doc: &'static str,
    /// Each key with its meaning, unit and default, in the order of the contract.
    pub keys: &'static [(&'static str, &'static str)],
}

impl Section {
    /// What a key is for.
    pub(super) fn key_doc(&self, key: &str) -> &'static str {
        let found = self.keys.iter().find(|(name, _)| *name == key);
        debug_assert!(found.is_some(), "[{}] does not list {key}", self.name);
        found.map_or("", |(_, doc)| *doc)
    }
}

/// Every section, in the order of the contract.
pub const SECTIONS: &[&Section] = &[
    &super::device::DEVICE,
    &super::mqtt::MQTT,
    &super::shop::ACCOUNT,
    &super::shop::TERMINAL,
    &super::shop::ORDER,
    &super::paybox::BOX,
    &super::provider::VIETQR,
    &super::provider::VNPAY,
    &super::provider::QFPAY,
    &super::callback::CALLBACK,
    &super::refund::REFUND,
    &super::operator::OPERATOR,
    &super::voice::VOICE,
    &super::api::API,
    &super::api::TOKEN,
    &super::feed::WEBHOOK,
    &super::feed::HEAD_OFFICE,
    &super::device::RETENTION,
    &super::device::LOG,
];
