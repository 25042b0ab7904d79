//! The answers to a batch. In between, a session is sent the entries of others, so that it gets positions
//! in order.

use std::{
    collections::{BTreeMap, HashSet},
    ops::Range,
    sync::Arc,
};

use super::{decision::Verdict, submission::Submission};
use crate::live::{Committed, Live, SessionHandle, fanout};

/// Answers every submission. Returns the sessions whose answer already contains the entries.
pub(super) fn answer(
    live: &Live,
    batch: &[Submission],
    verdicts: &[Verdict],
    committed: &Committed<'_>,
) -> HashSet<u64> {
    let mut sessions: BTreeMap<u64, &Arc<SessionHandle>> = BTreeMap::new();
    for (submission, verdict) in batch.iter().zip(verdicts) {
        match submission.reply.session() {
            Some(session) => drop(sessions.insert(session.id, session)),
            None => answer_one(live, submission, verdict),
        }
    }
    for session in sessions.values() {
        answer_session(live, session, batch, verdicts, committed);
    }
    sessions.into_keys().collect()
}

fn answer_session(
    live: &Live,
    session: &SessionHandle,
    batch: &[Submission],
    verdicts: &[Verdict],
    committed: &Committed<'_>,
) {
    let mut sent = 0;
    let reads = live.reads(session, committed);
    let bounds = &live.env.config.node.bounds;
    let send_others = |range: Range<usize>| {
        if reads && !range.is_empty() {
            for frame in fanout::entries_frames(bounds, committed.stream, committed.entries[range].to_vec()) {
                session.outgoing.send(&frame);
            }
        }
    };
    let own = batch.iter().zip(verdicts).filter(|(submission, _)| submission.session() == Some(session.id));
    for (submission, verdict) in own {
        send_others(sent..verdict.entries.start);
        sent = verdict.entries.end;
        answer_one(live, submission, verdict);
    }
    send_others(sent..committed.entries.len());
    // What it has of before may be known here already, from when it was a member, and nothing else tells a device
    // without a cursor that it is out.
    if !reads && let Some(out) = live.out(session, committed) {
        session.outgoing.send(&out);
    }
}

fn answer_one(live: &Live, submission: &Submission, verdict: &Verdict) {
    let metrics = &live.env.metrics;
    metrics.push_seconds.record(submission.received_at.elapsed());
    metrics.changes_admitted.add(verdict.entries.len());
    metrics.changes_repeated.add(verdict.answer.accepted.len() - verdict.entries.len());
    if let Some((_, refusal)) = &verdict.answer.refused {
        tracing::debug!(stream = %submission.stream, code = %refusal.code, "a change was refused");
    }
    submission.answer(metrics, &verdict.answer);
}
