//! Answers contact discovery: which accounts have the asked contact points, in one query, and nothing that was
//! not asked for.

use std::{collections::BTreeMap, sync::Arc};

use tidings_core::{
    authority::Refusal,
    code::Code,
    ids::StreamId,
    model::ContactPoint,
    wire::{ContactMatch, ContactMatches, MatchContacts, ServerFrame},
};

use crate::{
    auth::Identity,
    contact_point::{self, Region},
    live::Frame,
    node::Node,
    store::StoreError,
};

/// The answer: ContactMatches, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, asked: &MatchContacts) -> Arc<Frame> {
    match match_contacts(node, identity, &asked.points, asked.region.as_deref()).await {
        Ok(matches) => Frame::new(&ServerFrame::ContactMatches(ContactMatches { request: asked.request, matches })),
        Err(refusal) => {
            node.metrics.fetches_refused.of(refusal.code).count();
            let stream = StreamId::Account(identity.account.clone());
            Frame::new(&ServerFrame::Refused(refusal.answer(asked.request, stream, 0)))
        }
    }
}

/// Whose contact points these are.
///
/// # Errors
/// When they are too many, or asked for too fast, or the store fails.
pub(crate) async fn match_contacts(
    node: &Node,
    identity: &Identity,
    points: &[String],
    region: Option<&str>,
) -> Result<Vec<ContactMatch>, Refusal> {
    let points_max = node.limits.contact_points_max as usize;
    if points.len() > points_max {
        return Err(Refusal::new(Code::TooManyContacts, format!("at most {points_max} at once")));
    }
    let region = region.map(Region::parse);
    if region == Some(None) {
        return Err(Refusal::new(Code::ValueInvalid, "region: not two letters of ISO 3166"));
    }
    if let Err(wait) = node.shares.contact_points.take(&identity.key(), points.len()) {
        let detail = "more contacts at once than an account may ask for";
        return Err(Refusal::deferred(Code::RateLimited, detail, node.clock.wall_now().plus(wait)));
    }
    matches(node, identity, points, region.flatten()).await.map_err(|error| {
        tracing::warn!(%error, "the store failed a question about contacts");
        let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
        Refusal::deferred(error.code(), "the store cannot answer", retry_at)
    })
}

async fn matches(
    node: &Node,
    identity: &Identity,
    texts: &[String],
    region: Option<Region>,
) -> Result<Vec<ContactMatch>, StoreError> {
    let mut places: BTreeMap<ContactPoint, Vec<u32>> = BTreeMap::new();
    for (text, index) in texts.iter().zip(0..) {
        if let Some(point) = contact_point::read(text, region) {
            places.entry(point).or_default().push(index);
        }
    }
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let points: Vec<ContactPoint> = places.keys().cloned().collect();
    let found = node.store.match_contact_points(&identity.tenant, &identity.account, &points).await?;
    let mut matches = Vec::new();
    for (point, account) in found {
        for index in places.get(&point).into_iter().flatten() {
            matches.push(ContactMatch { index: *index, point: point.to_string(), account: account.clone() });
        }
    }
    matches.sort_by(|one, other| (one.index, &one.account).cmp(&(other.index, &other.account)));
    Ok(matches)
}
