//! Kinds and frequencies of faults: each seed has some of them, so that worlds differ, and something is always
//! going on.

use std::collections::BTreeSet;

use super::store::StoreFaults;
use crate::random::Random;

/// Everything that can happen in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody does something.
    Act,
    /// A link is cut.
    Cut,
    /// A device loses its network, or gets it back.
    Network,
    /// Frames of a link vanish without anybody noticing.
    Silence,
    /// A device stops reading.
    SlowReader,
    /// A device cannot reach one of the nodes.
    Partition,
    /// A device's process dies, with everything that was not on its disk.
    ClientCrash,
    /// A disk becomes full, blocked or slow, or recovers.
    Disk,
    /// A device is set back to a former state.
    Backup,
    /// A profile is copied: two devices with one id.
    Copy,
    /// A node dies, at once, before or after its next commit; or starts again.
    NodeCrash,
    /// A node shuts down in an orderly way.
    NodeDrain,
    /// A node freezes, or continues.
    NodeStop,
    /// A node's store becomes slow, fails, is full, or recovers; notices are late or lost.
    Store,
    /// A device's wall clock jumps.
    ClientSkew,
    /// A node's wall clock jumps.
    NodeSkew,
    /// Tokens are valid for a moment only, or there are none.
    Tokens,
    /// An account is suspended, or its suspension is lifted.
    Suspension,
    /// Somebody sends what no honest client sends.
    Hostile,
    /// A device's wall clock is wrong by hours or years, and stays so when everything else is healed; or it
    /// jumps back to the right time.
    WrongClock,
    /// The database is copied, or restored from an earlier copy.
    Restored,
    /// The system rewrites a document. This takes no turn of its own: it comes on top of one.
    Squash,
    /// A client and the owner of a resource negotiate. This comes on top of a turn, too.
    Negotiation,
    /// A service writes on behalf of somebody, without a session. So does this.
    Caller,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 24] = [
        Class::Act,
        Class::Cut,
        Class::Network,
        Class::Silence,
        Class::SlowReader,
        Class::Partition,
        Class::ClientCrash,
        Class::Disk,
        Class::Backup,
        Class::Copy,
        Class::NodeCrash,
        Class::NodeDrain,
        Class::NodeStop,
        Class::Store,
        Class::ClientSkew,
        Class::NodeSkew,
        Class::Tokens,
        Class::Suspension,
        Class::Hostile,
        Class::WrongClock,
        Class::Restored,
        Class::Squash,
        Class::Negotiation,
        Class::Caller,
    ];

    /// Those that come on top of a turn.
    pub const ON_TOP: [Class; 3] = [Class::Squash, Class::Negotiation, Class::Caller];

    /// Parses the name of a class, as Debug writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| format!("{class:?}") == name)
    }
}

/// The faults of one run.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The number of nodes.
    pub nodes: usize,
    /// The longest delay of a frame, ms.
    pub delay_ms_max: u64,
    /// The longest duration of a disk task, ms.
    pub disk_ms_max: u64,
    /// The behaviour of stores without a fault.
    pub store: StoreFaults,
    /// Number of entries since a document's snapshot after which a new one is made.
    pub snapshot_entries: u32,
    faults: Vec<Class>,
    acts_percent: u64,
}

impl Profile {
    /// Draws one, without the excluded classes; the database is restored only in worlds of their own.
    pub fn draw(random: &mut Random, without: &BTreeSet<Class>, is_restored: bool) -> Self {
        let nodes = *random.pick(&[1, 1, 2, 2, 3]);
        let store = StoreFaults {
            delay_ms_max: *random.pick(&[0, 2, 20]),
            notice_ms_max: *random.pick(&[5, 100]),
            ..StoreFaults::default()
        };
        let mut faults = Class::ALL.to_vec();
        faults.retain(|class| !matches!(class, Class::Act | Class::Restored) && !Class::ON_TOP.contains(class));
        let share = *random.pick(&[25, 50, 80]);
        faults.retain(|_| random.chance(share));
        faults.extend(is_restored.then_some(Class::Restored));
        faults.retain(|class| !without.contains(class));
        Self {
            nodes,
            delay_ms_max: *random.pick(&[5, 40, 300]),
            disk_ms_max: *random.pick(&[0, 5, 100]),
            store,
            snapshot_entries: *random.pick(&[1, 4, 10]),
            faults,
            acts_percent: *random.pick(&[60, 75, 85]),
        }
    }

    /// Returns true if something may happen.
    pub fn has(&self, class: Class) -> bool {
        self.faults.contains(&class)
    }

    /// Picks what happens in a turn.
    pub fn pick(&self, random: &mut Random) -> Class {
        let acts = random.chance(self.acts_percent);
        if acts || self.faults.is_empty() { Class::Act } else { *random.pick(&self.faults) }
    }
}
