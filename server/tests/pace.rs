//! How much one session and one account may write at once: what is over it
//! comes later and is never lost. The same cases on both real stores.

use std::time::Duration;

use tidings_core::{
    code::Code,
    ids::ConversationId,
    wire::{Accepted, PushedChange, ServerFrame},
};

use crate::support::{
    author::Author,
    client::{Client, device, stream},
    database::Database,
    on_each_store,
    server::TestServer,
};

on_each_store! {
    p1_sessions_of_an_account_share_its_rate_and_others_have_their_own,
    p1_an_outbox_within_the_burst_passes_at_once,
    p1_what_is_refused_counts_too,
    p1_a_push_of_nothing_counts_too,
}

fn boats(number: u8) -> ConversationId {
    ConversationId::from_bytes([number; 16])
}

/// Pushes until it is accepted, as a client does: not before the time it was told.
async fn push_patiently(
    client: &mut Client,
    conversation: ConversationId,
    changes: Vec<PushedChange>,
) -> (Accepted, u32) {
    let mut deferred = 0;
    loop {
        let request = client.push(&stream(conversation), changes.clone()).await;
        let answer = client.wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request => Some(Ok(accepted)),
            ServerFrame::Refused(refused) if refused.request == request => Some(Err(refused)),
            _ => None,
        });
        match answer.await {
            Ok(accepted) => return (accepted, deferred),
            Err(refused) => {
                assert_eq!((refused.code, refused.index), (Code::RateLimited, 0), "{refused:?}");
                let retry_at = refused.retry_at.unwrap().as_millis();
                let wait = retry_at.saturating_sub(tidings_server::clock::wall_now().as_millis());
                assert!(wait <= 5_000, "{wait}");
                // The time it was told is what the client waits for.
                tokio::time::sleep(Duration::from_millis(wait)).await;
                deferred += 1;
            }
        }
    }
}

async fn p1_sessions_of_an_account_share_its_rate_and_others_have_their_own(database: Database) {
    let flags = [["--changes-burst", "10"], ["--changes-per-second", "2"], ["--account-changes", "12+2/s"]];
    let server = TestServer::start(&database, &flags.concat()).await;
    let mut phone = Client::connect(&server, "ann", device(1)).await;
    let mut tablet = Client::connect(&server, "ann", device(2)).await;
    let mut bob = Client::connect(&server, "bob", device(3)).await;
    let group = |name, number| {
        let mut author = Author::of(name, device(number), boats(number));
        let mut changes = vec![author.create(&[])];
        changes.extend((0..9).map(|number| author.say(&format!("{number}"))));
        changes
    };
    let (accepted, deferred) = push_patiently(&mut phone, boats(1), group("ann", 1)).await;
    assert_eq!((accepted.positions.len(), deferred), (10, 0));
    // Ten of its own, of which the account has two left.
    let request = tablet.push(&stream(boats(2)), group("ann", 2)).await;
    let deferred = tablet.wait("Refused", |frame| match frame {
        ServerFrame::Refused(refused) if refused.request == request => Some(refused),
        _ => None,
    });
    assert_eq!(deferred.await.code, Code::RateLimited);
    let (accepted, deferred) = push_patiently(&mut bob, boats(3), group("bob", 3)).await;
    assert_eq!((accepted.positions.len(), deferred), (10, 0));
    let (accepted, _) = push_patiently(&mut tablet, boats(2), group("ann", 2)).await;
    assert_eq!(accepted.positions.len(), 10);
    server.stop().await;
}

async fn p1_an_outbox_within_the_burst_passes_at_once(database: Database) {
    let server = TestServer::start(&database, &["--changes-per-second", "1"]).await;
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats(1));
    let mut changes = vec![author.create(&[])];
    changes.extend((0..499).map(|number| author.say(&format!("{number}"))));
    for changes in changes.chunks(100) {
        ann.push_accepted(stream(boats(1)), changes.to_vec()).await;
    }
    let refused = ann.push_refused(stream(boats(1)), (0..50).map(|_| author.say("too many")).collect()).await;
    assert_eq!(refused.code, Code::RateLimited);
    server.stop().await;
}

/// The codes of so many pushes of the same changes.
async fn answers(client: &mut Client, changes: Vec<PushedChange>, count: usize) -> Vec<Option<Code>> {
    let mut codes = Vec::new();
    for _ in 0..count {
        let request = client.push(&stream(boats(1)), changes.clone()).await;
        let code = client.wait("an answer", |frame| match frame {
            ServerFrame::Accepted(accepted) if accepted.request == request => Some(None),
            ServerFrame::Refused(refused) if refused.request == request => Some(Some(refused.code)),
            _ => None,
        });
        codes.push(code.await);
    }
    codes
}

async fn p1_what_is_refused_counts_too(database: Database) {
    let server = TestServer::start(&database, &["--changes-burst", "5", "--changes-per-second", "1"]).await;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let mut hostile = Author::of("eve", device(6), boats(1)).create(&[]);
    hostile.change[8] = 2;
    let codes = answers(&mut eve, vec![hostile], 40).await;
    assert_eq!(codes[..5], [Some(Code::ChangeCompressed); 5]);
    let limited = codes.iter().filter(|code| **code == Some(Code::RateLimited)).count();
    // One a second is let through again, however slow this machine is.
    assert!(limited > 20, "{codes:?}");
    let mut ann = Client::connect(&server, "ann", device(1)).await;
    let mut author = Author::of("ann", device(1), boats(1));
    ann.push_accepted(stream(boats(1)), vec![author.create(&[]), author.say("undisturbed")]).await;
    server.stop().await;
}

async fn p1_a_push_of_nothing_counts_too(database: Database) {
    let server = TestServer::start(&database, &["--changes-burst", "5", "--changes-per-second", "1"]).await;
    let mut eve = Client::connect(&server, "eve", device(6)).await;
    let codes = answers(&mut eve, Vec::new(), 40).await;
    assert_eq!(codes[..5], [Some(Code::ConversationUnknown); 5]);
    assert!(codes.iter().filter(|code| **code == Some(Code::RateLimited)).count() > 20, "{codes:?}");
    server.stop().await;
}
