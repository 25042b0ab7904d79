//! M6: invitations were free, 9,800 in a second, each told at once with a title of
//! whoever sent them.

use tidings_core::{
    code::Code,
    command::{CreateDirect, InviteMember},
    ids::{ConversationId, TenantId},
    model::Role,
};

use crate::support::{
    author::{Author, account, boats},
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    p34_an_account_brings_in_so_many_people_a_day,
}

fn numbered(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

async fn p34_an_account_brings_in_so_many_people_a_day(database: Database) {
    let flags = ["--account-people", "6+1/d", "--members-max", "6"];
    let server = TestServer::start(&database, &flags).await;
    let mut eve = Client::connect(&server, "eve", device(1)).await;
    // Begun with, added, invited, written to first: six.
    let mut author = Author::of("eve", device(1), boats());
    let invites = |name| InviteMember { conversation: boats(), account: account(name), role: Role::Member };
    let changes = vec![author.create(&["ann", "bob", "cid"]), author.add("dan"), author.write(invites("edd"))];
    eve.push_accepted(stream(boats()), changes).await;
    let direct = |name| ConversationId::direct(&TenantId::parse("acme").unwrap(), &account("eve"), &account(name));
    let begins = |name| Author::of("eve", device(1), direct(name)).write(CreateDirect { peer: account(name) });
    eve.push_accepted(stream(direct("fay")), vec![begins("fay")]).await;
    // On whichever of her devices, and in whichever way.
    let mut tablet = Client::connect(&server, "eve", device(2)).await;
    let mut elsewhere = Author::of("eve", device(2), numbered(1));
    let more = [
        (direct("gus"), {
            let mut other = Author::of("eve", device(2), direct("gus"));
            other.write(CreateDirect { peer: account("gus") })
        }),
        (numbered(1), elsewhere.create(&["hal"])),
    ];
    for (conversation, change) in more {
        let refused = tablet.push_refused(stream(conversation), vec![change]).await;
        assert_eq!((refused.code, refused.retry_at.is_some()), (Code::RateLimited, true));
    }
    // What brings nobody in goes on, for her and for others.
    eve.push_accepted(stream(boats()), vec![author.say("CHEAP PILLS")]).await;
    let mut ann = Client::connect(&server, "ann", device(3)).await;
    ann.push_accepted(stream(numbered(2)), vec![Author::of("ann", device(3), numbered(2)).create(&["bob"])]).await;
    server.stop().await;
}
