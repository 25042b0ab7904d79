//! Conversations about a resource, as the systems know them that keep them in collections: each field of theirs, each
//! payload of theirs, and each step of a lead.

use serde_json::{Value, json};

use super::messages;
use crate::support::{database::Database, on_each_store, rest::Caller, server::TestServer};

on_each_store! {
    t19_a_conversation_about_a_resource_has_the_fields_of_the_documents_that_others_keep,
    t19_a_client_begins_the_conversation_about_a_resource_once,
    t19_proposals_and_responses_are_sent_and_read_with_the_payloads_of_others,
    t19_a_lead_takes_each_of_its_steps,
    t20_what_a_resource_is_called_now_is_told_once_for_all_conversations_about_it,
}

/// The columns of such a conversation and of its messages.
const CONVERSATION: [&str; 12] = [
    "resourceId",
    "resourceTitle",
    "clientUserId",
    "clientName",
    "ownerUserId",
    "ownerName",
    "lastMessage",
    "lastMessageAt",
    "clientUnread",
    "ownerUnread",
    "status",
    "enabled",
];
const MESSAGE: [&str; 11] = [
    "conversationId",
    "senderUserId",
    "senderName",
    "senderRole",
    "body",
    "kind",
    "payloadJson",
    "relatedLeadId",
    "readBySender",
    "readByRecipient",
    "enabled",
];

/// The payloads as their document has them; the times lie ahead of any clock that runs the tests.
const PROPOSAL: &str = r#"{
    "proposalType": "visit", "timeStart": "2096-04-15T16:00:00.000Z", "timeEnd": "2096-04-15T16:30:00.000Z",
    "timezone": "America/Mexico_City", "meetingType": "on_site", "location": "Address or call link",
    "fromResourceAddress": true, "status": "pending", "expiresAt": "2096-04-14T00:00:00.000Z", "createdByRole": "owner"
}"#;
const RESPONSE: &str = r#"{
    "response": "request_change", "comment": "Can we move it to tomorrow?",
    "suggestedSlots": [{
        "startDateTime": "2096-04-16T16:00:00.000Z", "endDateTime": "2096-04-16T16:30:00.000Z",
        "timezone": "America/Mexico_City"
    }]
}"#;

fn inquiry() -> Value {
    json!({
        "resourceId": "flat-7", "resourceTitle": "Seven rooms by the sea", "ownerUserId": "olga", "ownerName": "Olga",
        "clientName": "Cleo", "intent": "visit", "contactChannel": "chat", "body": "May I see it?",
    })
}

/// A client, an owner and the address of their conversation about a flat.
struct Negotiation {
    server: TestServer,
    cleo: Caller,
    olga: Caller,
    at: String,
}

impl Negotiation {
    async fn begin(database: &Database) -> Self {
        let server = TestServer::start(database, &[]).await;
        let (cleo, olga) = (Caller::of(server.address, "cleo"), Caller::of(server.address, "olga"));
        let begun = cleo.post("/v1/conversations/resource", inquiry()).await.is(201);
        let at = format!("/v1/conversations/{}", begun["id"].as_str().unwrap());
        Self { server, cleo, olga, at }
    }

    async fn document(&self, reader: &Caller) -> Value {
        reader.get(&format!("{}/resource", self.at)).await.is(200)
    }

    async fn messages(&self, reader: &Caller) -> Vec<Value> {
        let page = reader.get(&format!("{}/resource/messages", self.at)).await.is(200);
        page["messages"].as_array().unwrap().clone()
    }

    async fn say(&self, author: &Caller, content: Value) -> Value {
        author.post(&format!("{}/messages", self.at), json!({ "content": content })).await.is(201)
    }

    /// State of the conversation, and stage, archive and number of its newest lead.
    async fn lead(&self) -> (Value, Value, Value, usize) {
        let document = self.document(&self.olga).await;
        let leads = document["leads"].as_array().unwrap();
        let lead = leads.last().unwrap();
        (document["status"].clone(), lead["status"].clone(), lead["isArchived"].clone(), leads.len())
    }
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

async fn t19_a_conversation_about_a_resource_has_the_fields_of_the_documents_that_others_keep(database: Database) {
    let talk = Negotiation::begin(&database).await;
    let document = talk.document(&talk.olga).await;
    for column in CONVERSATION {
        assert!(!document[column].is_null(), "{column}: {document}");
    }
    let (title, last) = (&document["resourceTitle"], &document["lastMessage"]);
    assert_eq!((title, last), (&json!("Seven rooms by the sea"), &json!("May I see it?")));
    assert_eq!((&document["clientUserId"], &document["clientName"]), (&json!("cleo"), &json!("Cleo")));
    assert_eq!((&document["ownerUserId"], &document["ownerName"]), (&json!("olga"), &json!("Olga")));
    assert_eq!((&document["clientUnread"], &document["ownerUnread"]), (&json!(0), &json!(1)));
    assert_eq!((&document["status"], &document["enabled"]), (&json!("active"), &json!(true)));
    let lead = &document["leads"][0];
    assert_eq!(
        (&lead["status"], &lead["isArchived"], &lead["openedBy"]),
        (&json!("open"), &json!(false), &json!("cleo"))
    );
    assert_eq!(parsed(&lead["metaJson"]), json!({ "intent": "visit", "contactChannel": "chat" }));
    let [message] = &talk.messages(&talk.olga).await[..] else { panic!("one was sent") };
    for column in MESSAGE {
        assert!(message.get(column).is_some(), "{column}: {message}");
    }
    assert_eq!((&message["senderRole"], &message["kind"]), (&json!("client"), &json!("text")));
    assert_eq!((&message["relatedLeadId"], &message["readByRecipient"]), (&lead["id"], &json!(false)));
    // Each side has its own count, and a name that changes is the new one at once.
    let answer = talk.say(&talk.olga, json!("Any day.")).await;
    let read = json!({ "read": answer["position"] });
    talk.olga.ask("PUT", &format!("{}/receipt", talk.at), Some(read), &[]).await.is(200);
    talk.cleo.ask("PUT", "/v1/accounts/cleo", Some(json!({ "displayName": "Cleo Lee" })), &[]).await.is(200);
    let document = talk.document(&talk.cleo).await;
    assert_eq!((&document["clientUnread"], &document["ownerUnread"]), (&json!(1), &json!(0)));
    assert_eq!((&document["clientName"], &document["ownerName"]), (&json!("Cleo Lee"), &json!("Olga")));
    let told = talk.messages(&talk.cleo).await;
    assert_eq!((&told[0]["senderName"], &told[0]["readByRecipient"]), (&json!("Cleo Lee"), &json!(true)));
    assert_eq!((&told[1]["senderRole"], &told[1]["readByRecipient"]), (&json!("owner"), &json!(false)));
    // An administrator reads the same; nobody else learns that there is one.
    let root = Caller::administrator(talk.server.address, "root");
    assert_eq!(talk.document(&root).await["lastMessage"], "Any day.");
    let outsider = Caller::of(talk.server.address, "zoe");
    for path in ["resource", "resource/messages"] {
        outsider.get(&format!("{}/{path}", talk.at)).await.is_refused(404, "conversation_unknown");
    }
    // Everybody writes on their own side, also who has left since.
    let staff = Caller::of(talk.server.address, "stan");
    talk.olga.post(&format!("{}/members", talk.at), json!({ "account": "stan" })).await.is(200);
    talk.say(&staff, json!("I have the keys.")).await;
    talk.say(&root, json!("Mind the dog.")).await;
    staff.delete(&format!("{}/members/stan", talk.at)).await.is(200);
    let told = talk.messages(&talk.cleo).await;
    let roles: Vec<&str> = told.iter().map(|message| message["senderRole"].as_str().unwrap()).collect();
    assert_eq!(roles, ["client", "owner", "staff", "root"]);
    // What was taken back is disabled, and of what is not about a resource there is no such document.
    talk.olga.delete(&format!("{}/messages/{}", talk.at, answer["id"].as_str().unwrap())).await.is(200);
    let told = talk.messages(&talk.cleo).await;
    assert_eq!((&told[1]["enabled"], &told[1]["body"], &told[1]["kind"]), (&json!(false), &json!(""), &json!("text")));
    let group = talk.cleo.post("/v1/conversations", json!({ "kind": "group" })).await.is(201);
    let group = format!("/v1/conversations/{}", group["conversation_id"].as_str().unwrap());
    talk.cleo.get(&format!("{group}/resource")).await.is_refused(409, "wrong_kind");
    talk.cleo.patch(&format!("{group}/lead"), json!({ "status": "visit_planned" })).await.is_refused(409, "wrong_kind");
    talk.server.stop().await;
}

async fn t19_a_client_begins_the_conversation_about_a_resource_once(database: Database) {
    let talk = Negotiation::begin(&database).await;
    let path = "/v1/conversations/resource";
    let again = talk.cleo.post(path, inquiry()).await.is(200);
    assert_eq!(talk.at, format!("/v1/conversations/{}", again["id"].as_str().unwrap()));
    assert_eq!(talk.messages(&talk.olga).await.len(), 2, "asked twice, under no key");
    // Under a key it is one request, whose answer is that of the first time.
    let other = json!({ "resourceId": "flat-8", "ownerUserId": "olga", "body": "And this one?" });
    let key = [("Idempotency-Key", "inquiry-8")];
    let begun = talk.cleo.ask("POST", path, Some(other.clone()), &key).await.is(201);
    let begun_again = talk.cleo.ask("POST", path, Some(other), &key).await.is(201);
    assert_eq!(begun["id"], begun_again["id"]);
    let told = talk.olga.get(&messages(begun["id"].as_str().unwrap())).await.is(200);
    assert_eq!(told["messages"].as_array().unwrap().len(), 1);
    let changed = json!({ "resourceId": "flat-8", "ownerUserId": "olga", "body": "Well?" });
    talk.cleo.ask("POST", path, Some(changed), &key).await.is_refused(422, "key_reused");
    for (wrong, code) in [
        (json!({ "ownerUserId": "olga" }), "value_invalid"),
        (json!({ "resourceId": "", "ownerUserId": "olga" }), "value_invalid"),
        (json!({ "resourceId": "flat-9", "ownerUserId": "cleo" }), "value_invalid"),
        (json!({ "resourceId": "flat-9", "ownerUserId": "no spaces" }), "id_invalid"),
        (json!({ "resourceId": "x".repeat(65), "ownerUserId": "olga" }), "text_too_long"),
    ] {
        let answer = talk.cleo.post(path, wrong.clone()).await;
        assert_eq!(answer.code(), code, "{wrong}: {answer:?}");
    }
    talk.server.stop().await;
}

async fn t19_proposals_and_responses_are_sent_and_read_with_the_payloads_of_others(database: Database) {
    let talk = Negotiation::begin(&database).await;
    let sample = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let with = |payload: &str, more: Value| {
        let mut content = sample(payload);
        content.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        content
    };
    let said = talk.say(&talk.olga, with(PROPOSAL, json!({ "kind": "proposal", "text": "On Monday?" }))).await;
    let proposal = talk.messages(&talk.cleo).await.pop().unwrap();
    assert_eq!((&proposal["kind"], &proposal["body"]), (&json!("proposal"), &json!("On Monday?")));
    assert_eq!(parsed(&proposal["payloadJson"]), sample(PROPOSAL));
    let more = json!({ "kind": "proposal_response", "proposal": said["id"] });
    talk.say(&talk.cleo, with(RESPONSE, more)).await;
    let told = talk.messages(&talk.olga).await;
    let [.., proposal, response] = &told[..] else { panic!("both are there: {told:?}") };
    assert_eq!(response["kind"], "proposal_response");
    let mut payload = parsed(&response["payloadJson"]);
    assert_eq!(payload.as_object_mut().unwrap().remove("proposal"), Some(said["id"].clone()));
    assert_eq!(payload, sample(RESPONSE));
    assert_eq!(parsed(&proposal["payloadJson"])["status"], "reschedule_requested");
    for (response, status) in [("accept", "accepted"), ("reject", "rejected")] {
        let said = talk.say(&talk.olga, with(PROPOSAL, json!({ "kind": "proposal" }))).await;
        let content = json!({ "kind": "proposal_response", "proposal": said["id"], "response": response });
        talk.say(&talk.cleo, content.clone()).await;
        let settled = talk.messages(&talk.olga).await.into_iter().find(|message| message["id"] == said["id"]).unwrap();
        assert_eq!(parsed(&settled["payloadJson"])["status"], status);
        let again = talk.cleo.post(&format!("{}/messages", talk.at), json!({ "content": content })).await;
        again.is_refused(409, "proposal_settled");
    }
    let untimely = with(PROPOSAL, json!({ "kind": "proposal", "timeStart": "on Monday" }));
    let refused = talk.olga.post(&format!("{}/messages", talk.at), json!({ "content": untimely })).await;
    refused.is_refused(400, "value_invalid");
    talk.server.stop().await;
}

async fn t19_a_lead_takes_each_of_its_steps(database: Database) {
    let talk = Negotiation::begin(&database).await;
    let (at, olga, cleo) = (&talk.at, &talk.olga, &talk.cleo);
    let lead = format!("{at}/lead");
    let step = |status: &str| json!({ "status": status });
    let state = |state: &str| json!({ "state": state });
    olga.patch(&lead, step("visit_planned")).await.is(200);
    assert_eq!(talk.lead().await, (json!("active"), json!("visit_planned"), json!(false), 1));
    // Archiving leaves its stage, and a message of the client takes it out of there.
    olga.patch(at, state("archived")).await.is(200);
    assert_eq!(talk.lead().await, (json!("archived"), json!("visit_planned"), json!(true), 1));
    talk.say(cleo, json!("Still there?")).await;
    assert_eq!(talk.lead().await, (json!("active"), json!("visit_planned"), json!(false), 1));
    // A conversation is closed with its lead, and a closed lead with an outcome.
    olga.patch(at, state("closed")).await.is_refused(409, "lead_invalid");
    let lost = json!({ "status": "closed_lost", "closureReason": "rented to somebody else" });
    cleo.patch(&lead, lost.clone()).await.is_refused(403, "permission_denied");
    let closed = olga.patch(&lead, lost).await.is(200);
    assert_eq!(parsed(&closed["leads"][0]["metaJson"])["closureReason"], "rented to somebody else");
    assert_eq!(talk.lead().await, (json!("closed"), json!("closed_lost"), json!(false), 1));
    // What the client asks after that is another lead.
    let asked = talk.say(cleo, json!("Is it free again?")).await;
    assert_eq!(talk.lead().await, (json!("active"), json!("open"), json!(false), 2));
    let [first, .., newest] = &talk.messages(olga).await[..] else { panic!("three were sent") };
    let leads = talk.document(olga).await["leads"].clone();
    assert_eq!((&newest["id"], &newest["relatedLeadId"]), (&asked["id"], &leads[1]["id"]));
    assert_eq!(first["relatedLeadId"], leads[0]["id"]);
    olga.patch(&lead, step("closed_won")).await.is(200);
    assert_eq!(talk.lead().await, (json!("closed"), json!("closed_won"), json!(false), 2));
    // So is what the owner opens again.
    olga.patch(at, state("active")).await.is(200);
    assert_eq!(talk.lead().await, (json!("active"), json!("open"), json!(false), 3));
    for wrong in [step("closed_early"), step("Open"), json!({ "status": "open", "closureReason": "none" }), json!({})] {
        let answer = olga.patch(&lead, wrong.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, "value_invalid"), "{wrong}");
    }
    talk.server.stop().await;
}

async fn t20_what_a_resource_is_called_now_is_told_once_for_all_conversations_about_it(database: Database) {
    let talk = Negotiation::begin(&database).await;
    let ask = |client: &str, resource: &str| {
        let body = json!({ "resourceId": resource, "resourceTitle": "Seven rooms by the sea", "ownerUserId": "olga" });
        let client = Caller::of(talk.server.address, client);
        async move { client.post("/v1/conversations/resource", body).await.is(201)["id"].as_str().unwrap().to_owned() }
    };
    let (same, other) = (ask("dan", "flat-7").await, ask("dan", "flat-8").await);
    let title = |id: String| async move {
        Caller::of(talk.server.address, "olga").get(&format!("/v1/conversations/{id}")).await.is(200)["metadata"]["name"].clone()
    };
    talk.olga.patch(&format!("{}/lead", talk.at), json!({ "status": "closed_won" })).await.is(200);
    let call = |caller: &Caller, title: &str, key: &'static str| {
        let (caller, body) = (caller.clone(), json!({ "title": title }));
        async move { caller.ask("PUT", "/v1/resources/flat-7", Some(body), &[("Idempotency-Key", key)]).await }
    };
    assert_eq!(call(&talk.olga, "Eight rooms", "k1").await.is(200), json!({ "conversations": 2 }));
    assert_eq!(title(same.clone()).await, "Eight rooms");
    assert_eq!(title(other).await, "Seven rooms by the sea");
    assert_eq!(talk.document(&talk.cleo).await["resourceTitle"], "Eight rooms", "also where it is over");
    // Told again it writes nothing, and a title that a conversation was given stays its own.
    let newest = |answer: Value| answer["messages"].clone();
    let before = newest(talk.olga.get(&messages(&same)).await.is(200));
    assert_eq!(call(&talk.olga, "Eight rooms", "k2").await.is(200), json!({ "conversations": 2 }));
    assert_eq!(newest(talk.olga.get(&messages(&same)).await.is(200)), before);
    talk.olga.patch(&format!("/v1/conversations/{same}"), json!({ "title": "For Dan" })).await.is(200);
    call(&talk.olga, "Nine rooms", "k3").await.is(200);
    assert_eq!(title(same).await, "For Dan");
    // It is for the owner to say; whoever has nothing about it changes nothing.
    call(&talk.cleo, "Mine", "k4").await.is_refused(403, "permission_denied");
    assert_eq!(
        call(&Caller::of(talk.server.address, "zoe"), "Mine", "k5").await.is(200),
        json!({ "conversations": 0 })
    );
    // An administrator of the tenant says so for everybody, also of conversations that are over.
    let root = Caller::administrator(talk.server.address, "root");
    assert_eq!(call(&root, "Ten rooms", "k7").await.is(200), json!({ "conversations": 2 }));
    assert_eq!(talk.document(&talk.cleo).await["resourceTitle"], "Ten rooms");
    call(&talk.olga, &"x".repeat(201), "k6").await.is_refused(400, "text_too_long");
    talk.server.stop().await;
}
