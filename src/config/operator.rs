//! `[[operator]]`: the people who may ask for and approve refunds.

use super::document::Document;
use super::print::Printer;
use super::section::Section;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::fmt;

pub(super) const OPERATOR: Section = Section {
    name: "operator",
    list: true,
    doc: "A person who may ask for refunds. Read again on SIGHUP.",
    keys: &[
        ("name", "The name that the person gives, each once."),
        ("role", "cashier asks; manager also approves, cancels and resolves."),
        ("pin_hash", "The argon2id hash of the PIN, as `vietqr-edge operator hash` prints it."),
    ],
};

/// The most memory that a PIN's hash may take, in KiB: a terminal has little.
const MAX_MEMORY_KIB: u32 = 7168;

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Asks for refunds.
    Cashier,
    /// Also approves, cancels and resolves those of others.
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

/// An argon2id hash in PHC form. A PIN is short: whoever sees its hash finds it, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash(String);

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

impl PinHash {
    /// From `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<PinHash, String> {
        let expected =
            || "expected $argon2id$v=19$m=…,t=…,p=…$SALT$HASH, as `vietqr-edge operator hash` prints it".to_owned();
        let parts: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", costs, salt, hash] = parts[..] else { return Err(expected()) };
        let [m, t, p] = costs.split(',').collect::<Vec<_>>()[..] else { return Err(expected()) };
        let cost = |text: &str, name: &str| text.strip_prefix(name)?.parse::<u32>().ok();
        let (Some(m), Some(t), Some(p)) = (cost(m, "m="), cost(t, "t="), cost(p, "p=")) else { return Err(expected()) };
        if m > MAX_MEMORY_KIB {
            return Err(format!("needs {m} KiB of memory; expected at most m={MAX_MEMORY_KIB}"));
        }
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).map(|b| b.len()).unwrap_or(0);
        let sound = (1..=64).contains(&t) && (1..=16).contains(&p) && m >= 8 * p;
        if !sound || !(8..=64).contains(&bytes(salt)) || !(16..=64).contains(&bytes(hash)) {
            return Err(expected());
        }
        Ok(PinHash(text.to_owned()))
    }

    /// The hash itself, to verify a PIN with.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The same form with nothing of salt and hash in it.
    fn masked(&self) -> String {
        let mut parts: Vec<String> = self.0.split('$').map(str::to_owned).collect();
        for part in parts.iter_mut().skip(4) {
            *part = "A".repeat(part.len());
        }
        parts.join("$")
    }
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";

    #[test]
    fn a_pin_hash_is_argon2id_within_the_memory_of_a_terminal() {
        assert!(PinHash::parse(HASH).is_ok());
        for (from, to) in [
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=7168", "m=7169"),
            ("m=7168", "m=4"),
            ("t=5", "t=0"),
            ("p=1", "p=0"),
            (",p=1", ""),
            ("$c29tZXNhbHQ", ""),
            ("c29tZXNhbHQ", "c29t"),
            ("c29tZXNhbHQ", "!!!!"),
            ("$LZdz", "LZdz"),
            ("$argon2id", "argon2id"),
        ] {
            assert!(PinHash::parse(&HASH.replacen(from, to, 1)).is_err(), "{from} -> {to}");
        }
        assert!(PinHash::parse("1234").is_err());
    }

    #[test]
    fn a_masked_hash_is_well_formed_and_tells_nothing() {
        let masked = PinHash::parse(HASH).unwrap().masked();
        assert!(PinHash::parse(&masked).is_ok(), "{masked}");
        assert!(!masked.contains("c29t") && !masked.contains("LZdz"));
    }
}
