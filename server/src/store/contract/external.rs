//! The operator's own names of accounts and conversations.

use super::*;
use crate::{
    external_id::ExternalId,
    store::{Named, Naming},
};

fn id(text: &str) -> ExternalId {
    ExternalId::parse(text).unwrap()
}

async fn give(store: &dyn Store, stream: &StreamId, text: &str) -> Naming {
    store.set_external_id(&tenant(), stream, Some(&id(text))).await.unwrap()
}

pub(crate) async fn t15_an_external_id_is_of_one_stream_of_its_kind_in_a_tenant(store: &dyn Store) {
    write(store, &[group(1, &["ann", "bob"]), group(2, &["ann"])]).await;
    let [ann, bob] = ["ann", "bob"].map(|name| StreamId::Account(account(name)));
    assert_eq!(give(store, &ann, "7").await, Naming::Given);
    assert_eq!(give(store, &stream(1), "7").await, Naming::Given);
    assert_eq!(give(store, &bob, "7").await, Naming::Taken);
    assert_eq!(give(store, &stream(2), "7").await, Naming::Taken);
    assert_eq!(give(store, &stream(3), "8").await, Naming::Gone);
    // Who asks for a taken one keeps what it had.
    assert_eq!(give(store, &bob, "8").await, Naming::Given);
    assert_eq!(give(store, &bob, "7").await, Naming::Taken);
    let all = store.external_ids(&tenant(), &[ann.clone(), bob.clone(), stream(1), stream(2)]).await.unwrap();
    assert_eq!(all, [(ann.clone(), id("7")), (bob.clone(), id("8")), (stream(1), id("7"))]);
    let find = async |among, text| store.find_external_id(&tenant(), among, &id(text)).await.unwrap();
    assert_eq!(find(Named::Accounts, "7").await, Some(ann.clone()));
    assert_eq!(find(Named::Conversations, "7").await, Some(stream(1)));
    assert_eq!(find(Named::Conversations, "8").await, None);
    let elsewhere = TenantId::parse("rival").unwrap();
    assert_eq!(store.find_external_id(&elsewhere, Named::Accounts, &id("7")).await.unwrap(), None);
    assert_eq!(store.set_external_id(&tenant(), &ann, None).await.unwrap(), Naming::Given);
    assert_eq!(give(store, &bob, "7").await, Naming::Given);
    assert_eq!(find(Named::Accounts, "8").await, None);
}

pub(crate) async fn t15_an_external_id_is_free_again_when_its_conversation_is_deleted(store: &dyn Store) {
    write(store, &[group(1, &["ann"]), group(2, &["ann"])]).await;
    assert_eq!(give(store, &stream(1), "boats").await, Naming::Given);
    let mut deletion = membership(1, 1, "ann", MemberStatus::Active);
    deletion.conversation = Some(ConversationRow { state: ConversationState::Deleted, ..row(&["ann"], None) });
    write(store, &[deletion]).await;
    assert_eq!(store.find_external_id(&tenant(), Named::Conversations, &id("boats")).await.unwrap(), None);
    assert_eq!(give(store, &stream(2), "boats").await, Naming::Given);
    assert_eq!(give(store, &stream(1), "ships").await, Naming::Gone);
}
