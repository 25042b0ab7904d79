//! What most of these tests begin with: Ann's group of boats, and a device of
//! somebody else in it that holds what was said there.

use tidings_core::{journal::Position, wire::FetchScope};

pub(crate) use crate::support::on_each_store;
pub use crate::support::{
    author::{Author, account, boats, group},
    client::{Client, device, hello, stream},
    database::Database,
    scrape::Scrape,
    server::{PATIENCE, TestServer, token},
};

/// What the device of this number has of the boats, once it has read all that was said there.
pub async fn read_by(client: &mut Client, name: &str, number: u8) -> Author {
    let mut author = Author::of(name, device(number), boats());
    author.apply(&client.fetch(&stream(boats()), FetchScope::After(Position::ZERO)).await.unwrap().entries);
    author
}
