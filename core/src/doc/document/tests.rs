//! A document's contents, compared with the library's.

use automerge::{ExpandedChange, legacy, transaction::CommitOptions, transaction::Transactable};

use super::*;
use crate::{
    ids::{ConversationId, TimelineId},
    model::InfoField,
};

const AT: WallTime = WallTime::from_millis(5_000);

fn title(text: &str) -> [Fact; 1] {
    [Fact::Info(InfoField::Title, Some(text.into()))]
}

/// A change on an object that does not exist: automerge 0.12 panics when it applies it.
fn poison(document: &Document, device: DeviceId) -> Change {
    let honest = document.clone().write(device, AT, &title("poison")).unwrap();
    let mut expanded = ExpandedChange::from(honest.inner());
    expanded.operations[0].obj = legacy::ObjectId::Id(legacy::OpId::new(77, honest.inner().actor_id()));
    expanded.operations[0].pred = Vec::new().into();
    Change::from_automerge(automerge::Change::from(expanded), device)
}

/// The bytes of the change by which the library itself states facts.
fn written_by_the_library(document: &Document, device: DeviceId, facts: &[Fact]) -> Option<Vec<u8>> {
    let mut whole = document.clone();
    whole.flush().unwrap();
    let automerge = Arc::make_mut(&mut whole.automerge);
    automerge.set_actor(ActorId::from(*device.as_bytes()));
    let mut transaction = automerge.transaction();
    for fact in facts {
        let (key, value) = fact.write();
        let (key, value) = (key.to_string(), value.map(|value| value.to_scalar()));
        let stated = transaction.get(ROOT, key.as_str()).unwrap().and_then(|(value, _)| value.into_scalar().ok());
        match value {
            value if value == stated => {}
            Some(value) => transaction.put(ROOT, key, value).unwrap(),
            None => transaction.delete(ROOT, key).unwrap(),
        }
    }
    let seconds = i64::try_from(AT.as_seconds()).unwrap();
    let (hash, _) = transaction.commit_with(CommitOptions::default().with_time(seconds));
    Some(automerge.get_change_by_hash(&hash?).unwrap().raw_bytes().to_vec())
}

#[test]
fn b13_a_document_is_as_it_was_when_the_library_fails() {
    let [ann, bob] = [1, 2].map(|byte| DeviceId::from_bytes([byte; 16]));
    let mut writer = Document::new(TimelineId::of(ConversationId::from_bytes([1; 16])).document());
    let mut document = writer.clone();
    for number in 0..5 {
        let change = writer.write(ann, AT, &title(&number.to_string())).unwrap();
        document.apply(&change).unwrap();
        let before = (document.heads(), document.changes(), document.latest_of(bob), document.save());
        let failed = document.apply(&poison(&document, bob));
        assert_eq!(failed, Err(ApplyChangeError::Apply("the library failed".into())));
        assert_eq!((document.heads(), document.changes(), document.latest_of(bob), document.save()), before);
    }
    document.drop_fallback();
    let change = writer.write(bob, AT, &title("after all")).unwrap();
    document.apply(&change).unwrap();
    assert_eq!(document.heads(), writer.heads());
    let (position, data, admissions) = document.save();
    let restored = Document::restore(document.id.clone(), Some((position, &data, &admissions)), &[]).unwrap();
    assert_eq!(
        restored.fact(&Key::Info(InfoField::Title)),
        Some(Fact::Info(InfoField::Title, Some("after all".into())))
    );
}

#[test]
fn b12_what_is_composed_here_is_what_the_library_writes() {
    let devices = [7, 3].map(|byte| DeviceId::from_bytes([byte; 16]));
    let mut documents =
        [1, 1].map(|byte| Document::new(TimelineId::of(ConversationId::from_bytes([byte; 16])).document()));
    let many = [
        Fact::Info(InfoField::Title, Some("boats".into())),
        Fact::Info(InfoField::Description, Some("on the lake".into())),
        Fact::Locked(true),
    ];
    let rounds: [&[Fact]; 5] = [&title("boats"), &many, &many[1..], &[Fact::Info(InfoField::Title, None)], &title("x")];
    for (round, facts) in rounds.into_iter().enumerate() {
        let mut written = Vec::new();
        for (document, device) in documents.iter_mut().zip(devices) {
            let by_the_library = written_by_the_library(document, device, facts);
            let change = document.write(device, AT, facts);
            assert_eq!(change.as_ref().map(|change| change.bytes().to_vec()), by_the_library, "round {round}");
            written.push(change);
        }
        // Every other round both write without having seen the other's change.
        if round % 2 == 1 {
            let [one, other] = documents.clone();
            for (document, from) in documents.iter_mut().zip([other, one]) {
                for change in from.run.changes() {
                    document.queue_pending(change).unwrap();
                }
                assert!(document.says_what_the_library_says());
            }
            assert_eq!(documents[0].heads(), documents[1].heads());
        }
    }
}

#[test]
fn b12_what_is_written_over_several_values_replaces_all_of_them() {
    let devices = [1, 2, 3].map(|byte| DeviceId::from_bytes([byte; 16]));
    let begun = Document::new(TimelineId::of(ConversationId::from_bytes([1; 16])).document());
    for (first, second) in [("boats", "boats"), ("boats", "ships"), ("ships", "boats")] {
        for next in [Some("boats"), Some("ships"), Some("trains"), None] {
            let [mut document, mut other] = [begun.clone(), begun.clone()];
            document.write(devices[0], AT, &title(first)).unwrap();
            document.apply(&other.write(devices[1], AT, &title(second)).unwrap()).unwrap();
            let visible = document.visible(&Key::Info(InfoField::Title).to_string(), None);
            assert_eq!(visible.len(), 2);
            let won = document.get(&Key::Info(InfoField::Title));

            let stated = [Fact::Info(InfoField::Title, next.map(str::to_owned))];
            let composed = document.compose(devices[2], AT, &stated).map(|change| change.bytes().to_vec());
            assert_eq!(composed, written_by_the_library(&document, devices[2], &stated));
            assert!(document.says_what_the_library_says());
            match document.write(devices[2], AT, &[Fact::Info(InfoField::Title, next.map(str::to_owned))]) {
                Some(change) => {
                    assert_eq!(change.operations()[0].predecessors, visible, "{first} {second} {next:?}")
                }
                None => assert_eq!(won, next.map(|text| Value::Text(text.into())), "{first} {second} {next:?}"),
            }
        }
    }
}
