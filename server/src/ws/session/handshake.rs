//! The handshake: identifies the peer and decides whether it gets a session.

use std::{sync::Arc, time::Duration};

use tidings_core::{code::Code, ids::DeviceId, wire::Versions};
use tokio::time::timeout;

use super::{Session, draining};
use crate::{
    auth::{Identity, VerifyTokenError},
    drain::Phase,
    job,
    live::Ending,
    node::Node,
    rate::AccountRates,
    store::DeviceOwner,
    ws::socket::FrameSocket,
};

/// Runs the handshake, up to the point where entries are fanned out to the session.
pub(super) async fn open(node: &Arc<Node>, socket: &mut FrameSocket) -> Result<Session, Ending> {
    let hello = tokio::select! {
        biased;
        () = node.drain.reached(Phase::Finishing) => return Err(draining(node)),
        hello = timeout(node.config.node.hello_timeout, socket.receive_hello()) => {
            hello.unwrap_or_else(|_| Err(Ending::closed(Code::HelloTimeout, "no Hello in time")))?
        }
    };
    let version = Versions::OWN.shared_with(hello.versions).map_err(|code| {
        let Versions { oldest, newest } = Versions::OWN;
        Ending::closed(code, format!("this server speaks the versions {oldest} to {newest}"))
    })?;
    let identity =
        job::keys::identify(node, &hello.token).await.map_err(|error| token_refused(node, &hello.token, error))?;
    if identity.service.is_some() {
        // A session reads and writes everything that its account may.
        return Err(Ending::closed(Code::TokenInvalid, "a service's token is for requests over HTTP"));
    }
    charge_share(&node.shares.hellos, &identity, "sessions begun")?;
    let suspended = node.store.suspended(&identity.tenant, std::slice::from_ref(&identity.account)).await;
    if !suspended.map_err(|error| Ending::store_failed(&error, node.clock.as_ref()))?.is_empty() {
        return Err(Ending::suspended());
    }
    match device_owner(node, &identity, hello.device).await? {
        DeviceOwner::Same => {}
        DeviceOwner::Other => {
            return Err(Ending::closed(Code::ActorConflict, "the device belongs to another account"));
        }
    }
    // The account's newest token determines its contact points.
    let points = node.store.set_contact_points(&identity.tenant, &identity.account, &identity.contact_points).await;
    points.map_err(|error| Ending::store_failed(&error, node.clock.as_ref()))?;
    Ok(Session::new(node, identity, &hello, version))
}

/// The owner of the device; registers it if it is new, within the account's share of new devices, however long the
/// store cannot be written.
async fn device_owner(node: &Node, identity: &Identity, device: DeviceId) -> Result<DeviceOwner, Ending> {
    let (tenant, account) = (&identity.tenant, &identity.account);
    let failed = |error| Ending::store_failed(&error, node.clock.as_ref());
    if let Some(owner) = node.store.device_owner(tenant, account, device).await.map_err(failed)? {
        return Ok(owner);
    }
    let taken = node.shares.devices.take_once(&identity.key(), device.as_bytes(), 1);
    taken.map_err(|wait| share_used("new devices", wait))?;
    node.store.register_device(tenant, account, device).await.map_err(failed)
}

/// Charges one to the account's share; a session over it is deferred.
fn charge_share(rates: &AccountRates, identity: &Identity, unit: &str) -> Result<(), Ending> {
    rates.take(&identity.key(), 1).map_err(|wait| share_used(unit, wait))
}

fn share_used(unit: &str, wait: Duration) -> Ending {
    let detail = format!("more {unit} than an account may have at once");
    Ending::Closed { code: Code::RateLimited, detail, retry_after: Some(wait) }
}

/// The peer is told the reason, so that an app can show it; the log tells whose token it seems to be.
fn token_refused(node: &Node, token: &str, error: VerifyTokenError) -> Ending {
    let account =
        node.keys.claimed_account(token).map_or_else(|| "unreadable".to_owned(), |account| account.to_string());
    tracing::info!(account, reason = %error, "token refused");
    Ending::closed(error.code(), error.to_string())
}
