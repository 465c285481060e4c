//! The link against a scripted broker, a real one over TLS, and a bad line.

mod broker;
mod certificates;
mod messages;
mod outage;
mod subscriptions;
mod support;
