//! The options that name a payment: those of each provider's table.

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, FromArgMatches, value_parser};
use serde_json::{Map, Value, json};
use vietqr_edge_core::{
    payment::PaymentId,
    provider::{
        FORMS,
        form::{Field, Form, Kind},
    },
};

/// The members of a request that name a payment, `provider` included.
#[derive(Debug)]
pub(super) struct Named(pub(super) Map<String, Value>);

/// By its id here.
const PAYMENT: &str = "payment";
const CURRENCY: &str = "currency";
const MULTI: &str = "multi_times";

/// The option that tells which provider is meant.
fn key(form: &Form) -> Option<&'static str> {
    form.fields.first().map(|field| field.option)
}

/// Whether a payment there is named with this option.
fn has(form: &Form, option: &str) -> bool {
    match option {
        PAYMENT | MULTI => form.ledger,
        CURRENCY => form.names_currency(),
        _ => form.fields.iter().any(|field| field.option == option),
    }
}

/// What must come with the key of a provider.
fn needed(form: &Form) -> impl Iterator<Item = &'static str> {
    let fields = form.fields.iter().skip(1).filter(|field| field.required());
    fields.map(|field| field.option).chain(Some(CURRENCY).filter(|currency| has(form, currency)))
}

/// It says nothing of payments of other providers.
fn only_where_it_belongs(arg: Arg, option: &str) -> Arg {
    arg.conflicts_with_all(FORMS.into_iter().filter(|form| !has(form, option)).filter_map(key))
}

fn option(form: &Form, field: &Field) -> Arg {
    let arg = Arg::new(field.option).long(field.option).help(field.help);
    let arg = match field.kind {
        Kind::Paid => arg.value_name("AMOUNT").value_parser(value_parser!(u64)),
        Kind::Text(_) | Kind::Optional(_) | Kind::Account(_) => arg.value_name("TEXT"),
    };
    if key(form) == Some(field.option) {
        return arg.requires_all(needed(form));
    }
    only_where_it_belongs(arg, field.option).conflicts_with(PAYMENT)
}

impl clap::Args for Named {
    fn augment_args(mut command: Command) -> Command {
        let payment = Arg::new(PAYMENT).long(PAYMENT).value_name("ID").value_parser(value_parser!(PaymentId));
        command = command.arg(payment.help("A payment in this device's ledger, as p123"));
        for form in FORMS {
            for field in form.fields {
                if !command.get_arguments().any(|known| known.get_id() == field.option) {
                    command = command.arg(option(form, field));
                }
            }
        }
        let currency = Arg::new(CURRENCY).long(CURRENCY).value_name("CODE").conflicts_with(PAYMENT);
        let currency = currency.help("Currency of that payment, as HKD: its amounts are in minor units");
        let multi = Arg::new(MULTI).long("multi-times").action(ArgAction::SetTrue);
        let multi = multi.help("Further refunds of this payment are to be possible; counts with its first refund only");
        let which = ArgGroup::new("which").required(true).args([PAYMENT]).args(FORMS.into_iter().filter_map(key));
        command.arg(only_where_it_belongs(currency, CURRENCY)).arg(only_where_it_belongs(multi, MULTI)).group(which)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Named::augment_args(command)
    }
}

impl FromArgMatches for Named {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Named, clap::Error> {
        let given = |option: &str| matches.try_contains_id(option).is_ok_and(|given| given);
        let by_key = FORMS.into_iter().find(|form| key(form).is_some_and(given));
        let form = by_key.or_else(|| FORMS.into_iter().find(|form| form.ledger));
        let mut members = Map::new();
        let Some(form) = form else { return Ok(Named(members)) };
        members.insert("provider".to_owned(), json!(form.name));
        if let Some(id) = matches.get_one::<PaymentId>(PAYMENT) {
            members.insert(PAYMENT.to_owned(), json!(id));
        }
        for field in form.fields {
            let value = match field.kind {
                Kind::Paid => matches.get_one::<u64>(field.option).map(|amount| json!(amount)),
                _ => matches.get_one::<String>(field.option).map(|text| json!(text)),
            };
            members.extend(value.map(|value| (field.name.to_owned(), value)));
        }
        if let Some(currency) = matches.get_one::<String>(CURRENCY) {
            members.insert(CURRENCY.to_owned(), json!(currency));
        }
        if matches.get_flag(MULTI) {
            members.insert(MULTI.to_owned(), json!(true));
        }
        Ok(Named(members))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Named::from_arg_matches(matches)?;
        Ok(())
    }
}
