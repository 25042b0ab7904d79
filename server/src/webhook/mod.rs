//! Webhooks: other services are told what happens in a tenant, by the Standard Webhooks specification. `event` makes
//! the events of an entry when it is decided; the commit writes them with the entry (`store/sql/delivery.rs`);
//! `deliver` sends them until they are taken or have failed for good.
//! Source: standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`.

mod address;
mod attempt;
mod config;
mod deliver;
mod event;
mod schedule;
mod secret;
mod sweep;

pub(crate) use address::{AddressError, Target};
pub use config::WebhookConfig;
pub(crate) use deliver::run as deliver;
pub(crate) use event::events_of;
pub(crate) use secret::{new_secret, print_secret};
pub(crate) use sweep::run as sweep;
