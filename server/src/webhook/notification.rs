//! Whom a message is to be brought to the notice of: found when its notification is sent, by what is so then.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tidings_core::{
    doc::Home,
    ids::{AccountId, DocumentId},
    model::{NotificationLevel, Receipt},
};

use crate::{
    environment::Environment,
    store::{Delivery, StoreError},
    stream::load::load,
};

/// Accounts of one notification at most: the rest of a large conversation reads when it comes.
const ACCOUNTS_MAX: usize = 1_000;

/// A notification with the accounts that it is for; none if there are none.
pub(super) async fn complete(env: &Environment, delivery: &Delivery) -> Result<Option<Delivery>, StoreError> {
    let Ok(mut body) = serde_json::from_slice::<Value>(&delivery.body) else { return Ok(None) };
    let message = &body["data"]["message"];
    let Some(author) = message["author"].as_str().and_then(|author| AccountId::parse(author).ok()) else {
        return Ok(None);
    };
    let mentions = message["mentions"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mentions: BTreeSet<&str> = mentions.collect();
    let accounts = accounts(env, delivery, &author, &mentions).await?;
    if accounts.is_empty() {
        return Ok(None);
    }
    body["data"]["accounts"] = json!(accounts);
    let body = serde_json::to_vec(&body).expect("it was JSON before");
    Ok(Some(Delivery { body, ..delivery.clone() }))
}

async fn accounts(
    env: &Environment,
    delivery: &Delivery,
    author: &AccountId,
    mentions: &BTreeSet<&str>,
) -> Result<Vec<AccountId>, StoreError> {
    let (tenant, conversation, position) = (&delivery.key.tenant, delivery.key.conversation, delivery.key.position);
    let receipts: BTreeMap<AccountId, Receipt> = env.store.receipts(tenant, conversation).await?.into_iter().collect();
    let is_reached = |account: &AccountId| {
        receipts.get(account).is_some_and(|receipt| receipt.delivered.max(receipt.read) >= position)
    };
    let mut members = env.store.active_members(tenant, conversation).await?;
    members.retain(|member| member != author && !is_reached(member));
    let suspended: BTreeSet<AccountId> = env.store.suspended(tenant, &members).await?.into_iter().collect();
    let mut accounts = Vec::new();
    for member in members.into_iter().filter(|member| !suspended.contains(member)) {
        if accounts.len() >= ACCOUNTS_MAX {
            break;
        }
        let home = DocumentId::Home(member.clone());
        let home = Home::read(&load(env.store.as_ref(), tenant, &home).await?.0);
        let setting = home.settings.get(&conversation).copied().unwrap_or_default();
        let wants = match home.notifications(conversation) {
            NotificationLevel::All => true,
            // A level of a newer version is less than everything.
            NotificationLevel::Mentions | NotificationLevel::Unknown => mentions.contains(member.as_str()),
            NotificationLevel::None => false,
        };
        let is_muted = setting.muted_until.is_some_and(|until| until > env.clock.wall_now());
        if !wants || is_muted || home.blocked.contains_key(author) {
            continue;
        }
        // Whoever came after the message was not there to be told.
        if env.store.moved_at(tenant, conversation, &member).await?.is_none_or(|moved| moved < position) {
            accounts.push(member);
        }
    }
    Ok(accounts)
}
