//! The tests of the server, one binary: each file would otherwise be linked with everything, on its own.
//! What counts the memory of its process, `hostile.rs`, is a binary of its own.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it must be")]

mod abuse;
mod admin;
mod channel;
mod contact;
mod damage;
mod demo;
mod deploy;
mod description;
mod disk;
mod erasure;
mod examples;
mod faults;
mod fleet;
mod health;
mod history;
mod http;
mod identity;
mod kills;
mod linearizable;
mod lists;
mod mend;
mod metrics;
mod nodes;
mod operate;
mod operating;
mod outage;
mod pace;
mod process;
mod proxies;
mod receipts;
mod rest;
mod restored;
mod send;
mod session;
mod squash;
mod support;
mod sync;
mod trace;
mod transfer;
mod verify;
mod watch;
mod webhooks;
