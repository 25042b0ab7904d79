//! Facts that a device may state, legal or not, as a script chooses.

use core::time::Duration;

use tidings_core::{
    authority::Session,
    doc::{Document, Fact, ProfileField, SettingField},
    ids::{AccountId, ContactId, ConversationId, DocumentId, InviteId, MessageId, Stamp, StreamId, TimelineId},
    model::{
        Contact, ContactKind, Conversation, ConversationKind, ConversationState, Created, Deletion, Edit, Grant, Held,
        HeldState, InfoField, Invite, Link, LinkKind, MemberField, MemberStatus, Membership, MessageBody,
        NotificationLevel, Parent, Permission, Permissions, Pin, Policy, PolicyName, PolicyValue, Reachability, Role,
        RoleDefinition, RoleName, Scope, Theme,
    },
    time::WallTime,
};

use super::{NAMES, Room, account};
use crate::{fuzz::script::Script, roster::first_members};

/// The names of custom roles.
const ROLE_NAMES: [&str; 3] = ["cook", "host", "Łowca"];

/// Texts that are invisible, hide something or change direction.
const GHOSTS: [&str; 6] =
    ["\u{3164}", "\u{2800}\u{200b}", "\u{200d}\u{fe0f}", "an\u{200b}n", "\u{202e}staoB", "Boats\u{2028}Ann left"];

/// Lengths at the limits of some text.
const LENGTHS: [usize; 7] = [64, 80, 100, 120, 160, 200, 2_000];

impl Room {
    /// Facts for a device to state, legal or not, as the script chooses.
    pub fn facts(&mut self, script: &mut Script<'_>, device: usize) -> (DocumentId, Vec<Fact>) {
        let session = self.devices[device].session.clone();
        let count = if script.one_in(3) { 2 + script.below(3) } else { 1 };
        match self.authority.id().clone() {
            StreamId::Conversation(conversation) if self.authority.conversation().created.is_none() => {
                (TimelineId::of(conversation).document(), self.first_facts(script, &session))
            }
            StreamId::Conversation(conversation) if script.one_in(6) => {
                self.thread_facts(script, device, &session, conversation)
            }
            StreamId::Conversation(conversation) if script.below(5) < 3 => {
                let number = match script.below(16) {
                    15 => u32::from(script.byte()),
                    13 | 14 => 1,
                    _ => self.view(device).open_page(TimelineId::of(conversation), &self.limits),
                };
                let facts = self.page_facts(script, &session);
                let ghost = script.one_in(32);
                let page = if ghost {
                    TimelineId::of_thread(conversation, conversation).page(number)
                } else {
                    TimelineId::of(conversation).page(number)
                };
                (page, facts)
            }
            StreamId::Conversation(id) => {
                let conversation = self.view(device).conversation();
                let facts = match script.below(8) {
                    0 => self.brings_in(script, &session, conversation),
                    _ => (0..count).map(|_| self.conversation_fact(script, &session, conversation)).collect(),
                };
                (TimelineId::of(id).document(), facts)
            }
            StreamId::Account(account) if script.one_in(2) => {
                let facts = (0..count).map(|_| account_fact(script)).collect();
                (DocumentId::Account(account), facts)
            }
            StreamId::Account(account) => {
                let facts = (0..count).map(|_| home_fact(script)).collect();
                (DocumentId::Home(account), facts)
            }
        }
    }

    /// Opens a thread, writes in one, or states something about one.
    fn thread_facts(
        &mut self,
        script: &mut Script<'_>,
        device: usize,
        session: &Session,
        conversation: ConversationId,
    ) -> (DocumentId, Vec<Fact>) {
        let view = self.view(device);
        let threads: Vec<ConversationId> = view.threads().map(|thread| thread.id).collect();
        let known = script.pick(&threads).copied();
        let (Some(thread), false) = (known, script.one_in(3)) else {
            let message = self.known_message(script, &session.account);
            return self.opening(script, device, session, conversation, message);
        };
        if script.one_in(3) {
            let fact = self.conversation_fact(
                script,
                session,
                view.timeline(TimelineId::of_thread(conversation, thread)).unwrap_or(view.conversation()),
            );
            return (TimelineId::of_thread(conversation, thread).document(), vec![fact]);
        }
        let number = match script.below(8) {
            7 => u32::from(script.byte()),
            _ => view.open_page(TimelineId::of_thread(conversation, thread), &self.limits),
        };
        (TimelineId::of_thread(conversation, thread).page(number), self.page_facts(script, session))
    }

    /// The first change of a message's thread, mostly a plausible one.
    fn opening(
        &self,
        script: &mut Script<'_>,
        device: usize,
        session: &Session,
        conversation: ConversationId,
        message: MessageId,
    ) -> (DocumentId, Vec<Fact>) {
        let view = self.view(device);
        let page = view.page_of(&message).map(Document::id);
        let timeline = page.and_then(DocumentId::timeline).unwrap_or(TimelineId::of(conversation));
        let above = timeline.thread.and_then(|thread| view.thread(thread)).map_or(0, |above| above.parent.depth);
        let thread = ConversationId::thread(view.tenant(), conversation, &message);
        let parent = Parent {
            conversation: if script.one_in(16) { thread } else { timeline.id() },
            page: page.and_then(DocumentId::page).unwrap_or(1) + u32::from(script.one_in(16)),
            depth: above + 1 + u32::from(script.one_in(16)),
            message,
        };
        let kind = if script.one_in(16) { ConversationKind::Group } else { ConversationKind::Thread };
        let by = if script.one_in(16) { some_account(script) } else { session.account.clone() };
        let created = Created { parent: (!script.one_in(16)).then_some(parent), ..Created::new(kind, by, self.now()) };
        let mut facts = vec![Fact::Created(created)];
        if script.one_in(3) {
            facts.push(Fact::Info(InfoField::Title, Some(some_text(script))));
        }
        if script.one_in(8) {
            facts.push(self.conversation_fact(script, session, view.conversation()));
        }
        (TimelineId::of_thread(conversation, thread).document(), facts)
    }

    fn known_message(&self, script: &mut Script<'_>, author: &AccountId) -> MessageId {
        let pages = self.authority.documents().filter(|document| document.id().page().is_some());
        let all: Vec<MessageId> = pages.flat_map(|page| page.admissions().iter().map(|(id, _)| id.clone())).collect();
        let own: Vec<MessageId> = all.iter().filter(|message| message.author == *author).cloned().collect();
        let known = if script.one_in(2) { script.pick(&own) } else { script.pick(&all) };
        known.cloned().unwrap_or_else(|| MessageId { stamp: Stamp::from_bytes([3; 16]), author: author.clone() })
    }

    /// Mostly one fact, because a change of a page states one thing.
    fn page_facts(&mut self, script: &mut Script<'_>, session: &Session) -> Vec<Fact> {
        let count = if script.one_in(8) { 2 + script.below(3) } else { 1 };
        (0..count).map(|_| self.page_fact(script, session)).collect()
    }

    fn page_fact(&mut self, script: &mut Script<'_>, session: &Session) -> Fact {
        let by = if script.one_in(8) { some_account(script) } else { session.account.clone() };
        let at = self.now();
        match script.below(6) {
            0 | 1 => {
                let id = self.new_message(&by);
                let reply_to = script.one_in(4).then(|| self.known_message(script, &by));
                let mentions = script.one_in(4).then(|| (0..script.below(5)).map(|_| some_account(script)).collect());
                Fact::Message(id, MessageBody { content: some_text(script).into(), reply_to, mentions })
            }
            2 => Fact::Edit(self.known_message(script, &by), Edit { content: some_text(script).into(), at }),
            3 => Fact::Deleted(self.known_message(script, &by), Deletion { by, at }),
            _ => {
                let emoji = ["👍", "👎🏽", "👩‍👩‍👧", "x"][script.below(4)].to_owned();
                Fact::Reaction(self.known_message(script, &by), emoji, by, !script.one_in(3))
            }
        }
    }

    /// A first change, often a plausible one.
    fn first_facts(&self, script: &mut Script<'_>, session: &Session) -> Vec<Fact> {
        let (by, at) = (session.account.clone(), self.now());
        let account = script.one_in(8).then(|| some_account(script));
        let link = Link { kind: *some(script, LinkKind::ALL), id: some_text(script) };
        let kind = *some(script, ConversationKind::ALL);
        let created = Created {
            kind,
            by: by.clone(),
            at,
            account,
            link: script.one_in(8).then_some(link),
            parent: None,
            resource: None,
        };
        let mut members = vec![(by.clone(), Role::Owner)];
        members.extend((0..script.below(4)).map(|_| (some_account(script), some_role(script))));
        let mut facts: Vec<Fact> = first_members(&by, at, members).collect();
        facts.push(Fact::Created(created));
        if script.one_in(3) {
            facts.push(self.conversation_fact(script, session, &Conversation::default()));
        }
        facts
    }

    /// Adds or invites somebody, as the commands do.
    fn brings_in(&self, script: &mut Script<'_>, session: &Session, conversation: &Conversation) -> Vec<Fact> {
        let account = some_account(script);
        let status = [MemberStatus::Active, MemberStatus::Active, MemberStatus::Invited][script.below(3)];
        let member = conversation.members.get(&account);
        let granted = member.into_iter().flat_map(|member| &member.grants).filter(|(_, grant)| grant.allowed);
        let mut facts: Vec<Fact> =
            granted.map(|(permission, _)| Fact::MemberGrant(account.clone(), *permission, None)).collect();
        let former = member.and_then(|member| member.membership.as_ref());
        let membership = Membership::next(former, status, &session.account, self.now());
        facts.extend([Fact::MemberRole(account.clone(), some_role(script)), Fact::MemberStatus(account, membership)]);
        facts
    }

    fn conversation_fact(&self, script: &mut Script<'_>, session: &Session, conversation: &Conversation) -> Fact {
        let at = self.now();
        let by = if script.one_in(16) { some_account(script) } else { session.account.clone() };
        match script.below(31) {
            0 => Fact::Info(InfoField::Title, script.one_in(2).then(|| some_text(script))),
            1 => Fact::Info(*some(script, InfoField::ALL), script.one_in(2).then(|| some_text(script))),
            2 => Fact::Theme(script.one_in(2).then(|| some_theme(script))),
            3 => Fact::Scope(*some(script, Scope::ALL)),
            4 => Fact::State(*some(script, ConversationState::ALL)),
            5 => Fact::Locked(script.one_in(2)),
            6 | 7 => Fact::Policy(some_policy(script)),
            8..=10 => {
                Fact::RoleDefinition(some_role_name(script), (!script.one_in(4)).then(|| some_definition(script)))
            }
            11..=13 => Fact::MemberRole(some_account(script), some_role(script)),
            14..=18 => {
                let account = some_account(script);
                let former = conversation.members.get(&account).and_then(|member| member.membership.as_ref());
                let mut membership = Membership::next(former, *some(script, MemberStatus::ALL), &by, at);
                match script.below(24) {
                    0 => membership.joined_at = script.one_in(2).then_some(at),
                    1 => membership.invited_by = script.one_in(2).then(|| some_account(script)),
                    2 => membership.at = some_time(script, at),
                    _ => {}
                }
                Fact::MemberStatus(account, membership)
            }
            19 => {
                let former = conversation.members.get(&by).and_then(|member| member.membership.as_ref());
                Fact::MemberStatus(by.clone(), Membership::next(former, MemberStatus::Left, &by, at))
            }
            20..=23 => {
                let until = script.one_in(2).then(|| some_time(script, at));
                let grant = Grant { allowed: !script.one_in(3), by, at, until };
                let grant = (!script.one_in(4)).then_some(grant);
                Fact::MemberGrant(some_account(script), *some(script, Permission::ALL), grant)
            }
            24 => {
                let field = *some(script, MemberField::ALL);
                let color = field == MemberField::Color && script.one_in(2);
                let text = if color { "#12aBcd".to_owned() } else { some_text(script) };
                Fact::MemberText(by, field, (!script.one_in(3)).then_some(text))
            }
            27 => {
                let (role, until) = (some_role(script), script.one_in(2).then(|| some_time(script, at)));
                let uses_max = script.one_in(2).then(|| u32::from(script.byte() % 3));
                let invite = Invite { role, until, uses_max, enabled: !script.one_in(4), by, at };
                Fact::Invite(some_invite(script), (!script.one_in(4)).then_some(invite))
            }
            29 => {
                let held: Vec<&MessageId> = conversation.held.keys().collect();
                let unknown = self.known_message(script, &session.account);
                let message = script.pick(&held).map_or(unknown, |held| (*held).clone());
                Fact::Held(message, Held { state: *some(script, HeldState::ALL), thread: None, by, at })
            }
            28 => Fact::InviteUses(some_invite(script), u32::from(script.byte())),
            25 | 26 => {
                let message = self.known_message(script, &session.account);
                let page = self.authority.page_of(&message).and_then(|page| page.id().page()).unwrap_or(1);
                let page = if script.one_in(8) { u32::from(script.byte()) } else { page };
                let pin = (!script.one_in(3)).then_some(Pin { by, at, page });
                Fact::Pin(message, pin)
            }
            _ => Fact::Created(Created::new(*some(script, ConversationKind::ALL), by, at)),
        }
    }
}

fn some_invite(script: &mut Script<'_>) -> InviteId {
    InviteId::from_bytes([script.byte() % 3; 16])
}

fn some_theme(script: &mut Script<'_>) -> Theme {
    let background_url = script.one_in(2).then(|| "https://a.example/x".to_owned());
    let color = ["#000000", "#FFffff", "red", "#12345"][script.below(4)].to_owned();
    Theme { background_url, color: script.one_in(2).then_some(color) }
}

fn some_policy(script: &mut Script<'_>) -> Policy {
    let name = *some(script, PolicyName::ALL);
    // An invalid value leaves the policy as it was.
    let drawn = match name.number_max() {
        Some(_) => Policy::new(name, PolicyValue::Number(script.number())),
        None => {
            let words = ["all_members", "admins_only", "moderators", "open", "link_join", "nobody", "hold"];
            let word = PolicyValue::Name(words[script.below(words.len())]);
            Policy::new(name, word).or_else(|| Policy::new(name, PolicyValue::Switch(script.one_in(2))))
        }
    };
    drawn.unwrap_or_else(|| Conversation::default().policies.get(name))
}

fn some_definition(script: &mut Script<'_>) -> RoleDefinition {
    let rank = [1, 20, 30, 60, 80, 99, 100, 0][script.below(8)];
    let permissions: Permissions = (0..script.below(4)).map(|_| *some(script, Permission::ALL)).collect();
    RoleDefinition { rank, permissions }
}

fn some_role(script: &mut Script<'_>) -> Role {
    match script.below(4) {
        0 => Role::Custom(some_role_name(script)),
        _ => some(script, &Role::BUILT_IN).clone(),
    }
}

fn some_role_name(script: &mut Script<'_>) -> RoleName {
    role_name(ROLE_NAMES[script.below(ROLE_NAMES.len())])
}

/// The custom role of this name.
pub(super) fn role_name(name: &str) -> RoleName {
    RoleName::parse(name).expect("the name is legal")
}

/// A time close to another one, or any.
fn some_time(script: &mut Script<'_>, around: WallTime) -> WallTime {
    match script.below(4) {
        0 => WallTime::from_millis(script.number()),
        1 => around,
        _ => around.plus(Duration::from_secs(u64::from(script.byte() % 8))),
    }
}

fn account_fact(script: &mut Script<'_>) -> Fact {
    let field = *some(script, &ProfileField::ALL);
    let text = if field == ProfileField::AvatarUrl { "https://a.example/x".into() } else { some_text(script) };
    Fact::Profile(field, (!script.one_in(3)).then_some(text))
}

fn home_fact(script: &mut Script<'_>) -> Fact {
    let fields = [SettingField::MutedUntil, SettingField::PinnedAt, SettingField::ArchivedAt];
    let id = [script.byte() % 3; 16];
    if script.one_in(8) {
        let level = (!script.one_in(3)).then(|| *some(script, NotificationLevel::ALL));
        return Fact::Notifications(ConversationId::from_bytes(id), level);
    }
    if script.one_in(16) {
        return Fact::Reachability((!script.one_in(3)).then(|| *some(script, Reachability::ALL)));
    }
    if script.one_in(8) {
        return Fact::Blocked(
            some_account(script),
            (!script.one_in(3)).then(|| WallTime::from_millis(script.number())),
        );
    }
    if script.one_in(2) {
        let time = (!script.one_in(3)).then(|| WallTime::from_millis(script.number()));
        return Fact::Setting(ConversationId::from_bytes(id), fields[script.below(3)], time);
    }
    let nickname = script.one_in(2).then(|| some_text(script));
    let account = script.one_in(2).then(|| some_account(script));
    let kind = *some(script, ContactKind::ALL);
    let phone = script.one_in(4).then(|| "+4930123456".to_owned());
    let email = script.one_in(4).then(|| some_text(script));
    let contact = Contact { kind, account, nickname, favorite: script.one_in(2), phone, email };
    Fact::Contact(ContactId::from_bytes(id), (!script.one_in(3)).then_some(contact))
}

fn some<'a, T>(script: &mut Script<'_>, all: &'a [T]) -> &'a T {
    &all[script.below(all.len())]
}

fn some_account(script: &mut Script<'_>) -> AccountId {
    account(NAMES[script.below(NAMES.len())])
}

fn some_text(script: &mut Script<'_>) -> String {
    match script.below(12) {
        0 => String::new(),
        1 => " \u{200b}\n".into(),
        2 => "long ".repeat(script.below(64)),
        3 => "é👩‍👩‍👧\u{0}\u{202e}".into(),
        4 => (*some(script, &GHOSTS)).to_owned(),
        5 => {
            let length = *some(script, &LENGTHS) + usize::from(script.one_in(2));
            some(script, &["x", "ß", "🐋"]).repeat(length)
        }
        _ => format!("text {}", script.byte()),
    }
}
