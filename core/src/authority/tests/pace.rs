//! Slow mode.

use core::time::Duration;

use super::*;

const SECONDS: u32 = 30;

fn slow_room() -> Room {
    let mut room = Room::group();
    room.push("ow", None, &[Fact::Policy(Policy::SlowModeSeconds(SECONDS))]).unwrap();
    room
}

fn at(seconds: u32) -> WallTime {
    NOW.plus(Duration::from_secs(u64::from(seconds)))
}

impl Room {
    /// What an account says at a time; until when it is deferred if it is.
    fn say_at(&mut self, number: u8, name: &str, page: u32, at: WallTime) -> Result<(), WallTime> {
        let document = self.document(Some(page));
        let pushed = self.write(&session(name), &document, &[says(number, name)]);
        for missing in self.stream.missing(&document) {
            self.stream.insert(Document::new(missing));
        }
        match self.stream.admit(&session(name), &pushed, at, &self.limits) {
            Ok(_) => Ok(()),
            Err(AdmitError::Refused(Refusal { code: Code::SlowMode, retry_at, .. })) => Err(retry_at.unwrap()),
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn a30_in_slow_mode_the_next_message_is_deferred() {
    let mut room = slow_room();
    assert_eq!(room.say_at(3, "me", 1, at(SECONDS - 1)), Err(at(SECONDS)), "message 2 was said a moment ago");
    assert_eq!(room.say_at(3, "me", 1, at(SECONDS)), Ok(()));
    assert_eq!(room.say_at(4, "me", 1, at(SECONDS + 1)), Err(at(2 * SECONDS)));
    for name in ["mo", "ad", "ow"] {
        assert_eq!(room.say_at(5, name, 1, at(SECONDS)), Ok(()), "{name} keeps order");
        assert_eq!(room.say_at(6, name, 1, at(SECONDS)), Ok(()), "{name} keeps order");
    }
    room.push("ow", None, &[Fact::Policy(Policy::SlowModeSeconds(0))]).unwrap();
    assert_eq!(room.say_at(4, "me", 1, at(SECONDS + 1)), Ok(()));
}

#[test]
fn a30_what_can_never_be_admitted_does_not_wait() {
    let room = slow_room();
    let other = says(9, "mo");
    room.check("me", Some(1), &[other], Err(Code::NotTheAuthor));
    room.check("me", Some(1), &[edit(2, "me")], Ok(()));
}

#[test]
fn a30_a_new_page_does_not_make_it_fast() {
    let mut room = slow_room();
    room.limits.page_changes_soft = 2;
    assert_eq!(room.say_at(3, "me", 2, at(1)), Err(at(SECONDS)));
}

#[test]
fn a30_whoever_decides_loads_the_page_before() {
    let mut room = slow_room();
    room.limits.page_changes_soft = 2;
    assert_eq!(room.say_at(3, "mo", 2, at(1)), Ok(()));
    let before = room.document(Some(1));
    room.stream.remove(&before);
    assert_eq!(room.stream.missing(&room.document(Some(2))), [before]);
}
