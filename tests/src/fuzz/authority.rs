//! The whole decision over a real conversation: devices write and sync as the
//! script says, and push what they wrote, what they wrote mutated, and bytes
//! of any kind; documents are written anew, and claimed to be. What must hold
//! of each answer is the room's.

use tidings_core::{
    authority::{AdmitError, Admitted},
    ids::{ConversationId, DocumentId, StreamId, TimelineId},
    wire::PushedChange,
};

use crate::{
    fuzz::{
        Verdict, mutate,
        room::{Room, RoomKind, name_of, states_generation},
        script::Script,
    },
    random::Random,
};

/// Maximum number of steps in one input.
const STEPS_MAX: usize = 24;
/// Maximum number of mutants of one honest change, until one is admitted.
const MUTANTS_MAX: usize = 8;

/// Plays a script and checks the result.
///
/// # Panics
/// When an invariant is violated.
pub fn run(input: &[u8]) -> Verdict {
    let mut script = Script::new(input);
    let kind = match script.below(8) {
        5 => RoomKind::Nothing,
        6 => RoomKind::Account,
        7 => RoomKind::Direct,
        _ => RoomKind::Group,
    };
    let mut room = Room::begun(kind);
    let begun = room.journal().len();
    let verdict = play(&mut script, &mut room, |_, _| ());
    if room.journal().len() > begun {
        room.check_replicas(&[input.len()]);
        room.check_late_devices();
        room.check_verified();
        room.check_everybody_writes();
    }
    verdict
}

/// Long random scripts.
pub fn seeds() -> Vec<Vec<u8>> {
    let script = |seed: u64| {
        let mut random = Random::new(seed);
        (0..160).map(|_| random.number() as u8).collect()
    };
    (0..64).map(script).collect()
}

/// Plays a script in a room; `seen` is called for every admitted change.
pub fn play(script: &mut Script<'_>, room: &mut Room, mut seen: impl FnMut(&Room, &Admitted)) -> Verdict {
    let mut verdict = Verdict::default();
    for _ in 0..STEPS_MAX {
        if script.is_empty() {
            break;
        }
        let device = script.below(room.devices().len());
        let (name, answers) = match script.below(32) {
            0..=3 => {
                room.sync(device);
                continue;
            }
            4 => ("squashed", room.squash(script).map(Ok).into_iter().collect()),
            5 | 6 => ("honest", room.push_pending(device)),
            7 => ("again", push_again(script, room, device)),
            8 => ("bytes", push_bytes(script, room, device)),
            31 if script.one_in(2) => {
                for (claim, is_taken) in room.send_claims(script) {
                    let name = format!("generation {claim:?}");
                    if is_taken { verdict.accept(name) } else { verdict.refuse(name, "") }
                }
                continue;
            }
            31 => {
                push_claimed(script, room, device, &mut verdict);
                continue;
            }
            step => {
                let (document, facts) = room.facts(script, device);
                let Some((honest, predicted)) = room.write(device, &document, &facts) else { continue };
                match step {
                    // Not pushed yet.
                    9..=12 => continue,
                    13..=19 => {
                        let answers = room.push_pending(device);
                        if let Some(predicted) = predicted {
                            let answer = answers[0].as_ref().map(|_| ()).map_err(AdmitError::clone);
                            assert_eq!(answer, predicted.map_err(AdmitError::Refused), "told otherwise beforehand");
                        }
                        ("honest", answers)
                    }
                    _ => ("mutated", push_mutated(script, room, device, &honest)),
                }
            }
        };
        for answer in answers {
            note(&mut verdict, name, &answer);
            if let Ok(admitted) = &answer {
                seen(room, admitted);
            }
        }
    }
    verdict
}

fn push_mutated(
    script: &mut Script<'_>,
    room: &mut Room,
    device: usize,
    honest: &PushedChange,
) -> Vec<Result<Admitted, AdmitError>> {
    let mut answers = Vec::new();
    for _ in 0..MUTANTS_MAX {
        let others: Vec<&[u8]> = room.journal().iter().map(|entry| entry.change.as_slice()).collect();
        let change = mutate::mutate(script, &honest.change, &others);
        let document = if script.one_in(16) { other_document(script, room) } else { honest.document.clone() };
        let pusher = if script.one_in(32) { script.below(room.devices().len()) } else { device };
        let session = room.devices()[pusher].session.clone();
        answers.push(room.push(&session, &PushedChange { document, change }));
        if script.is_empty() || answers.last().is_some_and(Result::is_ok) {
            break;
        }
    }
    room.sync(device);
    answers
}

/// Pushes an admitted change again: by anybody, to any document.
fn push_again(script: &mut Script<'_>, room: &mut Room, device: usize) -> Vec<Result<Admitted, AdmitError>> {
    let Some(entry) = script.pick(room.journal()) else { return Vec::new() };
    let document = if script.one_in(4) { other_document(script, room) } else { entry.document.clone() };
    let pushed = PushedChange { document, change: entry.change.clone() };
    let author = room.devices().iter().find(|device| device.session.account == entry.account);
    let session = match author {
        Some(author) if !script.one_in(4) => author.session.clone(),
        _ => room.devices()[device].session.clone(),
    };
    vec![room.push(&session, &pushed)]
}

/// What would have a document be another generation, which nobody pushes: why each is not admitted.
fn push_claimed(script: &mut Script<'_>, room: &mut Room, device: usize, verdict: &mut Verdict) {
    for (session, pushed) in room.claimed_pushes(script, device) {
        let is_claim = states_generation(&pushed.change);
        match room.push(&session, &pushed) {
            Ok(_) => assert!(!is_claim, "{} pushes a generation", session.account),
            Err(AdmitError::AlreadyAdmitted(_)) => verdict.refuse("generation pushed again", ""),
            Err(AdmitError::Refused(refusal)) => verdict.refuse(format!("generation pushed {}", refusal.code), ""),
        }
    }
    room.sync(device);
}

fn push_bytes(script: &mut Script<'_>, room: &mut Room, device: usize) -> Vec<Result<Admitted, AdmitError>> {
    let document = other_document(script, room);
    let length = usize::from(script.byte());
    let pushed = PushedChange { document, change: script.bytes(length).to_vec() };
    let session = room.devices()[device].session.clone();
    vec![room.push(&session, &pushed)]
}

fn other_document(script: &mut Script<'_>, room: &Room) -> DocumentId {
    let number = u32::from(script.byte() % 4);
    match (room.stream().id(), script.below(8)) {
        (StreamId::Conversation(conversation), 0..=3) => TimelineId::of(*conversation).document(),
        (StreamId::Conversation(conversation), 4 | 5) => TimelineId::of(*conversation).page(number),
        (StreamId::Conversation(conversation), 6) => TimelineId::of_thread(*conversation, *conversation).page(number),
        (StreamId::Account(account), 0..=3) => DocumentId::Account(account.clone()),
        (StreamId::Account(account), 4..=6) => DocumentId::Home(account.clone()),
        _ => TimelineId::of(ConversationId::from_bytes([99; 16])).page(number),
    }
}

fn note(verdict: &mut Verdict, name: &str, answer: &Result<Admitted, AdmitError>) {
    match answer {
        Ok(admitted) => {
            let kinds: Vec<&str> = admitted.effects.facts.iter().map(name_of).collect();
            verdict.accept(format!("{name} {}", kinds.join("+")));
        }
        Err(AdmitError::AlreadyAdmitted(_)) => verdict.refuse("already_admitted", ""),
        Err(AdmitError::Refused(refusal)) => verdict.refuse(refusal.code, &refusal.detail),
    }
}
