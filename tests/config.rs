//! The configuration: every rule, every default, and that no secret is ever shown.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "config/any.rs"]
mod any;
#[path = "config/check.rs"]
mod check;
#[path = "config/defaults.rs"]
mod defaults;
#[path = "config/example.rs"]
mod example;
#[path = "config/place.rs"]
mod place;
#[path = "config/secrets.rs"]
mod secrets;
#[path = "config/wrong.rs"]
mod wrong;
