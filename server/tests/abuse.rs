//! Abuse by what is allowed: each way in which an account, a careless operator or a
//! stranger could once ruin a conversation or a server by nothing but legal acts, played
//! against a running server on both stores. One file a finding; what is asserted is
//! bytes, counts and codes, which do not depend on the machine.

mod before_hello;
mod blocks;
mod endless;
mod existence;
mod fat_page;
mod ghost_page;
mod half_open;
mod people;
mod rotation;
mod same_bytes;
mod setup;
mod several_messages;
mod shares;
mod slow_threads;
mod streams;
mod tokens;
mod unread;
