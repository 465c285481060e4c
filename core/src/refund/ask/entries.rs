//! The members of a request, taken one by one: what is not as expected is noted, what is left over is a mistake too.

use super::{FieldError, NAME_MAX, Pin, Target};
use crate::{
    money::MAX_AMOUNT,
    provider::{
        self, FORMS,
        form::{Field, Form, Kind, Money},
    },
    refund::Member,
};
use serde_json::Value;

/// More members than any form has.
const MEMBERS_MAX: usize = 32;

pub(super) struct Entries {
    members: Vec<(String, Value)>,
    pub(super) wrong: Vec<FieldError>,
}

impl Entries {
    pub(super) fn new(members: Vec<(String, Value)>) -> Entries {
        Entries { members, wrong: Vec::new() }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.members.iter().position(|(known, _)| known == name)?;
        Some(self.members.swap_remove(at).1).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, field: &str, expected: &str) {
        self.wrong.push(FieldError { field: field.to_owned(), expected: expected.to_owned() });
    }

    pub(super) fn text(&mut self, name: &str, expected: &str, right: impl Fn(&str) -> bool) -> Option<String> {
        match self.take(name) {
            Some(Value::String(text)) if right(&text) => Some(text),
            _ => {
                self.wrong(name, expected);
                None
            }
        }
    }

    /// `None` where it is none of ours.
    pub(super) fn provider(&mut self) -> Option<&'static Form> {
        let named = self.take("provider");
        let form = named.as_ref().and_then(Value::as_str).and_then(provider::form);
        if form.is_none() {
            self.wrong("provider", &format!("one of {}", FORMS.map(|form| form.name).join(", ")));
        }
        form
    }

    /// What names the payment.
    pub(super) fn target(&mut self, form: Option<&'static Form>) -> Option<Target> {
        let Some(form) = form else {
            // Without a provider these can not be judged.
            self.members.retain(|(name, _)| {
                let named = FORMS.iter().any(|form| form.field(name).is_some());
                !named && !["payment", "currency"].contains(&name.as_str())
            });
            return None;
        };
        if form.ledger
            && let Some(value) = self.take("payment")
        {
            return self.payment(form, &value);
        }
        let mut members = Vec::new();
        let mut complete = true;
        for field in form.fields {
            match self.field(field, form) {
                Some(member) => members.extend(member.map(|member| (field.name, member))),
                None => complete = false,
            }
        }
        complete.then_some(Target::Named(members))
    }

    /// By its id here, and by nothing else.
    fn payment(&mut self, form: &Form, value: &Value) -> Option<Target> {
        for field in form.fields {
            if self.take(field.name).is_some() {
                self.wrong(field.name, "nothing, where payment is named");
            }
        }
        let id = value.as_str().and_then(|text| text.parse().ok());
        if id.is_none() {
            self.wrong("payment", "a payment's id, as p123");
        }
        id.map(Target::Payment)
    }

    /// A member that names the payment: `None` where it is wrong, nothing where it may be absent and is.
    fn field(&mut self, field: &Field, form: &'static Form) -> Option<Option<Member>> {
        match field.kind {
            Kind::Paid => self.amount(field.name, Some(form)).map(|amount| Some(Member::Amount(amount))),
            Kind::Text(right) | Kind::Account(right) => {
                self.text(field.name, field.expected, right).map(|text| Some(Member::Text(text)))
            }
            Kind::Optional(right) => match self.take(field.name) {
                None => Some(None),
                Some(Value::String(text)) if right(&text) => Some(Some(Member::Text(text))),
                Some(_) => {
                    self.wrong(field.name, field.expected);
                    None
                }
            },
        }
    }

    /// The currency of `amount`: a member only where the provider has more than one.
    pub(super) fn currency(&mut self, form: Option<&'static Form>) -> Option<String> {
        match form?.money {
            Money::Dong { .. } => Some("VND".to_owned()),
            Money::Minor { .. } => self.text("currency", "a currency of ISO 4217, as HKD", |text| {
                text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
            }),
        }
    }

    /// An amount in the provider's money.
    pub(super) fn amount(&mut self, name: &str, form: Option<&'static Form>) -> Option<u64> {
        let money = form.map_or(Money::Dong { most: MAX_AMOUNT }, |form| form.money);
        let amount = self.take(name).and_then(|value| value.as_u64()).filter(|n| (1..=money.most()).contains(n));
        if amount.is_none() {
            self.wrong(name, &format!("a whole number of {} from 1 to {}, not in quotes", money.unit(), money.most()));
        }
        amount
    }

    pub(super) fn pin(&mut self) -> Option<Pin> {
        match self.take("pin") {
            None => None,
            Some(Value::String(pin)) if (1..=NAME_MAX).contains(&pin.len()) => Some(Pin(pin)),
            Some(_) => {
                self.wrong("pin", "text");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.wrong(name, "true or false");
                false
            }
        }
    }

    /// A misspelt field must not be taken for an absent one.
    pub(super) fn leftovers(&mut self) {
        let names: Vec<String> = self.members.iter().take(MEMBERS_MAX).map(|(name, _)| name.clone()).collect();
        for name in names {
            let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_MAX).collect();
            self.wrong(&name, "no field of this name");
        }
    }
}
