//! What the interface says of itself (OpenAPI 3.1) beyond what its routes say, each of them of itself: who may ask, how all
//! of them refuse, and what can be asked about what one of them has made.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Type,
        link::{Link, LinkBuilder},
        path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{
    input::KEY_CHARACTERS_MAX,
    problem::{PROBLEM_JSON, Problem},
};

/// What is told of the interface beside its routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Tidings",
        description = "What other services ask of a Tidings server. Whoever asks is named by a bearer token, and is let do what \
            the account of it may do. What is written is seen live on every connected client."
    ),
    modifiers(&Bearer),
    security(("bearer" = [])),
    components(schemas(Problem))
)]
pub(super) struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        openapi.components.get_or_insert_default().add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// Operations that can be asked about what another one has made or found.
struct Links {
    /// That one, and the status with which it answers.
    from: (&'static str, &'static str),
    /// The others.
    to: &'static [&'static str],
    /// Where their parameters are in what was asked and answered.
    parameters: &'static [(&'static str, &'static str)],
}

const fn links(
    from: (&'static str, &'static str),
    to: &'static [&'static str],
    parameters: &'static [(&'static str, &'static str)],
) -> Links {
    Links { from, to, parameters }
}

const LINKS: &[Links] = &[
    links(("conversations_create", "201"), OF_A_CONVERSATION, &[("conversation", "$response.body#/conversation_id")]),
    links(("conversations_direct", "200"), OF_A_CONVERSATION, &[("conversation", "$response.body#/conversation_id")]),
    links(("conversations_direct", "201"), OF_A_CONVERSATION, &[("conversation", "$response.body#/conversation_id")]),
    links(
        ("conversations_list", "200"),
        OF_A_CONVERSATION,
        &[("conversation", "$response.body#/conversations/0/conversation")],
    ),
    links(("resources_begin", "200"), OF_A_RESOURCE, &[("conversation", "$response.body#/id")]),
    links(("resources_begin", "201"), OF_A_RESOURCE, &[("conversation", "$response.body#/id")]),
    links(("messages_send", "201"), OF_A_MESSAGE, &[CONVERSATION, ("message", "$response.body#/id")]),
    links(("messages_list", "200"), OF_A_MESSAGE, &[CONVERSATION, ("message", "$response.body#/messages/0/id")]),
    links(("members_add", "200"), OF_A_MEMBER, &[CONVERSATION, ("account", "$request.body#/account")]),
    links(("members_list", "200"), OF_A_MEMBER, &[CONVERSATION, ("account", "$response.body#/members/0/account")]),
    links(("joining_make_invite", "201"), OF_AN_INVITE, &[CONVERSATION, ("invite", "$response.body#/id")]),
    links(("joining_invites", "200"), OF_AN_INVITE, &[CONVERSATION, ("invite", "$response.body#/invites/0/id")]),
    links(("webhooks_add", "201"), OF_A_WEBHOOK, &[("webhook", "$response.body#/id")]),
    links(("webhooks_list", "200"), OF_A_WEBHOOK, &[("webhook", "$response.body#/webhooks/0/id")]),
];

const CONVERSATION: (&str, &str) = ("conversation", "$request.path.conversation");
const OF_A_CONVERSATION: &[&str] = &[
    "conversations_read",
    "conversations_change",
    "messages_send",
    "messages_list",
    "members_add",
    "members_list",
    "joining_invite",
    "joining_make_invite",
    "joining_invites",
    "receipts_list",
    "receipts_advance",
    "conversations_delete",
];
const OF_A_RESOURCE: &[&str] =
    &["resources_read", "resources_messages", "resources_move_lead", "messages_send", "conversations_change"];
const OF_A_MESSAGE: &[&str] =
    &["messages_read", "messages_edit", "messages_react", "messages_unreact", "messages_delete"];
const OF_A_MEMBER: &[&str] =
    &["members_permissions", "members_change", "members_ban", "members_unban", "members_remove"];
const OF_AN_INVITE: &[&str] = &["joining_take_invite_away"];
const OF_A_WEBHOOK: &[&str] = &[
    "webhooks_read",
    "webhooks_change",
    "webhooks_rotate",
    "webhooks_deliveries",
    "webhooks_replay_all",
    "webhooks_remove",
];

/// What the texts of ids look like, by the name of the id: 16 bytes in base32, or printable characters that need not be escaped.
const IDS: &[(&str, &str)] = &[
    ("ConversationId", "^[0-9a-v]{25}[048cgkos]$"),
    ("InviteId", "^[0-9a-v]{25}[048cgkos]$"),
    ("AccountId", r"^[!#-&(-.0-\[\]-_a-~]{1,128}$"),
    ("MessageId", r"^[0-9a-v]{25}[048cgkos]\.[!#-&(-.0-\[\]-_a-~]{1,128}$"),
];

/// The ids in paths, by the names that they have there.
const IN_PATHS: &[(&str, &str)] =
    &[("conversation", "ConversationId"), ("account", "AccountId"), ("message", "MessageId"), ("invite", "InviteId")];

/// The status of a read whose answer has not changed, which only reads have.
const UNCHANGED: &str = "304";

/// Reads that are answered as they are made.
const STREAMS: &[&str] = &["events_listen", "accounts_export"];

/// Adds to a description of routes what holds for all of them.
pub(super) fn complete(openapi: &mut utoipa::openapi::OpenApi) {
    for (id, pattern) in IDS {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(*pattern));
        openapi.components.get_or_insert_default().schemas.insert((*id).to_owned(), schema.into());
    }
    let answers = answers();
    for (_, name, response) in &answers {
        let responses = &mut openapi.components.get_or_insert_default().responses;
        responses.insert((*name).to_owned(), RefOr::T(response.clone()));
    }
    for path in openapi.paths.paths.values_mut() {
        for operation in operations(path) {
            name(operation);
            identify(operation);
            link(operation);
            for (status, name, _) in answers.iter().filter(|(status, ..)| *status != UNCHANGED) {
                answer(operation, status, name);
            }
        }
        for write in writes(path) {
            repeat(write);
        }
        // Whoever holds the answer of a read is told so, but of one that is told as it is made.
        let is_stream = |read: &Operation| read.operation_id.as_deref().is_some_and(|id| STREAMS.contains(&id));
        if let Some(read) = path.get.as_mut().filter(|read| !is_stream(read)) {
            for (status, name, _) in answers.iter().filter(|(status, ..)| *status == UNCHANGED) {
                answer(read, status, name);
            }
        }
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten()
}

/// Those of a path that write. What is asked in a body, because it is more than an address holds, writes nothing.
fn writes(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let all = [&mut path.put, &mut path.post, &mut path.delete, &mut path.patch].into_iter().flatten();
    all.filter(|operation| operation.operation_id.as_deref() != Some("accounts_match_contacts"))
}

/// Says that an operation may be made again under a key.
fn repeat(operation: &mut Operation) {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(KEY_CHARACTERS_MAX));
    let header = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .description(Some(
            "Made again under this key of yours within a day, the request is written once and answered alike",
        ))
        .schema(Some(key));
    operation.parameters.get_or_insert_default().push(RefOr::T(header.build()));
}

/// Gives an operation a name of its own: what it is about, and what it does.
fn name(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
    let function = operation.operation_id.take().unwrap_or_default();
    operation.operation_id = Some(format!("{tag}_{function}"));
}

/// Says what the ids in the path of an operation look like.
fn identify(operation: &mut Operation) {
    let in_path = |parameter: &&mut Parameter| parameter.parameter_in == ParameterIn::Path;
    for parameter in operation.parameters.iter_mut().flatten().filter_map(inline).filter(in_path) {
        if let Some((_, id)) = IN_PATHS.iter().find(|(name, _)| *name == parameter.name) {
            parameter.schema = Some(Ref::from_schema_name(*id).into());
        }
    }
}

fn inline(parameter: &mut RefOr<Parameter>) -> Option<&mut Parameter> {
    match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    }
}

/// Answers that operations have in common, by status: what each is called, and what it is.
fn answers() -> [(&'static str, &'static str, Response); 5] {
    let problem = |description: &str| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
        ResponseBuilder::new().description(description).content(PROBLEM_JSON, content)
    };
    let retry_after = || {
        let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
        HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds until it may succeed")).build()
    };
    let later = |description: &str| problem(description).header("Retry-After", retry_after()).build();
    let unchanged = ResponseBuilder::new().description("What `If-None-Match` names is still the answer").build();
    [
        (UNCHANGED, "Unchanged", unchanged),
        ("4XX", "Refused", problem("What was asked is refused; `code` says why").build()),
        ("429", "TooMany", later("More than the share of the account; again after `Retry-After`")),
        ("503", "Unavailable", later("The server or its store cannot answer now; again after `Retry-After`")),
        ("5XX", "Failed", problem("The server failed; `code` says how").build()),
    ]
}

/// Says that an operation may give one of the answers that operations have in common.
fn answer(operation: &mut Operation, status: &str, name: &str) {
    operation.responses.responses.insert(status.to_owned(), RefOr::Ref(Ref::from_response_name(name)));
}

fn link(operation: &mut Operation) {
    let own = operation.operation_id.clone().unwrap_or_default();
    for Links { from: (_, status), to, parameters } in LINKS.iter().filter(|links| links.from.0 == own) {
        let Some(RefOr::T(response)) = operation.responses.responses.get_mut(*status) else { continue };
        for other in *to {
            response.links.insert((*other).to_owned(), RefOr::T(link_to(other, parameters)));
        }
    }
}

fn link_to(operation: &str, parameters: &[(&str, &str)]) -> Link {
    let link = LinkBuilder::new().operation_id(operation);
    parameters.iter().fold(link, |link, (name, value)| link.parameter(*name, *value)).build()
}
