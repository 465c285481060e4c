//! Who may ask for a refund, and who may decide about one (DESIGN 3.4).
//!
//! Where operators are configured a request needs one's PIN through every door. Deciding needs one too, but on the socket, which trusts
//! whoever may open it: there a name is taken as it is given, with the rights that the configuration gives it.

use super::{Caller, Problem, Role};
use crate::{
    config,
    pin::{Denied, Desk},
};
use axum::http::StatusCode;
use vietqr_edge_core::refund::{Ask, FieldError, Person, Pin};

/// Whoever decides on the socket without saying who they are.
const NOBODY_NAMED: &str = "admin";

/// The people of the configuration; by default there are none.
#[derive(Clone, Default)]
pub struct People(Option<Desk>);

/// Who somebody says they are.
pub(super) struct Claim {
    pub(super) role: Role,
    pub(super) caller: Caller,
    pub(super) operator: Option<String>,
    pub(super) pin: Option<Pin>,
}

/// What somebody wants to decide.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Approve,
    Cancel,
    Resolve,
}

impl From<Desk> for People {
    fn from(desk: Desk) -> People {
        People(Some(desk))
    }
}

impl People {
    /// Whether the person of this request may ask for a refund. Takes the PIN: nothing behind this needs it.
    ///
    /// # Errors
    /// 403, 429; 503 where a wrong PIN can not be recorded.
    pub(super) async fn may_ask(&self, caller: &Caller, ask: &mut Ask) -> Result<(), Problem> {
        let pin = ask.pin.take();
        match self.desk() {
            Some(desk) => check(desk, caller, &ask.operator, pin).await.map(drop),
            None => Ok(()),
        }
    }

    /// The person who decides.
    ///
    /// # Errors
    /// 400 where nobody is named who must be, 403, 429; 503 where a wrong PIN can not be recorded.
    pub(super) async fn decides(&self, decision: Decision, claim: Claim) -> Result<Person, Problem> {
        let Claim { role, caller, operator, pin } = claim;
        if role == Role::Pos {
            let detail = "expected the role console or admin for this";
            return Err(Problem::new(StatusCode::FORBIDDEN, "role", detail));
        }
        match (self.desk(), role, operator) {
            (Some(desk), Role::Admin, Some(name)) if pin.is_none() => named(desk, name),
            (_, Role::Admin, None) if pin.is_none() => Ok(Person { name: NOBODY_NAMED.to_owned(), manager: true }),
            (Some(desk), _, Some(name)) => check(desk, &caller, &name, pin).await,
            (Some(_), _, None) | (None, Role::Console, None) => Err(nobody()),
            (None, Role::Console, Some(name)) => {
                // Nobody is known to be a manager. A verdict must be possible all the same.
                Ok(Person { name, manager: decision == Decision::Resolve })
            }
            (None, _, name) => Ok(Person { name: name.unwrap_or_else(|| NOBODY_NAMED.to_owned()), manager: true }),
        }
    }

    /// The desk, where there is anybody it knows.
    fn desk(&self) -> Option<&Desk> {
        self.0.as_ref().filter(|desk| !desk.operators().is_empty())
    }
}

/// An operator as the configuration has them, on the word of whoever may open the socket.
fn named(desk: &Desk, name: String) -> Result<Person, Problem> {
    match desk.operators().iter().find(|known| known.name == name) {
        Some(known) => Ok(Person { name, manager: known.role == config::Role::Manager }),
        None => {
            let detail = "operator: expected the name of an [[operator]] of the configuration, or none";
            Err(Problem::new(StatusCode::FORBIDDEN, "unknown_operator", detail))
        }
    }
}

async fn check(desk: &Desk, caller: &Caller, operator: &str, pin: Option<Pin>) -> Result<Person, Problem> {
    let Some(pin) = pin else {
        let wrong = [FieldError { field: "pin".to_owned(), expected: "the operator's PIN".to_owned() }];
        return Err(Problem::forbidden_field("pin_required", "pin: expected the operator's PIN", &wrong));
    };
    desk.check(caller.as_str(), operator, pin).await.map_err(|denied| match denied {
        Denied::Wrong => {
            Problem::new(StatusCode::FORBIDDEN, "wrong_pin", "pin: expected the PIN of an operator of this name")
        }
        Denied::Locked(ms) => Problem::locked(ms),
        Denied::NotDurable => Problem::unavailable("not_durable", "the disk is full: a PIN can not be checked now"),
        Denied::Unreadable(why) => Problem::unreadable(format!("{why}; run: vietqr-edge journal verify")),
        Denied::Stopping => Problem::stopping(),
    })
}

fn nobody() -> Problem {
    let wrong = [FieldError { field: "operator".to_owned(), expected: "who decides".to_owned() }];
    Problem::fields("operator: expected who decides", &wrong)
}
