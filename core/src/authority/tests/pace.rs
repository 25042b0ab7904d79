//! Slow mode.

use core::time::Duration;

use super::*;
use crate::model::Parent;

const SECONDS: u32 = 30;

fn slow_fixture() -> Fixture {
    let mut fixture = Fixture::group();
    fixture.push("ow", None, &[Fact::Policy(Policy::SlowModeSeconds(SECONDS))]).unwrap();
    fixture
}

fn at(seconds: u32) -> WallTime {
    NOW.plus(Duration::from_secs(u64::from(seconds)))
}

impl Fixture {
    /// Sends a message at a given time; the error is until when it is deferred.
    fn say_at(&mut self, number: u8, name: &str, page: u32, at: WallTime) -> Result<(), WallTime> {
        let document = self.document(Some(page));
        self.push_to_at(name, &document, &[says(number, name)], at)
    }

    fn say_in_at(&mut self, number: u8, name: &str, thread: ConversationId, at: WallTime) -> Result<(), WallTime> {
        let document = TimelineId::of_thread(self.conversation(), thread).page(1);
        self.push_to_at(name, &document, &[says(number, name)], at)
    }

    fn open_at(
        &mut self,
        name: &str,
        message: &MessageId,
        title: Option<&str>,
        at: WallTime,
    ) -> Result<ConversationId, WallTime> {
        let conversation = self.conversation();
        let thread = ConversationId::thread(self.stream.tenant(), conversation, message);
        let parent = Parent { conversation, message: message.clone(), page: 1, depth: 1 };
        let created = Created::new(ConversationKind::Thread, account(name), NOW);
        let mut facts = vec![Fact::Created(Created { parent: Some(parent), ..created })];
        facts.extend(title.map(|title| Fact::Info(InfoField::Title, Some(title.into()))));
        self.push_to_at(name, &TimelineId::of_thread(conversation, thread).document(), &facts, at)?;
        Ok(thread)
    }

    fn push_to_at(&mut self, name: &str, document: &DocumentId, facts: &[Fact], at: WallTime) -> Result<(), WallTime> {
        let pushed = self.write(&session(name), document, facts);
        self.stream.insert_missing_for(document, &pushed.change);
        match self.stream.admit(&session(name), &pushed, at, &self.limits) {
            Ok(admitted) => {
                self.admitted.push(admitted.entry);
                Ok(())
            }
            Err(AdmitError::Refused(Refusal { code: Code::SlowMode, retry_at, .. })) => Err(retry_at.unwrap()),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a30_in_slow_mode_the_next_message_is_deferred() {
    let mut fixture = slow_fixture();
    assert_eq!(fixture.say_at(3, "me", 1, at(0)), Ok(()), "message 2 was said before slow mode was on");
    assert_eq!(fixture.say_at(4, "me", 1, at(SECONDS - 1)), Err(at(SECONDS)));
    assert_eq!(fixture.say_at(4, "me", 1, at(SECONDS)), Ok(()));
    assert_eq!(fixture.say_at(7, "me", 1, at(SECONDS + 1)), Err(at(2 * SECONDS)));
    for name in ["mo", "ad", "ow"] {
        assert_eq!(fixture.say_at(5, name, 1, at(SECONDS)), Ok(()), "{name} keeps order");
        assert_eq!(fixture.say_at(6, name, 1, at(SECONDS)), Ok(()), "{name} keeps order");
    }
    fixture.push("ow", None, &[Fact::Policy(Policy::SlowModeSeconds(0))]).unwrap();
    assert_eq!(fixture.say_at(7, "me", 1, at(SECONDS + 1)), Ok(()));
}

#[test]
fn a30_what_can_never_be_admitted_does_not_wait() {
    let fixture = slow_fixture();
    let other = says(9, "mo");
    fixture.check("me", Some(1), &[other], Err(Code::NotTheAuthor));
    fixture.check("me", Some(1), &[edit(2, "me")], Ok(()));
}

#[test]
fn a30_a_new_page_does_not_make_it_fast() {
    let mut fixture = slow_fixture();
    assert_eq!(fixture.say_at(3, "me", 1, at(0)), Ok(()));
    fixture.limits.page_changes_soft = 2;
    assert_eq!(fixture.say_at(4, "me", 2, at(1)), Err(at(SECONDS)));
}

#[test]
fn a81_slow_mode_counts_a_conversation_and_its_threads_together() {
    let mut fixture = slow_fixture();
    let threads = [message(1, "mo"), message(2, "me")].map(|from| fixture.open_at("mo", &from, None, at(0)).unwrap());
    assert_eq!(fixture.say_in_at(3, "me", threads[0], at(1)), Ok(()));
    assert_eq!(fixture.say_in_at(4, "me", threads[1], at(2)), Err(at(SECONDS + 1)));
    assert_eq!(fixture.say_at(4, "me", 1, at(2)), Err(at(SECONDS + 1)));
    assert_eq!(fixture.say_at(4, "me", 1, at(SECONDS + 1)), Ok(()));
    assert_eq!(fixture.say_in_at(5, "me", threads[0], at(SECONDS + 2)), Err(at(2 * SECONDS + 1)));
}

#[test]
fn a81_to_open_a_thread_is_to_say_something_and_the_first_words_go_with_it() {
    let fixture = slow_fixture();
    let (first, second) = (message(1, "mo"), message(2, "me"));
    let mut opened = fixture.clone();
    let thread = opened.open_at("me", &first, None, at(0)).unwrap();
    assert_eq!(opened.open_at("me", &second, None, at(1)), Err(at(SECONDS)));
    assert_eq!(opened.say_at(3, "me", 1, at(1)), Err(at(SECONDS)));
    assert_eq!(opened.say_in_at(3, "me", thread, at(1)), Ok(()));
    assert_eq!(opened.say_in_at(4, "me", thread, at(2)), Err(at(SECONDS + 1)));
    // A title counts as a statement.
    let mut titled = fixture.clone();
    let thread = titled.open_at("me", &first, Some("Words"), at(0)).unwrap();
    assert_eq!(titled.say_in_at(3, "me", thread, at(1)), Err(at(SECONDS)));
    // Somebody who said something a moment ago cannot open a thread.
    let mut said = fixture.clone();
    assert_eq!(said.say_at(3, "me", 1, at(0)), Ok(()));
    assert_eq!(said.open_at("me", &first, None, at(1)), Err(at(SECONDS)));
}

#[test]
fn a81_whoever_loads_the_stream_knows_what_was_said_from_its_entries() {
    let mut fixture = slow_fixture();
    assert_eq!(fixture.say_at(3, "me", 1, at(0)), Ok(()));
    let entries = core::mem::take(&mut fixture.admitted);
    let mut loaded = fixture.clone();
    loaded.stream = Stream::at(fixture.stream.tenant().clone(), fixture.stream.id().clone(), fixture.stream.head(), 1);
    fixture.stream.documents().for_each(|document| loaded.stream.insert(document.clone()));
    assert_eq!(loaded.stream.lacks_said(), Some(Position::ZERO));
    loaded.stream.recall(&entries);
    assert_eq!(loaded.stream.lacks_said(), None);
    assert_eq!(loaded.say_at(4, "me", 1, at(1)), Err(at(SECONDS)));
    // As does a replica that follows, even of pages that it does not hold.
    let mut follower = Stream::new(fixture.stream.tenant().clone(), fixture.stream.id().clone());
    follower.insert(Document::new(fixture.document(None)));
    for entry in &entries {
        follower.apply_entry(entry).unwrap();
        follower.remove(&fixture.document(Some(1)));
    }
    loaded.stream = follower;
    loaded.stream.insert(fixture.stream.document(&fixture.document(Some(1))).unwrap().clone());
    assert_eq!(loaded.say_at(4, "me", 1, at(1)), Err(at(SECONDS)));
}
