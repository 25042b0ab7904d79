//! The shapes that other systems know: each field of theirs is there, and of the same kind.

use serde_json::{Value, json};

use crate::support::{database::Database, on_each_store, rest::Caller, server::TestServer};

on_each_store! {
    t8_a_conversation_has_the_fields_of_the_documents_that_others_keep,
    t8_a_direct_is_answered_as_another_chat_service_did,
}

/// A group of two in the schema of such documents.
const SAMPLE: &str = r##"{
    "_id": "507f1f77bcf86cd799440100", "tenant_id": "clnt_acme_2024_x7k9",
    "conversation_id": "conv_petlovers_m9k2", "type": "group",
    "participants": [{
        "user_id": "507f1f77bcf86cd799440001", "external_user_id": "user_12345_acme", "display_name": "John Doe",
        "avatar_url": "https://cdn.example.org/avatars/usr_johndoe.jpg", "role": "owner",
        "permissions": {
            "can_send_messages": true, "can_send_media": true, "can_add_members": true, "can_remove_members": true,
            "can_change_info": true, "can_pin_messages": true, "can_delete_messages": true
        },
        "status": "active",
        "settings": {
            "muted": false, "muted_until": null, "pinned": true, "pinned_at": "2024-01-10T00:00:00Z",
            "archived": false, "archived_at": null, "notifications": "all"
        },
        "joined_at": "2024-01-01T00:00:00Z", "invited_by": null, "left_at": null, "removed_at": null,
        "last_read_message_id": "507f1f77bcf86cd799440250", "last_read_at": "2024-01-15T18:30:00Z"
    }],
    "metadata": {
        "name": "Pet Lovers Club", "description": "A group for pet enthusiasts",
        "avatar_url": "https://cdn.example.org/groups/petlovers.jpg",
        "theme": { "background_url": null, "color": "#FF6B35" },
        "settings": {
            "join_approval_required": false, "only_admins_can_message": false, "only_admins_can_add_members": false,
            "message_retention_days": 0, "slow_mode_seconds": 0
        },
        "channel": null
    },
    "last_message": {
        "message_id": "507f1f77bcf86cd799440250", "sender_id": "507f1f77bcf86cd799440001", "sender_name": "John Doe",
        "content_preview": "Check out this photo of Max!", "content_type": "image", "sent_at": "2024-01-15T18:45:00Z",
        "is_encrypted": true
    },
    "pinned_messages": [{
        "message_id": "507f1f77bcf86cd799440200", "pinned_by": "507f1f77bcf86cd799440001",
        "pinned_at": "2024-01-05T00:00:00Z"
    }],
    "stats": { "message_count": 1250, "media_count": 89, "file_count": 12, "participant_count": 45 },
    "encryption": {
        "enabled": true, "protocol": "signal", "group_key_id": "gk_petlovers_v2", "key_version": 2,
        "last_key_rotation_at": "2024-01-10T00:00:00Z"
    },
    "status": "active",
    "created_at": "2024-01-01T00:00:00Z", "updated_at": "2024-01-15T18:45:00Z", "deleted_at": null
}"##;

/// What the other chat service answered where there was no direct of 7 with 42.
const DIRECT: &str = r#"{
    "id": "e7d8f1c2-1b2c-4d3e-9f3a-123456789abc", "type": "direct", "title": "", "description": "", "avatar_url": "",
    "created_by": 7, "is_archived": false, "is_locked": false, "last_message_at": null, "last_message_preview": "",
    "created_at": "2025-11-18T10:00:00Z", "updated_at": "2025-11-18T10:00:00Z",
    "settings": {
        "send_policy": "all_members", "join_policy": "invite_only", "info_edit_policy": "admins_only",
        "subroom_policy": "all_members", "max_subroom_depth": 8, "message_retention_days": null,
        "allow_reactions": true, "allow_stickers": true, "allow_attachments": true,
        "created_at": "2025-11-18T10:00:00Z", "updated_at": "2025-11-18T10:00:00Z"
    },
    "members": [
        {
            "id": 1, "user_id": 7, "user_username": "alice", "base_role": "owner", "display_name": "",
            "notification_level": "all", "color": "", "is_muted": false, "is_blocked": false,
            "joined_at": "2025-11-18T10:00:00Z", "left_at": null, "is_active": true
        },
        {
            "id": 2, "user_id": 42, "user_username": "bob", "base_role": "member", "display_name": "",
            "notification_level": "all", "color": "", "is_muted": false, "is_blocked": false,
            "joined_at": "2025-11-18T10:00:00Z", "left_at": null, "is_active": true
        }
    ]
}"#;

/// Whether a text is a date and a time.
fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T' && text.ends_with('Z')
}

/// That every field of a sample is there, and holds something of the same kind, or nothing.
#[track_caller]
fn has_shape(found: &Value, sample: &Value, path: &str) {
    match (found, sample) {
        (Value::Object(found), Value::Object(sample)) => {
            for (name, of_sample) in sample {
                let value = found.get(name).unwrap_or_else(|| panic!("{path}.{name} is not there"));
                has_shape(value, of_sample, &format!("{path}.{name}"));
            }
        }
        (Value::Array(found), Value::Array(sample)) => {
            for (index, value) in found.iter().enumerate() {
                has_shape(value, sample.get(index).or(sample.first()).unwrap(), &format!("{path}[{index}]"));
            }
        }
        (Value::String(found), Value::String(sample)) => assert_eq!(is_time(found), is_time(sample), "{path}: {found}"),
        (Value::Null, _)
        | (_, Value::Null)
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Number(_), Value::Number(_)) => {}
        (found, sample) => panic!("{path}: {found} is not of the kind of {sample}"),
    }
}

/// The names of all fields of a value, with where they are.
fn fields(value: &Value, path: &str, all: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                all.push(format!("{path}.{name}"));
                fields(value, &format!("{path}.{name}"), all);
            }
        }
        Value::Array(values) => values.iter().take(1).for_each(|value| fields(value, &format!("{path}[]"), all)),
        _ => {}
    }
}

async fn t8_a_conversation_has_the_fields_of_the_documents_that_others_keep(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (john, jane) = (Caller::of(server.address, "john"), Caller::of(server.address, "jane"));
    let profile = json!({ "displayName": "John Doe", "avatarUrl": "https://cdn.example.org/avatars/usr_johndoe.jpg" });
    john.ask("PUT", "/v1/accounts/john", Some(profile), &[]).await.is(200);
    let asked = json!({ "kind": "group", "title": "Pet Lovers Club", "members": ["jane"] });
    let made = john.post("/v1/conversations", asked).await.is(201);
    let at = format!("/v1/conversations/{}", made["conversation_id"].as_str().unwrap());
    john.patch(&at, json!({ "description": "A group for pet enthusiasts" })).await.is(200);
    john.patch(&format!("{at}/members/jane"), json!({ "role": "admin" })).await.is(200);
    let said = jane.post(&format!("{at}/messages"), json!({ "content": "Look at Max!" })).await.is(201);
    john.ask("PUT", &format!("{at}/receipt"), Some(json!({ "read": said["position"] })), &[]).await.is(200);
    let found = john.get(&at).await.is(200);
    has_shape(&found, &serde_json::from_str(SAMPLE).unwrap(), "conversation");
    let [john, jane] = ["john", "jane"].map(|name| {
        let participants = found["participants"].as_array().unwrap();
        participants.iter().find(|one| one["user_id"] == name).unwrap().clone()
    });
    assert_eq!((&john["display_name"], &john["role"]), (&json!("John Doe"), &json!("owner")));
    assert_eq!(john["avatar_url"], "https://cdn.example.org/avatars/usr_johndoe.jpg");
    assert_eq!(john["last_read_message_id"], said["id"]);
    assert_eq!((&jane["role"], &jane["invited_by"]), (&json!("admin"), &json!("john")));
    assert_eq!(
        (&jane["permissions"]["can_add_members"], &jane["permissions"]["can_delete_messages"]),
        (&json!(true), &json!(true))
    );
    let last = &found["last_message"];
    assert_eq!(
        (&last["message_id"], &last["sender_id"], &last["content_preview"], &last["content_type"]),
        (&said["id"], &json!("jane"), &json!("Look at Max!"), &json!("text"))
    );
    assert_eq!(
        (&found["metadata"]["name"], &found["metadata"]["description"]),
        (&json!("Pet Lovers Club"), &json!("A group for pet enthusiasts"))
    );
    assert_eq!(
        (&found["tenant_id"], &found["type"], &found["status"]),
        (&json!("acme"), &json!("group"), &json!("active"))
    );
    assert_eq!((&found["stats"]["participant_count"], &found["stats"]["unread_count"]["john"]), (&json!(2), &json!(0)));
    server.stop().await;
}

async fn t8_a_direct_is_answered_as_another_chat_service_did(database: Database) {
    let server = TestServer::start(&database, &[]).await;
    let (seven, other) = (Caller::of(server.address, "7"), Caller::of(server.address, "42"));
    for (caller, id, name) in [(&seven, "7", "alice"), (&other, "42", "bob")] {
        caller.ask("PUT", &format!("/v1/accounts/{id}"), Some(json!({ "displayName": name })), &[]).await.is(200);
    }
    let path = "/api/chat/conversations/direct/";
    let begun = seven.post(path, json!({ "peer_user_id": 42 })).await.is(201);
    let sample: Value = serde_json::from_str(DIRECT).unwrap();
    // Neither more nor fewer fields, and each with the value of the sample but for ids and times.
    let (mut of_answer, mut of_sample) = (Vec::new(), Vec::new());
    fields(&begun, "", &mut of_answer);
    fields(&sample, "", &mut of_sample);
    assert_eq!(of_answer, of_sample);
    has_shape(&begun, &sample, "direct");
    let without_times = |value: &Value| {
        let text = value.to_string();
        let parts = text.split('"').map(|part| if is_time(part) { "a time" } else { part });
        let mut value: Value = serde_json::from_str(&parts.collect::<Vec<_>>().join("\"")).unwrap();
        value["id"] = Value::Null;
        value
    };
    assert_eq!(without_times(&begun), without_times(&sample));
    // Whoever asks second, as text too, finds the same.
    let found = seven.post(path, json!({ "peer_user_id": "42" })).await.is(200);
    assert_eq!(found, begun);
    let found = other.post("/api/chat/conversations/direct", json!({ "peer_user_id": 7 })).await.is(200);
    assert_eq!(found["id"], begun["id"]);
    let messages = format!("/v1/conversations/{}/messages", begun["id"].as_str().unwrap());
    seven.post(&messages, json!({ "content": "hi" })).await.is(201);
    let found = other.post(path, json!({ "peer_user_id": 7 })).await.is(200);
    assert_eq!(found["last_message_preview"], "hi");
    assert!(is_time(found["last_message_at"].as_str().unwrap()));
    for wrong in [json!({}), json!({ "peer_user_id": null }), json!({ "peer_user_id": 1.5 })] {
        seven.post(path, wrong).await.is_refused(400, "value_invalid");
    }
    seven.post(path, json!({ "peer_user_id": "no spaces" })).await.is_refused(400, "id_invalid");
    seven.post(path, json!({ "peer_user_id": 7 })).await.is_refused(400, "value_invalid");
    server.stop().await;
}
