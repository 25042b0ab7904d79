//! A light client that speaks frames: for thousands of sessions, or for a sender that costs the machine little.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use futures_util::FutureExt as _;
use tidings_core::{
    ids::{AccountId, ConversationId, DeviceId, StreamId},
    journal::{Cursor, Position},
    model::MembershipAction,
    wire::{
        ClientFrame, Fetch, FetchScope, Fetched, Hello, ListSubscribers, MembershipRequest, Push, PushedChange,
        ServerFrame, Subscribers, Versions, decode_frame,
    },
};
use tidings_server::auth::Keys;

use tokio::time::timeout;

use super::{
    PATIENCE,
    author::tenant,
    link::{Link, Traffic},
    measure::wall_now,
};

/// Validity of a token.
const TOKEN_TTL: Duration = Duration::from_secs(3_600);

/// A bearer token for an account.
pub fn token(account: &AccountId) -> anyhow::Result<String> {
    Ok(Keys::development().issue(&tenant(), account, &[], wall_now(), TOKEN_TTL)?)
}

/// A bearer token for an administrator of the tenant.
pub fn administrator_token(account: &AccountId) -> anyhow::Result<String> {
    let labels = [String::from("admin")];
    Ok(Keys::development().issue(&tenant(), account, &labels, wall_now(), TOKEN_TTL)?)
}

/// A session that has caught up.
pub struct Session {
    link: Link,
    /// The newest cursor it was given.
    pub cursor: Cursor,
    /// The account it belongs to.
    pub account: AccountId,
    /// The device it writes as.
    pub device: DeviceId,
    request: u64,
    /// The pieces received of a frame that comes in pieces.
    pieces: Vec<u8>,
}

impl Session {
    /// Opens one and waits until it has caught up.
    pub async fn open(
        address: SocketAddr,
        account: &AccountId,
        device: DeviceId,
        cursor: Option<Cursor>,
    ) -> anyhow::Result<Self> {
        let mut link = Link::open(address, "/v1/sync").await?;
        let hello = Hello { versions: Versions::OWN, token: token(account)?, device, cursor, incarnation: None };
        link.send(ClientFrame::Hello(hello).to_bytes()).await?;
        let account = account.clone();
        let mut session = Self { link, cursor: Cursor::ZERO, account, device, request: 0, pieces: Vec::new() };
        loop {
            if let ServerFrame::CaughtUp(cursor) = session.next().await? {
                session.cursor = cursor;
                return Ok(session);
            }
        }
    }

    /// Traffic of this session.
    pub fn traffic(&self) -> Traffic {
        self.link.traffic()
    }

    /// Receives the next frame, whatever it is and however long it takes. Cancel safe.
    pub async fn frame(&mut self) -> anyhow::Result<ServerFrame> {
        loop {
            match decode_frame(&self.link.receive().await?, usize::MAX)? {
                ServerFrame::Piece(piece) => {
                    self.pieces.extend(piece.bytes);
                    if piece.last {
                        return Ok(decode_frame(&std::mem::take(&mut self.pieces), usize::MAX)?);
                    }
                }
                frame => return Ok(frame),
            }
        }
    }

    /// Receives the next frame, with the usual timeout.
    pub async fn next(&mut self) -> anyhow::Result<ServerFrame> {
        match timeout(PATIENCE, self.frame()).await.context("no frame comes")?? {
            ServerFrame::Closed(closed) => bail!("the server closed the session: {:?}", closed.code),
            ServerFrame::Refused(refused) => bail!("the server refused: {:?} {}", refused.code, refused.detail),
            frame => Ok(frame),
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        self.link.send(frame.to_bytes()).await
    }

    /// Pushes without waiting for the answer; returns the request id.
    pub async fn push(&mut self, stream: &StreamId, changes: Vec<PushedChange>) -> anyhow::Result<u64> {
        self.request += 1;
        let push = Push { request: self.request, stream: stream.clone(), changes };
        self.send(&ClientFrame::Push(push)).await?;
        Ok(self.request)
    }

    /// Waits until so many changes are accepted.
    pub async fn accepted(&mut self, count: usize) -> anyhow::Result<()> {
        let mut left = count;
        while left > 0 {
            if let ServerFrame::Accepted(accepted) = self.next().await? {
                left = left.checked_sub(accepted.positions.len()).context("more is accepted than was pushed")?;
            }
        }
        Ok(())
    }

    /// Pushes and waits for the answer.
    pub async fn push_accepted(&mut self, stream: &StreamId, changes: Vec<PushedChange>) -> anyhow::Result<()> {
        let count = changes.len();
        self.push(stream, changes).await?;
        self.accepted(count).await
    }

    /// Sends a membership request, and waits for the answer.
    pub async fn ask(&mut self, conversation: ConversationId, action: MembershipAction) -> anyhow::Result<()> {
        self.request += 1;
        let asked = MembershipRequest { request: self.request, conversation, action };
        self.link.send(ClientFrame::MembershipRequest(asked).to_bytes()).await?;
        self.accepted(1).await
    }

    /// Requests the first subscribers of a channel, and their number.
    pub async fn subscribers(
        &mut self,
        conversation: ConversationId,
        position: Position,
    ) -> anyhow::Result<Subscribers> {
        self.request += 1;
        let list = ListSubscribers { request: self.request, conversation, after: None, count_max: 100, position };
        self.link.send(ClientFrame::ListSubscribers(list).to_bytes()).await?;
        loop {
            if let ServerFrame::Subscribers(subscribers) = self.next().await? {
                return Ok(subscribers);
            }
        }
    }

    /// Waits for so many entries of others.
    pub async fn entries(&mut self, count: usize) -> anyhow::Result<()> {
        let mut left = count;
        while left > 0 {
            if let ServerFrame::Entries(entries) = self.next().await? {
                left = left.saturating_sub(entries.entries.len());
            }
        }
        Ok(())
    }

    /// Receives and drops every frame that has arrived.
    pub async fn discard(&mut self) -> anyhow::Result<()> {
        while let Some(frame) = self.link.receive().now_or_never() {
            frame?;
        }
        Ok(())
    }

    /// Sends a fetch without waiting for the answer; returns the request id.
    pub async fn fetch(&mut self, stream: &StreamId, scope: FetchScope) -> anyhow::Result<u64> {
        self.request += 1;
        let fetch = Fetch { request: self.request, stream: stream.clone(), scope, held: Vec::new(), chain: None };
        self.send(&ClientFrame::Fetch(fetch)).await?;
        Ok(self.request)
    }

    /// The answer to a fetch.
    pub async fn fetched(&mut self) -> anyhow::Result<Fetched> {
        loop {
            if let ServerFrame::Fetched(fetched) = self.next().await? {
                return Ok(fetched);
            }
        }
    }
}
