//! What an export of Zulip says of its users, channels and subscriptions, and the form of its messages.

use std::{
    collections::{BTreeMap, HashMap},
    io::Read,
};

use serde::Deserialize;
use tidings_core::time::WallTime;

use crate::transfer::error::TransferError;

/// A user.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    id: u64,
    #[serde(default)]
    pub(super) full_name: Option<String>,
    #[serde(default)]
    pub(super) delivery_email: Option<String>,
    #[serde(default)]
    pub(super) email: Option<String>,
}

/// A channel.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Channel {
    id: u64,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) invite_only: bool,
    pub(super) deactivated: bool,
    pub(super) date_created: Option<f64>,
    pub(super) creator: Option<u64>,
}

/// What a message can be sent to: a user, a channel or several users.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Recipient {
    id: u64,
    #[serde(rename = "type")]
    pub(super) kind: u8,
    pub(super) type_id: u64,
}

#[derive(Debug, Deserialize)]
struct Subscription {
    user_profile: u64,
    recipient: u64,
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

/// A reaction.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reacted {
    pub(super) user_profile: u64,
    pub(super) message: u64,
    #[serde(default)]
    pub(super) emoji_code: String,
    #[serde(default)]
    pub(super) reaction_type: Option<String>,
}

/// A message.
#[derive(Debug, Deserialize)]
pub(super) struct Posted {
    pub(super) id: u64,
    pub(super) sender: u64,
    pub(super) recipient: u64,
    #[serde(default)]
    pub(super) subject: String,
    #[serde(default)]
    pub(super) content: String,
    pub(super) date_sent: f64,
    #[serde(default)]
    last_edit_time: Option<f64>,
    #[serde(default)]
    edit_history: Option<String>,
    #[serde(default)]
    pub(super) has_attachment: bool,
}

impl Posted {
    /// When its words were edited last. A message that was only moved to another topic was not edited.
    pub(super) fn edited_at(&self) -> Option<WallTime> {
        let is_edited = self.edit_history.as_ref().is_none_or(|history| history.contains("prev_content"));
        self.last_edit_time.filter(|_| is_edited).and_then(time)
    }
}

#[derive(Deserialize)]
struct File {
    zerver_userprofile: Vec<User>,
    #[serde(default)]
    zerver_userprofile_crossrealm: Vec<User>,
    #[serde(default)]
    zerver_userprofile_mirrordummy: Vec<User>,
    #[serde(default)]
    zerver_stream: Vec<Channel>,
    zerver_recipient: Vec<Recipient>,
    #[serde(default)]
    zerver_subscription: Vec<Subscription>,
    #[serde(default)]
    zerver_reaction: Vec<Reacted>,
}

/// An organization.
pub(super) struct Realm {
    pub(super) users: BTreeMap<u64, User>,
    pub(super) channels: HashMap<u64, Channel>,
    pub(super) recipients: HashMap<u64, Recipient>,
    pub(super) reactions: HashMap<u64, Vec<Reacted>>,
    /// The users of a recipient.
    subscribed: HashMap<u64, Vec<u64>>,
    by_name: HashMap<String, u64>,
}

impl Realm {
    pub(super) fn read(file: &str, read: &mut dyn Read) -> Result<Self, TransferError> {
        let read: File = serde_json::from_reader(read).map_err(|error| TransferError::format(file, error))?;
        let users = read.zerver_userprofile.into_iter().chain(read.zerver_userprofile_mirrordummy);
        let users = read.zerver_userprofile_crossrealm.into_iter().chain(users);
        let users: BTreeMap<u64, User> = users.map(|user| (user.id, user)).collect();
        let mut subscribed: HashMap<u64, Vec<u64>> = HashMap::new();
        for subscription in read.zerver_subscription.iter().filter(|subscription| subscription.active) {
            subscribed.entry(subscription.recipient).or_default().push(subscription.user_profile);
        }
        let mut reactions: HashMap<u64, Vec<Reacted>> = HashMap::new();
        for reacted in read.zerver_reaction {
            reactions.entry(reacted.message).or_default().push(reacted);
        }
        let by_name = users.values().filter_map(|user| Some((user.full_name.clone()?, user.id))).collect();
        Ok(Self {
            channels: read.zerver_stream.into_iter().map(|channel| (channel.id, channel)).collect(),
            recipients: read.zerver_recipient.into_iter().map(|recipient| (recipient.id, recipient)).collect(),
            users,
            reactions,
            subscribed,
            by_name,
        })
    }

    /// The users of a recipient.
    pub(super) fn subscribed(&self, recipient: u64) -> &[u64] {
        self.subscribed.get(&recipient).map(Vec::as_slice).unwrap_or_default()
    }

    /// Somebody, for what has nobody.
    pub(super) fn first_user(&self) -> u64 {
        self.users.keys().next().copied().unwrap_or_default()
    }

    /// The users that a text mentions: `@**Name**`, or `@**Name|id**` where several are called so.
    pub(super) fn mentioned(&self, text: &str) -> Vec<u64> {
        let marks = text.split("@**").skip(1).filter_map(|rest| rest.split_once("**"));
        let user = |(name, _): (&str, &str)| match name.split_once('|') {
            Some((_, id)) => id.parse().ok().filter(|id| self.users.contains_key(id)),
            None => self.by_name.get(name).copied(),
        };
        marks.filter_map(user).collect()
    }
}

/// A time in seconds.
pub(super) fn time(seconds: f64) -> Option<WallTime> {
    // 48 bits of milliseconds are what a message id holds.
    let millis = seconds * 1_000.0;
    (0.0..(1_u64 << 48) as f64).contains(&millis).then(|| WallTime::from_millis(millis.round() as u64))
}
