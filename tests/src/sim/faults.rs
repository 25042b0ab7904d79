//! What goes wrong, and how often: each seed has some of it, so that worlds
//! differ, and something is always going on.

use std::collections::BTreeSet;

use super::store::StoreFaults;
use crate::random::Random;

/// What can happen in a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Somebody does something.
    Act,
    /// A link is cut.
    Cut,
    /// A device loses its network, or has it again.
    Network,
    /// Frames of a link vanish, and nobody is told.
    Silence,
    /// A device takes nothing of what comes in.
    SlowReader,
    /// A device cannot reach one of the nodes.
    Partition,
    /// A device's process dies, with what was not on its disk.
    ClientCrash,
    /// A disk is full, blocked or slow, or works again.
    Disk,
    /// A device is set back to a former state.
    Backup,
    /// A profile is copied: two devices with one id.
    Copy,
    /// A node dies, at once, before or after its next commit; or starts again.
    NodeCrash,
    /// A node goes down as it is told to.
    NodeDrain,
    /// A node stands still, or goes on.
    NodeStop,
    /// A node's store is slow, fails, is full, or works again; notices are late or lost.
    Store,
    /// A device's wall clock jumps.
    ClientSkew,
    /// A node's wall clock jumps.
    NodeSkew,
    /// Tokens hold for a moment only, or there is none.
    Tokens,
    /// An account is suspended, or no longer.
    Suspension,
    /// Somebody sends what no honest client sends.
    Hostile,
    /// A device's wall clock is wrong by hours or years, and stays so when all else
    /// is healed; or jumps back to the right time.
    WrongClock,
    /// The database is copied, or put back to a copy of before.
    Restored,
    /// The system writes a document anew. That takes no turn of its own: it comes on top of one.
    Squash,
    /// A client and the owner of a resource negotiate. That comes on top of a turn, too.
    Negotiation,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 23] = [
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
    ];

    /// The class of a name, as Debug writes it.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| format!("{class:?}") == name)
    }
}

/// What goes wrong in one run.
#[derive(Debug, Clone)]
pub struct Profile {
    /// How many nodes there are.
    pub nodes: usize,
    /// The longest delay of a frame, ms.
    pub delay_ms_max: u64,
    /// The longest time that a disk takes, ms.
    pub disk_ms_max: u64,
    /// How stores fare when nothing is wrong.
    pub store: StoreFaults,
    /// Entries behind a document's snapshot after which a new one is cut.
    pub snapshot_entries: u32,
    faults: Vec<Class>,
    acts_percent: u64,
}

impl Profile {
    /// Draws one, without the classes that are left out; the database is put back in worlds
    /// of their own only.
    pub fn draw(random: &mut Random, without: &BTreeSet<Class>, is_restored: bool) -> Self {
        let nodes = *random.pick(&[1, 1, 2, 2, 3]);
        let store = StoreFaults {
            delay_ms_max: *random.pick(&[0, 2, 20]),
            notice_ms_max: *random.pick(&[5, 100]),
            ..StoreFaults::default()
        };
        let mut faults = Class::ALL.to_vec();
        faults.retain(|class| !matches!(class, Class::Act | Class::Restored | Class::Squash | Class::Negotiation));
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

    /// Whether something may happen.
    pub fn has(&self, class: Class) -> bool {
        self.faults.contains(&class)
    }

    /// What happens in a turn.
    pub fn pick(&self, random: &mut Random) -> Class {
        let acts = random.chance(self.acts_percent);
        if acts || self.faults.is_empty() { Class::Act } else { *random.pick(&self.faults) }
    }
}
