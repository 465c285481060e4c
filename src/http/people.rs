//! Who may ask for a refund, and who may decide about one. PINs are not checked in this version: where operators are configured,
//! nothing that needs one is done.

use super::{Problem, Role};
use axum::http::StatusCode;
use vietqr_edge_core::refund::{Ask, Person, Pin};

/// The people of the configuration.
#[derive(Clone, Copy, Debug, Default)]
pub struct People {
    /// At least one `[[operator]]` is configured: PINs are asked for.
    pub configured: bool,
}

impl People {
    /// Whether the person of this request may ask for a refund.
    ///
    /// # Errors
    /// 403.
    pub(super) fn may_ask(&self, _ask: &Ask) -> Result<(), Problem> {
        if self.configured { Err(unchecked()) } else { Ok(()) }
    }

    /// The person who decides: on the socket whoever may open it, with a manager's rights.
    ///
    /// # Errors
    /// 403.
    pub(super) fn decides(&self, role: Role, operator: Option<String>, _pin: Option<Pin>) -> Result<Person, Problem> {
        match role {
            Role::Admin => Ok(Person { name: operator.unwrap_or_else(|| "admin".to_owned()), manager: true }),
            Role::Console if self.configured => Err(unchecked()),
            Role::Console => match operator {
                Some(name) => Ok(Person { name, manager: false }),
                None => Err(Problem::body("operator: expected who decides")),
            },
            Role::Pos => {
                Err(Problem::new(StatusCode::FORBIDDEN, "role", "expected the role console or admin for this"))
            }
        }
    }
}

fn unchecked() -> Problem {
    let detail = "this version can not check an operator's PIN yet, so it does nothing that needs one; \
                  take [[operator]] out of the configuration to let anybody on the socket ask";
    Problem::new(StatusCode::FORBIDDEN, "pin_unchecked", detail)
}
