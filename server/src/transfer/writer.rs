//! Hands commands to the streams, many at a time, each as the account whose doing it was and with the rights of
//! an administrator of the tenant: so the authority judges what is said and lets who says it be somebody who has
//! left since. What follows on something is handed over behind it, and is decided behind it.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use tidings_core::{
    authority::{Refusal, Session},
    command::Command,
    ids::{AccountId, DeviceId, DocumentId, TenantId, TimelineId},
    journal::Position,
    time::WallTime,
};
use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use super::error::TransferError;
use crate::{
    clock::SystemClock,
    config::{Config, LimitConfig, Secret},
    environment::Environment,
    live::{Answer, Live, Reply},
    store::{Store, StoreError},
    stream::{Asked, Asking, Part, Streams, Submission, call},
};

/// Commands that wait for their answers. A commit takes as many of one stream as have come meanwhile.
const WAITING_MAX: usize = 2_000;
/// Commands of one stream that are committed together, at most.
const COMMITTED_TOGETHER: usize = 1_000;

/// What a command is about, for whoever gets the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Subject {
    /// What it is, in a word.
    pub(super) what: &'static str,
    /// The message that it writes, by its key.
    pub(super) message: Option<(tidings_core::ids::ConversationId, u128)>,
}

/// Where the message is that a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum About {
    /// It is about none.
    Nothing,
    /// On this page.
    Page(DocumentId),
    /// On the newest page of this timeline: it was written just now.
    Newest(TimelineId),
}

/// What became of a command.
pub(super) struct Outcome {
    pub(super) subject: Subject,
    pub(super) result: Result<Position, Refusal>,
}

/// Who does something, and when.
#[derive(Clone, Copy)]
pub(super) struct Doing<'a> {
    pub(super) by: &'a AccountId,
    pub(super) at: WallTime,
}

/// Writes as accounts of a tenant.
pub(super) struct Writer {
    pub(super) env: Arc<Environment>,
    pub(super) tenant: TenantId,
    streams: Streams,
    devices: HashMap<AccountId, DeviceId>,
    waiting: VecDeque<(Subject, mpsc::Receiver<Answer>)>,
    answered: Vec<Outcome>,
    /// The tasks of the streams, which end with it.
    _tasks: JoinSet<()>,
}

impl Writer {
    /// A writer into an open store.
    pub(super) fn new(address: Secret, store: Arc<dyn Store>, tenant: TenantId, limits: LimitConfig) -> Self {
        let mut config = Config::of(address, limits);
        config.node.bounds.pushes_waiting_max = WAITING_MAX * 2;
        config.node.bounds.batch_pushes_max = COMMITTED_TOGETHER;
        config.shares.streams = usize::MAX;
        let mut tasks = JoinSet::new();
        let env = Environment::new(config, store, Arc::new(SystemClock));
        let streams = Streams::start(&mut tasks, &env, &Live::new(&env));
        Self {
            env,
            tenant,
            streams,
            devices: HashMap::new(),
            waiting: VecDeque::new(),
            answered: Vec::new(),
            _tasks: tasks,
        }
    }

    /// Hands a command over. Its outcome is among those that `answered` returns, later.
    pub(super) async fn write(
        &mut self,
        subject: Subject,
        doing: Doing<'_>,
        command: impl Into<Command>,
        about: About,
    ) -> Result<(), TransferError> {
        let command = command.into();
        let device = self.device(doing.by).await?;
        let (tenant, account) = (self.tenant.clone(), doing.by.clone());
        let stream = command.stream(&tenant, &account);
        let identity = Session { tenant, account, device, administrator: true };
        let (page, newest_of) = match about {
            About::Nothing => (None, None),
            About::Page(page) => (Some(page), None),
            About::Newest(timeline) => (None, Some(timeline)),
        };
        let asked = Asked::Command(Asking { page, newest_of, at: Some(doing.at), ..Asking::from(command) });
        let (reply, answer) = Reply::call();
        let (part, received_at) = (Part::Known, Instant::now());
        self.streams.submit(Submission { identity, part, stream, asked, reply, received_at, trace: None }).await;
        self.waiting.push_back((subject, answer));
        if self.waiting.len() > WAITING_MAX {
            self.wait_for(WAITING_MAX / 2).await;
        }
        Ok(())
    }

    /// Waits until at most so many commands are without an answer.
    pub(super) async fn wait_for(&mut self, waiting_max: usize) {
        while self.waiting.len() > waiting_max {
            let Some((subject, mut answer)) = self.waiting.pop_front() else { break };
            let result = match answer.recv().await {
                Some(Answer { refused: Some((_, refusal)), .. }) => Err(refusal),
                Some(Answer { accepted, .. }) => Ok(accepted.first().map(|place| place.position).unwrap_or_default()),
                None => Err(Refusal::new(tidings_core::code::Code::Internal, "nobody has answered")),
            };
            self.answered.push(Outcome { subject, result });
        }
    }

    /// The outcomes since it was last asked.
    pub(super) fn answered(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.answered)
    }

    pub(super) fn store(&self) -> &dyn Store {
        self.env.store.as_ref()
    }

    async fn device(&mut self, account: &AccountId) -> Result<DeviceId, StoreError> {
        if let Some(device) = self.devices.get(account) {
            return Ok(*device);
        }
        let device = call::device(self.env.store.as_ref(), &self.tenant, account).await?;
        self.devices.insert(account.clone(), device);
        Ok(device)
    }
}
