//! Answers whose contact points those are that somebody has in an address
//! book: in one query, and nothing of what they did not ask for.

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

/// The frame that answers: ContactMatches, or Refused.
pub(super) async fn answer(node: &Node, identity: &Identity, asked: &MatchContacts) -> Arc<Frame> {
    let points_max = node.limits.contact_points_max as usize;
    let refused = |code, detail: String, retry_at| {
        node.metrics.fetches_refused.of(code).count();
        let stream = StreamId::Account(identity.account.clone());
        Frame::new(&ServerFrame::Refused(Refusal { code, detail, retry_at }.answer(asked.request, stream, 0)))
    };
    if asked.points.len() > points_max {
        return refused(Code::TooManyContacts, format!("at most {points_max} at once"), None);
    }
    let region = asked.region.as_deref().map(Region::parse);
    if region == Some(None) {
        return refused(Code::ValueInvalid, "region: not two letters of ISO 3166".to_owned(), None);
    }
    let account = (identity.tenant.clone(), identity.account.clone());
    if let Err(wait) = node.shares.contact_points.take(&account, asked.points.len()) {
        let detail = "more contacts at once than an account may ask for".to_owned();
        return refused(Code::RateLimited, detail, Some(node.clock.wall_now().plus(wait)));
    }
    match matches(node, identity, &asked.points, region.flatten()).await {
        Ok(matches) => Frame::new(&ServerFrame::ContactMatches(ContactMatches { request: asked.request, matches })),
        Err(error) => {
            tracing::warn!(%error, "the store failed a question about contacts");
            let retry_at = node.clock.wall_now().plus(node.clock.retry_delay());
            refused(error.code(), "the store cannot answer".to_owned(), Some(retry_at))
        }
    }
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
