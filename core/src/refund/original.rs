//! The payment that money is given back for, as its provider names it.

use crate::provider::{
    self,
    form::{Form, Kind},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error, ser::SerializeMap};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// What names a payment at its provider, with what the provider wants to hear of it: the members of its [`Form`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Original {
    form: &'static Form,
    own: String,
    members: Members,
}

/// Members in the order of the form; those that may be absent may be missing.
pub(super) type Members = Vec<(&'static str, Member)>;

/// What a member holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Member {
    /// Text.
    Text(String),
    /// What was paid, in đồng or minor units.
    Amount(u64),
}

impl From<&str> for Member {
    fn from(text: &str) -> Member {
        Member::Text(text.to_owned())
    }
}

impl From<String> for Member {
    fn from(text: String) -> Member {
        Member::Text(text)
    }
}

impl From<u64> for Member {
    fn from(amount: u64) -> Member {
        Member::Amount(amount)
    }
}

/// Equal for two requests that speak of the same payment, whatever else they say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity(pub [u8; 16]);

impl Original {
    /// A payment at `form`'s provider; `own` is the member that the configuration fills.
    pub fn new(form: &'static Form, own: &str, members: impl IntoIterator<Item = (&'static str, Member)>) -> Original {
        Original { form, own: own.to_owned(), members: members.into_iter().collect() }
    }

    /// Its provider's table.
    pub fn form(&self) -> &'static Form {
        self.form
    }

    /// The provider's name, as in requests.
    pub fn provider(&self) -> &'static str {
        self.form.name
    }

    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|(known, _)| *known == name).map(|(_, member)| member)
    }

    /// A text that may be absent.
    pub fn optional(&self, name: &str) -> Option<&str> {
        match self.member(name) {
            Some(Member::Text(text)) => Some(text),
            None if name == self.form.own => Some(&self.own),
            _ => None,
        }
    }

    /// A text; empty where there is none of this name.
    pub fn text(&self, name: &str) -> &str {
        self.optional(name).unwrap_or_default()
    }

    /// Its account and reference, where its provider's payments are in the ledger.
    pub fn in_ledger(&self) -> Option<(&str, &str)> {
        self.form.ledger.then(|| (self.text("bank_account"), self.text("reference_number")))
    }

    /// What one refund in flight and the sums are counted by: the provider and [`Form::identity`].
    pub fn identity(&self) -> Identity {
        let [owner, name] = self.form.identity.map(|name| self.text(name));
        let mut hash = Sha256::new();
        for part in [self.provider(), owner, name] {
            // Each part with its length, so that no two lists of parts are the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut identity = [0; 16];
        identity.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
        Identity(identity)
    }

    /// Whether two requests for the same payment tell different things of it: the second is refused.
    pub fn contradicts(&self, other: &Original) -> bool {
        let fixed = self.form.fields.iter().filter(|field| field.required());
        self.form == other.form && fixed.map(|field| field.name).any(|name| self.member(name) != other.member(name))
    }

    /// What was paid, where the request itself tells it.
    pub fn told_amount(&self) -> Option<u64> {
        self.members.iter().find_map(|(_, member)| match member {
            Member::Amount(amount) => Some(*amount),
            Member::Text(_) => None,
        })
    }
}

/// An object: `provider`, the member that the configuration fills, and those of the request.
impl Serialize for Original {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.members.len() + 2))?;
        map.serialize_entry("provider", self.provider())?;
        map.serialize_entry(self.form.own, &self.own)?;
        for (name, member) in &self.members {
            map.serialize_entry(name, member)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Original {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Original, D::Error> {
        let object = serde_json::Map::deserialize(deserializer)?;
        read(&object).ok_or_else(|| D::Error::custom("expected a payment as a known provider names it"))
    }
}

fn read(object: &serde_json::Map<String, Value>) -> Option<Original> {
    let form = provider::form(object.get("provider")?.as_str()?)?;
    let mut members = Members::new();
    for field in form.fields {
        match (field.kind, object.get(field.name)) {
            (Kind::Optional(_), None | Some(Value::Null)) => {}
            (Kind::Paid, Some(value)) => members.push((field.name, Member::Amount(value.as_u64()?))),
            (Kind::Text(_) | Kind::Account(_) | Kind::Optional(_), Some(value)) => {
                members.push((field.name, value.as_str()?.into()));
            }
            (_, None) => return None,
        }
    }
    Some(Original { form, own: object.get(form.own)?.as_str()?.to_owned(), members })
}
