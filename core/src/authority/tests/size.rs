//! How much a page holds, in bytes.

use super::*;

/// What an account says, so many characters of it.
fn says_long(number: u8, author: &str, characters: usize) -> Fact {
    let text = "x".repeat(characters);
    let body = MessageBody { kind: MessageKind::Text, text, reply_to: None, mentions: None };
    Fact::Message(message(number, author), body)
}

impl Room {
    fn bytes(&self, page: u32) -> u64 {
        self.stream.document(&self.document(Some(page))).unwrap().change_bytes()
    }
}

#[test]
fn d20_a_page_closes_by_bytes_and_fills_by_bytes() {
    let mut room = Room::group();
    let begun = u32::try_from(room.bytes(1)).unwrap();
    room.limits.page_bytes_soft = begun + 1_000;
    room.limits.page_bytes_max = begun + 3_000;
    room.push("me", Some(1), &[says_long(3, "me", 500)]).unwrap();
    // One that begins below the mark passes it: no message is too long for an open page.
    room.check("me", Some(2), &[says(4, "me")], Err(Code::PageNotOpen));
    room.push("me", Some(1), &[says_long(4, "me", 1_000)]).unwrap();
    room.check("me", Some(1), &[says(5, "me")], Err(Code::PageClosed));
    room.check("me", Some(2), &[says(5, "me")], Ok(()));
    let edited = |characters| {
        let text = "x".repeat(characters);
        [Fact::Edit(message(2, "me"), Edit { text, at: NOW })]
    };
    let left = usize::try_from(u64::from(room.limits.page_bytes_max) - room.bytes(1)).unwrap();
    room.check("me", Some(1), &edited(left), Err(Code::PageFull));
    room.push("me", Some(1), &edited(left - 400)).unwrap();
    assert!(room.bytes(1) <= u64::from(room.limits.page_bytes_max));
    room.check("me", Some(1), &edited(400), Err(Code::PageFull));
}

#[test]
fn d20_every_replica_counts_the_same_bytes() {
    let mut room = Room::group();
    room.limits.page_bytes_soft = 2_000;
    let mut entries = Vec::new();
    for number in 3..20 {
        let page = room.stream.open_page(&room.limits);
        let said = room.push("me", Some(page), &[says_long(number, "me", 40 * usize::from(number))]).unwrap();
        entries.push(said.entry);
    }
    let pages: Vec<u32> = entries.iter().filter_map(|entry| entry.document.page()).collect();
    assert!(room.stream.page() > 3 && pages.is_sorted());
    for page in 2..=room.stream.page() {
        let id = room.document(Some(page));
        let own = || entries.iter().filter(|entry| entry.document == id);
        let bytes = own().map(|entry| entry.change.len() as u64).sum::<u64>();
        let (mut stored, mut received) = (Document::new(id.clone()), Document::new(id.clone()));
        for entry in own() {
            stored.apply_entry(entry).unwrap();
            received.queue_entry(entry).unwrap();
        }
        received.flush().unwrap();
        let (position, data, beside) = stored.save();
        let restored = Document::restore(id.clone(), Some((position, &data, &beside)), &[]).unwrap();
        let counted = [&stored, &received, &restored].map(Document::change_bytes);
        assert_eq!((counted, room.bytes(page)), ([bytes; 3], bytes));
    }
}
