//! Many changes at once: each gets the same answer as if it had come alone.

use super::*;

/// An act of somebody; an earlier message is named by its index.
#[derive(Debug, Clone)]
enum Act {
    Say,
    Edit(u8),
    Delete(u8),
    React(u8),
    Pin(u8),
    Title(u8),
    Remove,
    /// Pushes the change of an earlier act again.
    Again(u8),
}

/// The act of a member, and how many of the authority's answers they have not seen.
#[derive(Debug, Clone)]
struct Turn {
    name: &'static str,
    unseen: usize,
    act: Act,
}

fn turn() -> impl Strategy<Value = Turn> {
    let about = || 0..8u8;
    let act = prop_oneof![
        8 => Just(Act::Say),
        1 => about().prop_map(Act::Edit),
        1 => about().prop_map(Act::Delete),
        1 => about().prop_map(Act::React),
        1 => about().prop_map(Act::Pin),
        1 => about().prop_map(Act::Title),
        1 => Just(Act::Remove),
        1 => about().prop_map(Act::Again),
    ];
    let name = proptest::sample::select(vec!["ow", "mo", "me", "gu"]);
    (name, 0..4usize, act).prop_map(|(name, unseen, act)| Turn { name, unseen, act })
}

impl Turn {
    fn facts(&self, number: u8, said: &[MessageId], seen: &Stream) -> Vec<Fact> {
        let about = |index: u8| said[usize::from(index) % said.len()].clone();
        let by = account(self.name);
        vec![match self.act {
            Act::Say | Act::Again(_) => says(number, self.name),
            Act::Edit(index) => Fact::Edit(about(index), Edit { content: format!("words {number}").into(), at: NOW }),
            Act::Delete(index) => Fact::Deleted(about(index), Deletion { by, at: NOW }),
            Act::React(index) => Fact::Reaction(about(index), "🙂".into(), by, true),
            Act::Pin(index) => {
                let page = seen.page_of(&about(index)).and_then(|page| page.id().page()).unwrap_or(1);
                Fact::Pin(about(index), Some(Pin { by, at: NOW, page }))
            }
            Act::Title(index) => Fact::Info(InfoField::Title, Some(format!("title {index}"))),
            Act::Remove => status("me", MemberStatus::Removed),
        }]
    }

    fn is_of_page(&self) -> bool {
        !matches!(self.act, Act::Pin(_) | Act::Title(_) | Act::Remove)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn b13_changes_that_are_taken_together_are_answered_as_one_by_one(
        turns in proptest::collection::vec(turn(), 1..40),
        soft in 4..60u32,
    ) {
        let mut alone = Fixture::group();
        alone.limits.page_changes_soft = soft;
        let mut together = alone.clone();
        let mut seen = vec![alone.clone()];
        let mut said = vec![message(1, "mo"), message(2, "me")];
        let mut pushes: Vec<(Session, PushedChange)> = Vec::new();
        for (number, turn) in (10..).zip(&turns) {
            let session = session(turn.name);
            let again = match turn.act {
                Act::Again(index) if !pushes.is_empty() => Some(usize::from(index) % pushes.len()),
                _ => None,
            };
            let (session, pushed) = match again {
                Some(index) => pushes[index].clone(),
                None => {
                    // A device has seen the answers to its own changes.
                    let own = alone.stream.document(&alone.document(Some(1))).and_then(|page| page.latest_of(session.device));
                    let has_own = |fixture: &&Fixture| {
                        let page = fixture.stream.document(&fixture.document(Some(1)));
                        page.and_then(|page| page.latest_of(session.device)) == own
                    };
                    let known = seen.iter().rev().skip(turn.unseen).find(has_own).unwrap_or(&alone).clone();
                    let page = known.stream.open_page(TimelineId::of(known.conversation()), &known.limits);
                    let document = known.document(turn.is_of_page().then_some(page));
                    let facts = known.moved(&session, &turn.facts(number, &said, &known.stream));
                    let Some((change, _)) = known.stream.clone().write(session.device, &document, NOW, &facts) else { continue };
                    (session, PushedChange { document, change: change.bytes().to_vec() })
                }
            };
            pushes.push((session.clone(), pushed.clone()));
            let expected = alone.admit(&session, &pushed);
            together.stream.insert_missing_for(&pushed.document, &pushed.change);
            let got = together.stream.queue(&session, &pushed, NOW, &together.limits).unwrap();
            prop_assert_eq!(format!("{got:?}"), format!("{expected:?}"));
            if expected.is_ok() {
                if matches!(turn.act, Act::Say) && again.is_none() {
                    said.push(message(number, turn.name));
                }
                seen.push(alone.clone());
            }
        }
        together.stream.flush().unwrap();
        let says = |fixture: &Fixture| {
            let says = |document: &Document| {
                (document.heads(), document.changes(), document.admissions().clone(), document.facts("").collect::<Vec<_>>())
            };
            fixture.stream.documents().map(says).collect::<Vec<_>>()
        };
        prop_assert_eq!(says(&together), says(&alone));
        prop_assert_eq!(together.stream.conversation(), alone.stream.conversation());
    }
}
