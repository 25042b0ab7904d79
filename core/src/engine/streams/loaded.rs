//! The streams in memory, and those that may have changed: the end of an input looks at these
//! alone, however many are loaded.

use crate::{
    engine::{
        context::Context,
        streams::{loading::Slot, replica::Replica},
        timers::Timer,
    },
    ids::StreamId,
    sorted::{SortedMap, SortedSet},
    wire::{ClientFrame, Push},
};

/// The streams that are loaded, or loading.
#[derive(Debug, Default)]
pub(in crate::engine) struct Streams {
    slots: SortedMap<StreamId, Slot>,
    /// Borrowed mutably since the end of the last input.
    changed: SortedSet<StreamId>,
    /// Those with a deferred push or fetch, as of the end of the last input.
    deferred: SortedSet<StreamId>,
    /// Counts uses, to find the least recently used stream.
    uses: u64,
}

impl Streams {
    pub(in crate::engine) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(in crate::engine) fn contains_key(&self, stream: &StreamId) -> bool {
        self.slots.contains_key(stream)
    }

    pub(in crate::engine) fn get(&self, stream: &StreamId) -> Option<&Slot> {
        self.slots.get(stream)
    }

    /// The replica of a stream in memory, to be read.
    pub(in crate::engine) fn loaded(&self, stream: &StreamId) -> Option<&Replica> {
        match self.slots.get(stream)? {
            Slot::Loaded(replica) => Some(replica),
            Slot::Loading(_) => None,
        }
    }

    /// Marks the stream as changed.
    pub(in crate::engine) fn get_mut(&mut self, stream: &StreamId) -> Option<&mut Slot> {
        let slot = self.slots.get_mut(stream)?;
        if !self.changed.contains(stream) {
            self.changed.insert(stream.clone());
        }
        Some(slot)
    }

    /// Marks the stream as changed and used.
    pub(in crate::engine) fn replica(&mut self, stream: &StreamId) -> Option<&mut Replica> {
        self.uses += 1;
        let used = self.uses;
        match self.get_mut(stream)? {
            Slot::Loaded(replica) => {
                replica.used = used;
                Some(replica)
            }
            Slot::Loading(_) => None,
        }
    }

    pub(in crate::engine) fn set_deferred(&mut self, stream: &StreamId, is_deferred: bool) {
        match is_deferred {
            true => self.deferred.insert(stream.clone()),
            false => self.deferred.remove(stream),
        };
    }

    pub(in crate::engine) fn deferred(&self) -> Vec<StreamId> {
        self.deferred.iter().cloned().collect()
    }

    /// Sets the timer to when the first deferred push or fetch may be sent again.
    pub(in crate::engine) fn set_timer(&self, ctx: &mut Context) {
        let deferred = self.deferred.iter().filter_map(|stream| match self.slots.get(stream)? {
            Slot::Loaded(replica) => Some(replica.deferred_timers()),
            Slot::Loading(_) => None,
        });
        let next = deferred.flatten().filter(|at| *at > ctx.now.monotonic).min();
        ctx.timers.set(Timer::Deferred, next);
    }

    /// Pushes stored changes, one push per stream at a time. This begins with Welcome, so that the server
    /// decides while the device catches up: the server sends everything missed before it reads a push.
    pub(in crate::engine) fn send_pushes(&mut self, ctx: &mut Context) {
        let now = ctx.now.monotonic;
        let mut pushes = Vec::new();
        let changed: Vec<StreamId> = self.changed().cloned().collect();
        for stream in changed {
            let Some(replica) = self.quietly(&stream) else { continue };
            if replica.rewrite_due || replica.fetch.is_some() || replica.awaits_restart() {
                continue;
            }
            if let Some(changes) = replica.outbox.next_push(now, &ctx.limits) {
                let request = ctx.new_request();
                replica.touched.row |= replica.outbox.deferred.is_some();
                replica.outbox.start_push(request, changes.len());
                pushes.push(Push { request, stream, changes });
            }
        }
        for push in pushes {
            ctx.send(&ClientFrame::Push(push));
        }
    }

    /// For changes that have no consequences: the stream is not marked as changed.
    pub(in crate::engine) fn quietly(&mut self, stream: &StreamId) -> Option<&mut Replica> {
        match self.slots.get_mut(stream)? {
            Slot::Loaded(replica) => Some(replica),
            Slot::Loading(_) => None,
        }
    }

    pub(in crate::engine) fn insert(&mut self, stream: StreamId, slot: Slot) -> Option<Slot> {
        self.changed.insert(stream.clone());
        self.slots.insert(stream, slot)
    }

    pub(in crate::engine) fn remove(&mut self, stream: &StreamId) {
        self.changed.remove(stream);
        self.deferred.remove(stream);
        self.slots.remove(stream);
    }

    pub(in crate::engine) fn iter(&self) -> impl Iterator<Item = (&StreamId, &Slot)> {
        self.slots.iter()
    }

    pub(in crate::engine) fn keys(&self) -> impl Iterator<Item = &StreamId> {
        self.slots.keys()
    }

    #[cfg(any(test, feature = "testing"))]
    pub(in crate::engine) fn replicas(&self) -> impl Iterator<Item = &Replica> {
        self.slots.values().filter_map(|slot| match slot {
            Slot::Loaded(replica) => Some(&**replica),
            Slot::Loading(_) => None,
        })
    }

    /// Marks all streams as changed.
    pub(in crate::engine) fn values_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.change_all();
        self.slots.values_mut()
    }

    pub(in crate::engine) fn change_all(&mut self) {
        self.changed.extend(self.slots.keys().cloned());
    }

    pub(in crate::engine) fn changed(&self) -> impl Iterator<Item = &StreamId> {
        self.changed.iter()
    }

    pub(in crate::engine) fn drain_changed(&mut self) -> SortedSet<StreamId> {
        core::mem::take(&mut self.changed)
    }
}
