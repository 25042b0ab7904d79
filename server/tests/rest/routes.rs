//! Every route of the interface in one table: a well-formed request, and what it is answered to those who may not make it.
//! The cases of all routes are made from it, so that a route without a line fails the first test here.

use std::collections::BTreeSet;

use serde_json::json;
use tidings_core::{
    code::Code,
    command::{
        AddMember, BanMember, ChangeRole, Command, DeleteMessage, EditMessage, InviteMember, InviteTerms, React,
        RemoveMember, SendMessage, SetInfo, SetInvite, SetLeadStage, SetProfile, SetState, UnbanMember, Unreact,
    },
    ids::{ConversationId, InviteId, MessageId, TenantId},
    model::{ConversationState, InfoField, LeadStage, MembershipAction, Profile, Role},
};
use tidings_server::{auth::Keys, clock, store::Suspension};

use super::{
    by_session::{Asked, BySession, Outcome},
    group, say,
};
use crate::support::{
    author::{account, boats},
    database::Database,
    on_each_store,
    rest::{Answer, Caller, segment},
    server::{TestServer, token},
};

on_each_store! {
    t1_no_route_answers_whom_its_token_does_not_let_in,
    t3_no_route_tells_a_stranger_what_there_is,
    t3_what_is_not_there_has_a_code_of_its_own,
    t2_what_a_member_may_not_do_by_a_request_it_may_not_do_by_a_session,
    t5_every_route_refuses_what_is_malformed_or_too_large,
}

/// A status and a code; none where the request is carried out.
type Verdict = Option<(u16, &'static str)>;

const DONE: Verdict = None;
const NO_CONVERSATION: Verdict = Some((404, "conversation_unknown"));
const OF_NO_RESOURCE: Verdict = Some((409, "wrong_kind"));
const NO_PERMISSION: Verdict = Some((403, "permission_denied"));

/// A route, as the interface describes it.
#[derive(Clone, Copy)]
struct Route {
    method: &'static str,
    path: &'static str,
    /// A body that can be read; empty where it takes none.
    body: &'static str,
    /// The answer to somebody of the tenant who has no part in the conversation.
    outsider: Verdict,
    /// The answer to a member without further rights.
    member: Verdict,
    /// The answers where the id in braces is of nothing, by its name, to somebody who may do everything.
    unknown: &'static [(&'static str, u16, &'static str)],
    /// The same over a session.
    session: Session,
}

/// What a session asks that wants the same.
#[derive(Clone, Copy)]
enum Session {
    /// There is nothing like it.
    Nothing,
    /// The stream of the conversation.
    Fetch,
    /// A command.
    Command(fn(&Ids) -> Command),
    /// A membership request.
    Membership(fn() -> MembershipAction),
}

use Session::{Fetch, Membership, Nothing};

const fn get(path: &'static str, outsider: Verdict, member: Verdict) -> Route {
    Route { method: "GET", path, body: "", outsider, member, unknown: &[], session: Nothing }
}

const fn write(
    method: &'static str,
    path: &'static str,
    body: &'static str,
    outsider: Verdict,
    member: Verdict,
) -> Route {
    Route { method, path, body, ..get(path, outsider, member) }
}

impl Route {
    const fn unknown(self, unknown: &'static [(&'static str, u16, &'static str)]) -> Self {
        Self { unknown, ..self }
    }

    const fn session(self, session: Session) -> Self {
        Self { session, ..self }
    }

    const fn command(self, command: fn(&Ids) -> Command) -> Self {
        self.session(Session::Command(command))
    }

    /// The same, to be asked over a session.
    fn asked(&self, ids: &Ids) -> Option<Asked> {
        match self.session {
            Nothing => None,
            Fetch => Some(Asked::Fetch),
            Session::Command(command) => Some(Asked::Command(command(ids))),
            Membership(action) => Some(Asked::Membership(action())),
        }
    }

    /// The names in braces of its path.
    fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// Its address with these ids.
    fn address(&self, ids: &Ids) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => segment(&ids.text(name)),
            None => part.to_owned(),
        };
        let path = self.path.split('/').map(part).collect::<Vec<_>>().join("/");
        match self.path {
            "/v1/directory" => format!("{path}?q=boats"),
            "/v1/accounts" => format!("{path}?external_id=crm-cat"),
            _ => path,
        }
    }

    async fn ask(&self, caller: &Caller, ids: &Ids) -> Answer {
        caller.ask_text(self.method, &self.address(ids), self.body, &[]).await
    }

    /// Whether it is only for administrators.
    fn is_for_administrators(&self) -> bool {
        let endings = ["/suspension", "/external-id", "/erasure"];
        self.path.contains("webhooks") || endings.iter().any(|ending| self.path.ends_with(ending))
    }

    /// Whether it has no end where it is answered.
    fn is_endless(&self) -> bool {
        self.path == "/v1/events"
    }
}

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    get("/v1/conversations", DONE, DONE),
    write("POST", "/v1/conversations", r#"{"kind":"group","title":"Ships"}"#, DONE, DONE),
    write("POST", "/v1/conversations/direct", r#"{"peer":"cat"}"#, DONE, DONE),
    write("POST", "/api/chat/conversations/direct/", r#"{"peer_user_id":"cat"}"#, DONE, DONE),
    get("/v1/conversations/{conversation}", NO_CONVERSATION, DONE).session(Fetch),
    write("PATCH", "/v1/conversations/{conversation}", r#"{"title":"Ships"}"#, NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| {
            let text = Some("Ships".to_owned());
            SetInfo { conversation: ids.conversation, field: InfoField::Title, text }.into()
        }),
    write("DELETE", "/v1/conversations/{conversation}", "", NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| SetState { conversation: ids.conversation, state: ConversationState::Deleted }.into()),

    write("POST", "/v1/conversations/resource", r#"{"resourceId":"flat-7","ownerUserId":"cat"}"#, DONE, DONE),
    get("/v1/conversations/{conversation}/resource", NO_CONVERSATION, OF_NO_RESOURCE),
    get("/v1/conversations/{conversation}/resource/messages", NO_CONVERSATION, OF_NO_RESOURCE),
    write("PATCH", "/v1/conversations/{conversation}/lead", r#"{"status":"visit_planned"}"#, NO_CONVERSATION,
        OF_NO_RESOURCE)
        .command(|ids| {
            let stage = LeadStage::parse("visit_planned").unwrap();
            SetLeadStage { conversation: ids.conversation, stage }.into()
        }),
    write("PUT", "/v1/resources/{resource}", r#"{"title":"Seven rooms"}"#, DONE, DONE),

    get("/v1/conversations/{conversation}/members", NO_CONVERSATION, DONE).session(Fetch),
    write("POST", "/v1/conversations/{conversation}/members", r#"{"account":"dan"}"#, NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| {
            AddMember { conversation: ids.conversation, account: account("dan"), role: Role::Member }.into()
        }),
    write("PATCH", "/v1/conversations/{conversation}/members/{account}", r#"{"role":"moderator"}"#, NO_CONVERSATION,
        NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")])
        .command(|ids| {
            ChangeRole { conversation: ids.conversation, account: account(ids.account), role: Role::Moderator }.into()
        }),
    write("DELETE", "/v1/conversations/{conversation}/members/{account}", "", NO_CONVERSATION, NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")])
        .command(|ids| RemoveMember { conversation: ids.conversation, account: account(ids.account) }.into()),
    write("PUT", "/v1/conversations/{conversation}/members/{account}/ban", "", NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| BanMember { conversation: ids.conversation, account: account(ids.account) }.into()),
    write("DELETE", "/v1/conversations/{conversation}/members/{account}/ban", "", NO_CONVERSATION,
        Some((404, "member_unknown")))
        .unknown(&[("account", 404, "member_unknown")])
        .command(|ids| UnbanMember { conversation: ids.conversation, account: account(ids.account) }.into()),
    get("/v1/conversations/{conversation}/members/{account}/permissions", NO_CONVERSATION, DONE),

    get("/v1/conversations/{conversation}/messages", NO_CONVERSATION, DONE).session(Fetch),
    write("POST", "/v1/conversations/{conversation}/messages", r#"{"content":"hi"}"#, NO_CONVERSATION, DONE)
        .command(|ids| SendMessage::new(ids.conversation, "hi").into()),
    get("/v1/conversations/{conversation}/messages/{message}", NO_CONVERSATION, DONE)
        .unknown(&[("message", 404, "message_unknown")])
        .session(Fetch),
    write("PATCH", "/v1/conversations/{conversation}/messages/{message}", r#"{"content":"hm"}"#, NO_CONVERSATION,
        Some((403, "not_the_author")))
        .unknown(&[("message", 404, "message_unknown")])
        .command(|ids| {
            EditMessage { conversation: ids.conversation, message: ids.message.clone(), content: "hm".into() }.into()
        }),
    write("DELETE", "/v1/conversations/{conversation}/messages/{message}", "", NO_CONVERSATION, NO_PERMISSION)
        .unknown(&[("message", 404, "message_unknown")])
        .command(|ids| DeleteMessage { conversation: ids.conversation, message: ids.message.clone() }.into()),
    write("PUT", "/v1/conversations/{conversation}/messages/{message}/reactions/{emoji}", "", NO_CONVERSATION, DONE)
        .unknown(&[("message", 404, "message_unknown")])
        .command(|ids| {
            React { conversation: ids.conversation, message: ids.message.clone(), emoji: ids.emoji.to_owned() }.into()
        }),
    write("DELETE", "/v1/conversations/{conversation}/messages/{message}/reactions/{emoji}", "", NO_CONVERSATION, DONE)
        .unknown(&[("message", 404, "message_unknown")])
        .command(|ids| {
            Unreact { conversation: ids.conversation, message: ids.message.clone(), emoji: ids.emoji.to_owned() }.into()
        }),

    get("/v1/conversations/{conversation}/receipts", NO_CONVERSATION, DONE).session(Fetch),
    write("PUT", "/v1/conversations/{conversation}/receipt", r#"{"read":1}"#, NO_CONVERSATION, DONE),

    get("/v1/directory", DONE, DONE),
    write("POST", "/v1/conversations/{conversation}/join", "{}", NO_CONVERSATION, DONE)
        .session(Membership(|| MembershipAction::Join(None))),
    write("PUT", "/v1/conversations/{conversation}/invitation", "", NO_CONVERSATION, DONE)
        .session(Membership(|| MembershipAction::Accept)),
    write("DELETE", "/v1/conversations/{conversation}/invitation", "", NO_CONVERSATION, Some((409, "member_exists")))
        .session(Membership(|| MembershipAction::Decline)),
    write("POST", "/v1/conversations/{conversation}/invitations", r#"{"account":"dan"}"#, NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| {
            InviteMember { conversation: ids.conversation, account: account("dan"), role: Role::Member }.into()
        }),
    get("/v1/conversations/{conversation}/invites", NO_CONVERSATION, NO_PERMISSION),
    write("POST", "/v1/conversations/{conversation}/invites", "{}", NO_CONVERSATION, NO_PERMISSION)
        .command(|ids| {
            let terms = InviteTerms { role: Role::Member, until: None, uses_max: None, enabled: true };
            let invite = InviteId::from_bytes([9; 16]);
            SetInvite { conversation: ids.conversation, invite, terms: Some(terms) }.into()
        }),
    write("DELETE", "/v1/conversations/{conversation}/invites/{invite}", "", NO_CONVERSATION, NO_PERMISSION)
        .unknown(&[("invite", 404, "invite_unknown")])
        .command(|ids| SetInvite { conversation: ids.conversation, invite: ids.invite, terms: None }.into()),

    get("/v1/accounts", Some((404, "member_unknown")), DONE),
    write("PUT", "/v1/accounts/{account}/external-id", r#"{"externalId":"crm-cat"}"#, NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")]),
    write("DELETE", "/v1/accounts/{account}/external-id", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")]),
    get("/v1/accounts/{account}", Some((404, "member_unknown")), DONE)
        .unknown(&[("account", 404, "member_unknown")]),
    write("PUT", "/v1/accounts/{account}", r#"{"displayName":"Cat"}"#, Some((403, "not_the_owner")),
        Some((403, "not_the_owner")))
        .command(|ids| {
            let profile = Profile { display_name: Some("Cat".to_owned()), ..Profile::default() };
            SetProfile { profile, account: Some(account(ids.account)) }.into()
        }),
    get("/v1/accounts/{account}/export", Some((403, "not_the_owner")), Some((403, "not_the_owner")))
        .unknown(&[("account", 404, "member_unknown")]),
    get("/v1/accounts/{account}/erasure", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")]),
    write("PUT", "/v1/accounts/{account}/erasure", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("account", 404, "member_unknown")]),
    write("PUT", "/v1/accounts/{account}/suspension", "", NO_PERMISSION, NO_PERMISSION),
    write("DELETE", "/v1/accounts/{account}/suspension", "", NO_PERMISSION, NO_PERMISSION),
    write("POST", "/v1/contacts/match", r#"{"points":["ann@example.org"]}"#, DONE, DONE),

    get("/v1/events", DONE, DONE),

    get("/v1/webhooks", NO_PERMISSION, NO_PERMISSION),
    write("POST", "/v1/webhooks", r#"{"url":"https://127.0.0.1:9/"}"#, NO_PERMISSION, NO_PERMISSION),
    get("/v1/webhooks/{webhook}", NO_PERMISSION, NO_PERMISSION).unknown(&[("webhook", 404, "webhook_unknown")]),
    write("PATCH", "/v1/webhooks/{webhook}", r#"{"enabled":false}"#, NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown")]),
    write("DELETE", "/v1/webhooks/{webhook}", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown")]),
    write("POST", "/v1/webhooks/{webhook}/rotate", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown")]),
    get("/v1/webhooks/{webhook}/deliveries", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown")]),
    write("POST", "/v1/webhooks/{webhook}/deliveries/replay", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown")]),
    write("POST", "/v1/webhooks/{webhook}/deliveries/{delivery}/replay", "", NO_PERMISSION, NO_PERMISSION)
        .unknown(&[("webhook", 404, "webhook_unknown"), ("delivery", 404, "delivery_unknown")]),
];

/// What the names in braces stand for.
#[derive(Clone)]
struct Ids {
    conversation: ConversationId,
    message: MessageId,
    account: &'static str,
    emoji: &'static str,
    invite: InviteId,
    webhook: String,
    delivery: &'static str,
}

impl Ids {
    fn text(&self, name: &str) -> String {
        match name {
            "conversation" => self.conversation.to_string(),
            "message" => self.message.to_string(),
            "account" => self.account.to_owned(),
            "emoji" => self.emoji.to_owned(),
            "invite" => self.invite.to_string(),
            "webhook" => self.webhook.clone(),
            "delivery" => self.delivery.to_owned(),
            "resource" => "flat-8".to_owned(),
            other => panic!("the table has no {other}"),
        }
    }

    /// The same with one that there is nothing under.
    fn without(&self, name: &str) -> Self {
        let mut ids = self.clone();
        match name {
            "conversation" => ids.conversation = boats(),
            "message" => {
                let of_another = self.message.to_string().replace("ann", "cat");
                ids.message = MessageId::parse(&of_another).unwrap();
            }
            "account" => ids.account = "nobody",
            "invite" => ids.invite = InviteId::from_bytes([7; 16]),
            "webhook" => ids.webhook = "wh_000000000000000000000000".to_owned(),
            "delivery" => ids.delivery = "evt_0",
            // Nothing is known under the name of an emoji, and no resource is a thing of the server's.
            "emoji" | "resource" => {}
            other => panic!("the table has no {other}"),
        }
        ids
    }

    fn without_any(&self, route: &Route) -> Self {
        route.placeholders().fold(self.clone(), |ids, name| ids.without(name))
    }
}

/// A group of ann's with the members bob and cat, something said, an invite, and a webhook that is off.
struct World {
    server: TestServer,
    ids: Ids,
    ann: Caller,
    root: Caller,
}

impl World {
    async fn start(database: &Database) -> Self {
        let server = TestServer::start(database, &["--webhook-allow-private"]).await;
        let ann = Caller::of(server.address, "ann");
        let root = Caller::administrator(server.address, "root");
        let webhook = root.post("/v1/webhooks", json!({ "url": "https://127.0.0.1:9/" })).await.is(201);
        let webhook = webhook["id"].as_str().unwrap().to_owned();
        root.patch(&format!("/v1/webhooks/{webhook}"), json!({ "enabled": false })).await.is(200);
        let conversation = group(&ann).await;
        let at = format!("/v1/conversations/{conversation}");
        ann.post(&format!("{at}/members"), json!({ "account": "cat" })).await.is(200);
        let name = json!({ "externalId": "crm-cat" });
        root.ask("PUT", "/v1/accounts/cat/external-id", Some(name), &[]).await.is(200);
        let message = say(&ann, &conversation, "hello").await;
        let invite = ann.post(&format!("{at}/invites"), json!({})).await.is(201);
        let ids = Ids {
            conversation: ConversationId::parse(&conversation).unwrap(),
            message: MessageId::parse(message["id"].as_str().unwrap()).unwrap(),
            account: "cat",
            emoji: "👍",
            invite: serde_json::from_value(invite["id"].clone()).unwrap(),
            webhook,
            delivery: "evt_1",
        };
        Self { server, ids, ann, root }
    }

    fn caller(&self, account: &str) -> Caller {
        Caller::of(self.server.address, account)
    }

    /// Whoever may do what a route does.
    fn master(&self, route: &Route) -> &Caller {
        if route.is_for_administrators() || route.path.starts_with("/v1/accounts") { &self.root } else { &self.ann }
    }
}

/// The answers that are not what the table says.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn check(&mut self, answer: &Answer, verdict: Verdict, route: &Route, who: &str) {
        let is_right = match verdict {
            None => (200..300).contains(&answer.status),
            Some((status, code)) => {
                let is_problem = answer.headers.get("content-type").is_some_and(|it| it == "application/problem+json");
                is_problem && (answer.status, answer.code()) == (status, code) && answer.body["status"] == status
            }
        };
        self.unless(is_right, route, || format!("{who}: {} {}, not {verdict:?}", answer.status, answer.text));
    }

    fn unless(&mut self, is_right: bool, route: &Route, what: impl FnOnce() -> String) {
        if !is_right {
            self.0.push(format!("{} {}: {}", route.method, route.path, what()));
        }
    }

    /// Compares the code over a session with that of the table; nothing where a session has nothing like it.
    fn check_session(&mut self, answered: Option<Outcome>, verdict: Verdict, route: &Route) {
        let Some(answered) = answered else { return };
        let expected = verdict.map(|(_, code)| code);
        self.unless(answered.map(Code::as_str) == expected, route, || {
            format!("session: {answered:?}, not {expected:?}")
        });
    }

    #[track_caller]
    fn check_none(self) {
        assert!(self.0.is_empty(), "{} wrong:\n{}", self.0.len(), self.0.join("\n"));
    }
}

#[test]
fn t12_the_table_has_every_route_that_is_described() {
    let description = serde_json::to_value(tidings_server::http::v1::description()).unwrap();
    let described = description["paths"].as_object().unwrap().iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| (method.to_uppercase(), path.clone()))
    });
    let listed = ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned()));
    assert_eq!(listed.collect::<BTreeSet<_>>(), described.collect::<BTreeSet<_>>());
    // Each that takes a body says so, and no other; and each has a name of its own.
    let mut names = BTreeSet::new();
    for route in ROUTES {
        let operation = &description["paths"][route.path][route.method.to_lowercase()];
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{operation:#}");
        assert_eq!(operation["requestBody"].is_object(), !route.body.is_empty(), "{} {}", route.method, route.path);
    }
}

async fn t1_no_route_answers_whom_its_token_does_not_let_in(database: Database) {
    let store = database.open().await;
    let world = World::start(&database).await;
    let tenant = TenantId::parse("acme").unwrap();
    store.set_suspension(&tenant, &account("eve"), Suspension::Suspended).await.unwrap();
    let with = |token: Option<String>| Caller { token, ..world.ann.clone() };
    let expired = token("ann", std::time::Duration::ZERO);
    let mut wrong = Wrong::default();
    for (who, caller, verdict) in [
        ("nobody", with(None), (401, "token_invalid")),
        ("a forger", with(Some("a.b.c".to_owned())), (401, "token_invalid")),
        ("somebody of yesterday", with(Some(expired)), (401, "token_expired")),
        ("somebody suspended", world.caller("eve"), (403, "account_suspended")),
    ] {
        for route in ROUTES {
            wrong.check(&route.ask(&caller, &world.ids).await, Some(verdict), route, who);
        }
    }
    world.server.stop().await;
    wrong.check_none();
}

async fn t3_no_route_tells_a_stranger_what_there_is(database: Database) {
    let world = World::start(&database).await;
    let zoe = world.caller("zoe");
    let of_rival = |account_name: &str, labels: &[String]| {
        let tenant = TenantId::parse("rival").unwrap();
        let ttl = std::time::Duration::from_secs(600);
        let token = Keys::development().issue(&tenant, &account(account_name), labels, clock::wall_now(), ttl);
        Caller { token: Some(token.unwrap()), ..zoe.clone() }
    };
    let (ann_elsewhere, root_elsewhere) = (of_rival("ann", &[]), of_rival("root", &["admin".to_owned()]));
    let mut wrong = Wrong::default();
    let with_ids = ROUTES.iter().filter(|route| route.placeholders().next().is_some());
    for route in with_ids {
        let nothing = world.ids.without_any(route);
        for (who, caller) in [
            ("an outsider", &zoe),
            ("an account of another tenant", &ann_elsewhere),
            ("the administrator of another tenant", &root_elsewhere),
        ] {
            let (there, not_there) = (route.ask(caller, &world.ids).await, route.ask(caller, &nothing).await);
            if who != "the administrator of another tenant" {
                wrong.check(&there, route.outsider, route, who);
            }
            let is_alike = there.status == not_there.status && (there.status < 300 || there.text == not_there.text);
            wrong.unless(is_alike, route, || format!("{who}: {} is not {}", there.text, not_there.text));
        }
    }
    // Nor by a session, whose fetch has a code of its own for that.
    let ann = BySession::member(&world.server, "ann", 1, world.ids.conversation).await;
    let mut zoe = ann.outsider(&world.server, "zoe", 2).await;
    for route in ROUTES.iter().filter(|route| route.outsider.is_some()) {
        let verdict = if matches!(route.session, Fetch) { Some((403, "not_a_member")) } else { route.outsider };
        for conversation in [world.ids.conversation, boats()] {
            let Some(asked) = route.asked(&world.ids) else { continue };
            wrong.check_session(zoe.ask(asked, conversation).await, verdict, route);
        }
    }
    world.server.stop().await;
    wrong.check_none();
}

async fn t3_what_is_not_there_has_a_code_of_its_own(database: Database) {
    let world = World::start(&database).await;
    let zoe = world.caller("zoe");
    let mut session = BySession::member(&world.server, "ann", 1, world.ids.conversation).await;
    let mut wrong = Wrong::default();
    for route in ROUTES {
        let in_conversation = route.placeholders().any(|name| name == "conversation");
        if in_conversation {
            // To a member, to an administrator, and to whoever has no part in one that there is: the same.
            let of_another = route.ask(&zoe, &world.ids).await;
            for caller in [&world.ann, &world.root] {
                let answer = route.ask(caller, &world.ids.without("conversation")).await;
                wrong.check(&answer, NO_CONVERSATION, route, "no conversation");
                let is_alike = answer.text == of_another.text;
                wrong.unless(is_alike, route, || format!("{} is not {}", answer.text, of_another.text));
            }
        }
        for (name, status, code) in route.unknown {
            let ids = world.ids.without(name);
            let verdict = Some((*status, *code));
            wrong.check(&route.ask(world.master(route), &ids).await, verdict, route, &format!("no {name}"));
            if let Some(asked @ Asked::Command(_)) = route.asked(&ids) {
                wrong.check_session(session.ask(asked, ids.conversation).await, verdict, route);
            }
        }
    }
    world.server.stop().await;
    wrong.check_none();
}

async fn t2_what_a_member_may_not_do_by_a_request_it_may_not_do_by_a_session(database: Database) {
    let world = World::start(&database).await;
    let bob = world.caller("bob");
    let mut session = BySession::member(&world.server, "bob", 2, world.ids.conversation).await;
    // By a session first: what requests write would make its replica an old one.
    let (mut wrong, mut tried) = (Wrong::default(), 0);
    for route in ROUTES.iter().filter(|route| route.member.is_some()) {
        let Some(asked) = route.asked(&world.ids) else { continue };
        let answered = session.ask(asked, world.ids.conversation).await;
        tried += usize::from(answered.is_some());
        wrong.check_session(answered, route.member, route);
    }
    assert!(tried >= 14, "{tried}");
    for route in ROUTES.iter().filter(|route| !route.is_endless()) {
        wrong.check(&route.ask(&bob, &world.ids).await, route.member, route, "a member");
    }
    world.server.stop().await;
    wrong.check_none();
}

async fn t5_every_route_refuses_what_is_malformed_or_too_large(database: Database) {
    let world = World::start(&database).await;
    let too_large = format!(r#"{{"content":"{}"}}"#, "x".repeat(300_000));
    let mut wrong = Wrong::default();
    for route in ROUTES {
        let (master, at) = (world.master(route), route.address(&world.ids));
        if route.method != "GET" {
            let answer = master.ask_text(route.method, &at, &too_large, &[]).await;
            wrong.check(&answer, Some((413, "body_too_large")), route, "too large");
        }
        if !route.body.is_empty() {
            for body in ["", "{", "[]", "7", "null", r#""text""#, "{\"unheard\":1}", "\u{0}"] {
                let answer = master.ask_text(route.method, &at, body, &[]).await;
                wrong.check(&answer, Some((400, "value_invalid")), route, body);
            }
        }
        for (name, text, code) in [
            ("conversation", "nope", "id_invalid"),
            ("message", "nope", "id_invalid"),
            ("account", "no spaces", "id_invalid"),
            ("invite", "nope", "id_invalid"),
            ("emoji", "nope", "emoji_invalid"),
        ] {
            if route.placeholders().any(|placeholder| placeholder == name) {
                let at = at.replace(&segment(&world.ids.text(name)), &segment(text));
                let answer = master.ask_text(route.method, &at, route.body, &[]).await;
                wrong.check(&answer, Some((400, code)), route, text);
            }
        }
    }
    world.server.stop().await;
    wrong.check_none();
}
