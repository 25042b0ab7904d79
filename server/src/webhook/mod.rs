//! Webhooks: other services are told what happens in a tenant, by the Standard Webhooks specification. `event` makes
//! the events of an entry when it is decided, if the tenant has an `audience`; the commit writes them with the entry
//! (`store/sql/delivery.rs`) and wakes `deliver`, which sends them until they are taken or have failed for good, each
//! `outcome` of which is stored.
//! Source: standard-webhooks/standard-webhooks, `spec/standard-webhooks.md`.

mod address;
mod attempt;
mod audience;
pub mod cli;
mod config;
pub mod dead_letter;
mod deliver;
mod event;
mod key;
mod notification;
mod outcome;
mod schedule;
mod sweep;

pub(crate) use address::{AddressError, Target};
pub(crate) use audience::Audience;
pub use config::WebhookConfig;
pub use dead_letter::{DeliveryCursor, DeliveryError};
pub(crate) use deliver::run as deliver;
pub(crate) use event::events_of;
pub(crate) use key::{new_keys, print_public_key, print_secret};
pub(crate) use sweep::run as sweep;
