//! `[[operator]]`: the people who may ask for and approve refunds.

use super::document::Document;
use super::print::Printer;
use super::section::Section;
use crate::pin::PinHash;

pub(super) const OPERATOR: Section = Section {
    name: "operator",
    list: true,
    doc: "A person who may ask for refunds. Read again on SIGHUP.",
    keys: &[
        ("name", "The name that the person gives, each once."),
        ("role", "cashier asks, and cancels their own; manager also approves, cancels and resolves."),
        ("pin_hash", "The argon2id hash of the PIN, as `vietqr-edge operator hash` prints it."),
    ],
};

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for refunds, and cancels their own.
    Cashier,
    /// Also approves and cancels those of others, and resolves.
    Manager,
}

/// `[[operator]]`.
#[derive(Clone, Debug)]
pub struct Operator {
    /// 1 to 64 bytes.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The hash of the PIN.
    pub pin_hash: PinHash,
}

const ROLES: &[(&str, Role)] = &[("cashier", Role::Cashier), ("manager", Role::Manager)];

impl Operator {
    pub(super) fn read_all(doc: &Document<'_>) -> Vec<Operator> {
        let mut operators: Vec<Operator> = Vec::new();
        for t in doc.array(&OPERATOR) {
            let name = t.need("name", t.parsed("name", name));
            let role = t.need("role", t.has("role").then(|| t.choice("role", Role::Cashier, ROLES)));
            let pin_hash = t.need("pin_hash", t.parsed("pin_hash", PinHash::parse));
            let (Some(name), Some(role), Some(pin_hash)) = (name, role, pin_hash) else { continue };
            if operators.iter().any(|o| o.name == name) {
                t.error("name", "an [[operator]] above has this name; expected each once");
            }
            operators.push(Operator { name, role, pin_hash });
        }
        operators
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&OPERATOR);
        p.text("name", &self.name);
        p.word("role", self.role, ROLES);
        p.masked("pin_hash", &self.pin_hash.masked(), "masked: matches no PIN");
    }
}

/// A name that people type and events tell.
pub(super) fn name(text: &str) -> Result<String, String> {
    if text.len() > 64 || text.trim() != text {
        return Err("expected 1 to 64 bytes without blanks around".to_owned());
    }
    Ok(text.to_owned())
}
