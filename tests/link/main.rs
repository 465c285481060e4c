//! The link against a scripted broker, a real one over TLS, and a bad line.

mod broker;
mod certificates;
mod messages;
mod mosquitto;
mod outage;
mod subscriptions;
mod support;
