//! Hashes of PINs: argon2id (RFC 9106) in PHC form, with costs that a terminal can bear.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use std::{fmt, ops::RangeInclusive};

/// What `operator hash` makes: 7 MiB, five passes, one lane; the least that OWASP advises, with the least memory.
const COSTS: Costs = Costs { memory_kib: 7168, passes: 5, lanes: 1 };
/// Memory times passes: at least that of [`COSTS`], and at most four times that, so that a check stays within a second or two.
const WORK: RangeInclusive<u32> = 35_840..=143_360;
/// The least memory, in KiB: passes alone are cheap for whoever guesses with special hardware.
const MIN_MEMORY_KIB: u32 = 1024;
/// Lanes are computed one after the other here.
const MAX_LANES: u32 = 4;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// An argon2id hash. A PIN is short: whoever sees its hash finds it, so it is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct PinHash {
    costs: Costs,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Costs {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl PinHash {
    /// The hash of a new PIN. `salt` is random.
    pub fn new(pin: &str, salt: [u8; SALT_BYTES]) -> PinHash {
        let hash = COSTS.hash(pin, &salt, HASH_BYTES);
        PinHash { costs: COSTS, salt: salt.to_vec(), hash }
    }

    /// From `$argon2id$v=19$m=…,t=…,p=…$SALT$HASH`.
    ///
    /// # Errors
    /// A sentence that says what was expected.
    pub fn parse(text: &str) -> Result<PinHash, String> {
        let form =
            || "expected $argon2id$v=19$m=7168,t=5,p=1$SALT$HASH, as `vietqr-edge operator hash` prints it".to_owned();
        let parts: Vec<&str> = text.split('$').collect();
        let ["", "argon2id", "v=19", costs, salt, hash] = parts[..] else { return Err(form()) };
        let [m, t, p] = costs.split(',').collect::<Vec<_>>()[..] else { return Err(form()) };
        let cost = |text: &str, name: &str| text.strip_prefix(name)?.parse::<u32>().ok();
        let (Some(memory_kib), Some(passes), Some(lanes)) = (cost(m, "m="), cost(t, "t="), cost(p, "p=")) else {
            return Err(form());
        };
        let bytes = |text: &str| STANDARD_NO_PAD.decode(text).unwrap_or_default();
        let (salt, hash) = (bytes(salt), bytes(hash));
        if !(8..=64).contains(&salt.len()) || !(16..=64).contains(&hash.len()) {
            return Err(form());
        }
        let costs = Costs { memory_kib, passes, lanes };
        costs.check()?;
        Ok(PinHash { costs, salt, hash })
    }

    /// Whether it is the hash of this PIN. Takes 7 MiB and some tenths of a second: to be asked once at a time, on a thread that may
    /// block.
    pub fn is_of(&self, pin: &str) -> bool {
        let hash = self.costs.hash(pin, &self.salt, self.hash.len());
        // Without an early end: how long it takes tells nothing.
        hash.len() == self.hash.len() && hash.iter().zip(&self.hash).fold(0, |differ, (a, b)| differ | (a ^ b)) == 0
    }

    /// The PHC string, for the configuration.
    pub fn expose(&self) -> String {
        let Costs { memory_kib, passes, lanes } = self.costs;
        let (salt, hash) = (STANDARD_NO_PAD.encode(&self.salt), STANDARD_NO_PAD.encode(&self.hash));
        format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}")
    }

    /// The same form with nothing of salt and hash in it.
    pub(crate) fn masked(&self) -> String {
        let PinHash { costs, salt, hash } = self;
        PinHash { costs: *costs, salt: vec![0; salt.len()], hash: vec![0; hash.len()] }.expose()
    }
}

impl fmt::Debug for PinHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Costs {
    fn check(self) -> Result<(), String> {
        let Costs { memory_kib, passes, lanes } = self;
        let most = COSTS.memory_kib;
        if memory_kib > most {
            return Err(format!("needs {memory_kib} KiB of memory for a check; expected at most m={most}"));
        }
        let work = memory_kib.saturating_mul(passes);
        if memory_kib < MIN_MEMORY_KIB || work < *WORK.start() {
            let least = WORK.start();
            return Err(format!(
                "m={memory_kib},t={passes} is too weak; expected m of {MIN_MEMORY_KIB} or more, and m × t of {least} or more"
            ));
        }
        if work > *WORK.end() {
            return Err(format!("m={memory_kib},t={passes} is too slow; expected m × t of {} or less", WORK.end()));
        }
        if !(1..=MAX_LANES).contains(&lanes) {
            return Err(format!("expected p of 1 to {MAX_LANES}"));
        }
        Ok(())
    }

    /// Nothing where it fails, which sound costs do not.
    fn hash(self, pin: &str, salt: &[u8], bytes: usize) -> Vec<u8> {
        let Costs { memory_kib, passes, lanes } = self;
        let mut hash = vec![0; bytes];
        let hashed = Params::new(memory_kib, passes, lanes, Some(bytes)).and_then(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(pin.as_bytes(), salt, &mut hash)
        });
        if hashed.is_err() {
            hash.clear();
        }
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHQ$LZdzWn0AbzLjhkR2ruGXRqaQyBlx2pfxfbmOXnWnpkI";

    #[test]
    fn a_hash_is_of_its_pin_only_and_is_read_as_it_was_printed() {
        let hash = PinHash::new("4321", [7; 16]);
        let again = PinHash::parse(&hash.expose()).unwrap();
        assert!(again == hash && again.is_of("4321"));
        assert!(hash.expose().starts_with("$argon2id$v=19$m=7168,t=5,p=1$"));
        for wrong in ["4322", "", "04321", "4321 "] {
            assert!(!hash.is_of(wrong), "{wrong}");
        }
        assert_ne!(PinHash::new("4321", [8; 16]).hash, hash.hash, "the salt counts");
    }

    /// Made with the reference implementation in C (argon2-cffi).
    #[test]
    fn a_hash_of_the_reference_implementation_is_understood() {
        let known = "$argon2id$v=19$m=7168,t=5,p=1$c29tZXNhbHRzYWx0$JgSxWpeicfCaTd8IStaMfmLv2cGeSLqc/z/7Q1lUYFg";
        assert!(PinHash::parse(known).unwrap().is_of("4321"));
    }

    #[test]
    fn a_hash_is_argon2id_within_the_memory_of_a_terminal_and_no_weaker_than_ours() {
        assert!(PinHash::parse(HASH).is_ok());
        let refused = |from: &str, to: &str| PinHash::parse(&HASH.replacen(from, to, 1)).unwrap_err();
        for (from, to, why) in [
            ("argon2id", "argon2i", "expected $argon2id"),
            ("v=19", "v=16", "expected $argon2id"),
            ("m=7168", "m=7169", "at most m=7168"),
            ("m=7168", "m=65536", "at most m=7168"),
            ("m=7168,t=5", "m=512,t=140", "too weak"),
            ("m=7168", "m=4", "too weak"),
            ("t=5", "t=4", "too weak"),
            ("t=5", "t=0", "too weak"),
            ("t=5", "t=21", "too slow"),
            ("t=5", "t=4294967295", "too slow"),
            ("p=1", "p=0", "p of 1 to 4"),
            ("p=1", "p=5", "p of 1 to 4"),
            (",p=1", "", "expected $argon2id"),
            ("$c29tZXNhbHQ", "", "expected $argon2id"),
            ("c29tZXNhbHQ", "c29t", "expected $argon2id"),
            ("c29tZXNhbHQ", "!!!!", "expected $argon2id"),
            ("$LZdz", "LZdz", "expected $argon2id"),
            ("$argon2id", "argon2id", "expected $argon2id"),
        ] {
            assert!(refused(from, to).contains(why), "{from} -> {to}: {}", refused(from, to));
        }
        for sound in ["m=7168,t=20", "m=1024,t=35", "m=3584,t=10"] {
            assert!(PinHash::parse(&HASH.replace("m=7168,t=5", sound)).is_ok(), "{sound}");
        }
        assert!(PinHash::parse("1234").is_err());
    }

    #[test]
    fn a_masked_hash_is_well_formed_and_tells_nothing() {
        let hash = PinHash::parse(HASH).unwrap();
        let masked = hash.masked();
        assert!(PinHash::parse(&masked).is_ok(), "{masked}");
        for shown in [masked, format!("{hash:?}")] {
            assert!(!shown.contains("c29t") && !shown.contains("LZdz"), "{shown}");
        }
    }
}
