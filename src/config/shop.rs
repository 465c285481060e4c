//! `[[account]]`, `[[terminal]]`, `[order]`: where money goes in this shop.

use super::document::Document;
use super::print::Printer;
use super::section::Section;
use std::fmt;
use vietqr_edge_core::mask;

pub(super) const ACCOUNT: Section = Section {
    name: "account",
    list: true,
    doc: "Where money may go: also the only payees whose QR is ever shown.",
    keys: &[
        ("bank_code", "The bank as VietQR names it, in upper case: MB, BIDV."),
        ("bank_account", "The account number, 1 to 19 letters and digits."),
        ("holder", "Its holder, as the bank writes the name."),
    ],
};

pub(super) const TERMINAL: Section = Section {
    name: "terminal",
    list: true,
    doc: "A point of sale. A terminal belongs to one device.",
    keys: &[
        ("code", "Its code at VietQR, the last part of its topics."),
        ("account", "The bank_account of the [[account]] that it is paid to."),
        ("label", "Its name for people. Default: the code."),
    ],
};

pub(super) const ORDER: Section = Section {
    name: "order",
    list: false,
    doc: "Bills.",
    keys: &[
        ("qr_timeout_s", "Seconds to wait for a QR, each way of asking for it. Default 10."),
        ("expires_s", "Seconds that an unpaid bill stays open. Default 900."),
    ],
};

/// `[[account]]`. Debug output masks the number.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// VietQR's code of the bank.
    pub bank_code: String,
    /// The whole account number.
    pub bank_account: String,
    /// The holder's name.
    pub holder: String,
}

/// `[[terminal]]`. Debug output masks the account number.
#[derive(Clone, PartialEq, Eq)]
pub struct Terminal {
    /// The last part of its topics: no `/`, `+`, `#` or blank.
    pub code: String,
    /// The number of one of the accounts.
    pub account: String,
    /// Its name for people.
    pub label: String,
}

/// `[order]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Seconds to wait for a QR, each way.
    pub qr_timeout_s: u64,
    /// Seconds that an unpaid bill stays open.
    pub expires_s: u64,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { bank_code, bank_account, holder } = self;
        write!(f, "Account({bank_code} {} {holder:?})", mask::account(bank_account))
    }
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Terminal { code, account, label } = self;
        write!(f, "Terminal({code:?} {} {label:?})", mask::account(account))
    }
}

impl Account {
    /// `None` where one cannot be used: terminals are not compared with half a list.
    pub(super) fn read_all(doc: &Document<'_>) -> Option<Vec<Account>> {
        let tables = doc.array_of_one_or_more(&ACCOUNT)?;
        let mut accounts: Vec<Account> = Vec::new();
        let mut whole = true;
        for t in &tables {
            let bank_code = t.need("bank_code", t.parsed("bank_code", bank_code));
            let bank_account = t.need("bank_account", t.parsed("bank_account", bank_account));
            let holder = t.need("holder", t.text("holder"));
            let (Some(bank_code), Some(bank_account), Some(holder)) = (bank_code, bank_account, holder) else {
                whole = false;
                continue;
            };
            if accounts.iter().any(|a| a.bank_account == bank_account) {
                t.error("bank_account", "this account number is already in an [[account]] above; expected each once");
            }
            accounts.push(Account { bank_code, bank_account, holder });
        }
        whole.then_some(accounts)
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&ACCOUNT);
        p.text("bank_code", &self.bank_code);
        p.text("bank_account", &self.bank_account);
        p.text("holder", &self.holder);
    }
}

fn bank_code(text: &str) -> Result<String, String> {
    if text.len() > 20 || !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()) {
        return Err("expected 1 to 20 of A-Z 0-9, as MB".to_owned());
    }
    Ok(text.to_owned())
}

/// At most 19 characters fit into the QR (vietqr.md 10.1, tag 38).
fn bank_account(text: &str) -> Result<String, String> {
    if text.len() > 19 || !text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err("expected 1 to 19 letters and digits".to_owned());
    }
    Ok(text.to_owned())
}

impl Terminal {
    pub(super) fn read_all(doc: &Document<'_>, accounts: Option<&[Account]>) -> Option<Vec<Terminal>> {
        let tables = doc.array_of_one_or_more(&TERMINAL)?;
        let mut terminals: Vec<Terminal> = Vec::new();
        let mut whole = true;
        for t in &tables {
            let code = t.need("code", t.parsed("code", code));
            let account = t.need("account", t.text("account"));
            if let (Some(account), Some(accounts)) = (&account, accounts)
                && !accounts.iter().any(|a| a.bank_account == *account)
            {
                t.error("account", "no [[account]] has this number; expected the bank_account of one");
            }
            let label = t.text("label");
            let (Some(code), Some(account)) = (code, account) else {
                whole = false;
                continue;
            };
            if terminals.iter().any(|other| other.code == code) {
                t.error("code", "this code is already in a [[terminal]] above; expected each once");
            }
            terminals.push(Terminal { label: label.unwrap_or_else(|| code.clone()), code, account });
        }
        whole.then_some(terminals)
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&TERMINAL);
        p.text("code", &self.code);
        p.text("account", &self.account);
        p.text("label", &self.label);
    }
}

fn code(text: &str) -> Result<String, String> {
    if text.len() > 64 || text.chars().any(|c| c.is_whitespace() || matches!(c, '/' | '+' | '#')) {
        return Err("expected 1 to 64 bytes without blanks and without / + #".to_owned());
    }
    Ok(text.to_owned())
}

impl Order {
    pub(super) fn read(doc: &Document<'_>) -> Order {
        let Some(t) = doc.optional(&ORDER) else { return Order { qr_timeout_s: 10, expires_s: 900 } };
        Order {
            qr_timeout_s: t.number("qr_timeout_s", 10, 1..=120),
            expires_s: t.number("expires_s", 900, 1..=604_800),
        }
    }

    pub(super) fn print(&self, p: &mut Printer) {
        p.section(&ORDER);
        p.value("qr_timeout_s", self.qr_timeout_s);
        p.value("expires_s", self.expires_s);
    }
}
