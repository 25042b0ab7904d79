//! Rule 2: actor, sequence number, dependencies, first operation and time, which tie the change to one place in
//! its device's chain.

use crate::{
    authority::{Refusal, Session, refuse},
    code::Code,
    doc::{Change, Document},
    ids::ChangeHash,
    limits::Limits,
    time::WallTime,
};

/// Checks that the actor is the device whose session pushes the change.
pub(super) fn check_actor(change: &Change, session: &Session) -> Result<(), Refusal> {
    if change.device() == session.device {
        Ok(())
    } else {
        refuse(Code::WrongActor, "the actor is not the session's device")
    }
}

/// Checks that the change is the next one of its device in this document and generation.
pub(super) fn check(
    document: &Document,
    change: &Change,
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<(), Refusal> {
    let dependencies = change.dependencies();
    let placed = check_place(document, change, &dependencies, accepted_at, limits);
    let is_of_this = || !dependencies.is_empty() && dependencies.iter().all(|&hash| document.contains(hash));
    if (placed.is_err() || dependencies.is_empty()) && document.generation().is_some() && !is_of_this() {
        return refuse(Code::Stale, "written on a former generation of the document");
    }
    placed
}

fn check_place(
    document: &Document,
    change: &Change,
    dependencies: &[ChangeHash],
    accepted_at: WallTime,
    limits: &Limits,
) -> Result<(), Refusal> {
    let latest = document.latest_of(change.device());
    check_sequence(change, latest.map_or(0, |(sequence, _)| sequence))?;
    if !dependencies.windows(2).all(|pair| pair[0] < pair[1]) {
        return refuse(Code::NotCanonical, "the dependencies are not sorted and unique");
    }
    if latest.is_some_and(|(_, previous)| !dependencies.contains(&previous)) {
        return refuse(Code::DependencyMissing, "the device's own previous change is not a dependency");
    }
    let mut last_operation = 0;
    for &dependency in dependencies {
        match document.last_operation(dependency) {
            Some(last) => last_operation = last_operation.max(last),
            None => return refuse(Code::DependencyMissing, format!("{dependency} is not admitted")),
        }
    }
    let heads = document.heads();
    let left = heads.iter().filter(|head| !dependencies.contains(head)).count();
    if left >= limits.heads_max as usize {
        return refuse(Code::Stale, format!("written beside {left} other changes"));
    }
    if change.start_operation() != last_operation + 1 {
        return refuse(
            Code::WrongStartOperation,
            format!("{} instead of {}", change.start_operation(), last_operation + 1),
        );
    }
    let latest_seconds = accepted_at.plus(limits.clock_ahead_max()).as_seconds();
    match u64::try_from(change.seconds()) {
        Ok(seconds) if seconds <= latest_seconds => Ok(()),
        Ok(_) => refuse(Code::ClockAhead, "the change's time is ahead of the server"),
        Err(_) => refuse(Code::TimeInvalid, "the change's time is before 1970"),
    }
}

fn check_sequence(change: &Change, latest: u64) -> Result<(), Refusal> {
    if (1..=latest).contains(&change.sequence()) {
        return refuse(Code::ActorConflict, format!("number {} was another change already", change.sequence()));
    }
    if change.sequence() != latest + 1 {
        return refuse(Code::WrongSequence, format!("number {} instead of {}", change.sequence(), latest + 1));
    }
    Ok(())
}
