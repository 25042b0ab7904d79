//! The shares of an account: how much of a node one account may use, whatever
//! the number of its sessions and devices. One table: a row gives the name, the
//! unit, the default, the flag and the code of what is over it, with the reason
//! as its comment. Each node counts for itself and from its own start: beside n
//! nodes an account has up to n times as much.

use std::sync::Arc;

use clap::Args;
use tidings_core::{code::Code, limits::Limits};

use crate::rate::{AccountRates, Allowance};

/// A row of the table, for whoever prints it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its name in the code.
    pub name: &'static str,
    /// What is counted.
    pub unit: &'static str,
    /// Its value unless the operator says otherwise.
    pub default: &'static str,
    /// The flag that sets it.
    pub flag: &'static str,
    /// The code of what is over it.
    pub code: Code,
}

macro_rules! shares {
    (
        rates { $(
            $(#[doc = $rate_reason:literal])+
            $rate:ident: $rate_unit:literal, $rate_default:literal, $rate_flag:literal, $rate_env:literal;
        )+ }
        counts { $(
            $(#[doc = $count_reason:literal])+
            $count:ident:
                $count_unit:literal, $count_default:literal, $count_flag:literal, $count_env:literal, $count_code:ident;
        )+ }
    ) => {
        /// The shares as an operator sets them. A rate is `BURST+COUNT/PERIOD`:
        /// `2000+80/s` is 2,000 at once, then 80 a second (`s`, `m`, `h` or `d`).
        #[derive(Debug, Clone, Args)]
        #[command(next_help_heading = "Shares of an account")]
pub struct ShareConfig {
            $($(#[doc = $rate_reason])+
            #[arg(long = $rate_flag, env = $rate_env, default_value = $rate_default)]
            pub $rate: Allowance,)+
            $($(#[doc = $count_reason])+
            #[arg(long = $count_flag, env = $count_env, default_value = $count_default)]
            pub $count: usize,)+
        }

        /// The whole table.
        pub const SHARES: &[Share] = &[
            $(Share {
                name: stringify!($rate),
                unit: $rate_unit,
                default: $rate_default,
                flag: concat!("--", $rate_flag),
                code: Code::RateLimited,
            },)+
            $(Share {
                name: stringify!($count),
                unit: $count_unit,
                default: $count_default,
                flag: concat!("--", $count_flag),
                code: Code::$count_code,
            },)+
        ];

        /// What is left of the shares of all accounts on this node.
        #[derive(Debug)]
        pub struct Shares {
            $($(#[doc = $rate_reason])+
            pub $rate: Arc<AccountRates>,)+
            $($(#[doc = $count_reason])+
            pub $count: usize,)+
        }

        impl Shares {
            /// Everybody's shares, whole.
            pub fn new(config: &ShareConfig, limits: &Limits) -> Self {
                let config = config.clone().at_least(limits);
                Self {
                    $($rate: Arc::new(AccountRates::new(config.$rate)),)+
                    $($count: config.$count,)+
                }
            }

            /// Forgets the accounts that have their whole share again: as if never seen.
            pub fn forget_quiet(&self) {
                $(self.$rate.forget_quiet();)+
            }
        }
    };
}

shares! {
    rates {
        /// Sessions an account may begin: each costs a token's signature and a catch-up. For devices that are
        /// reloaded again and again, and all of an account's at once when a node starts.
        hellos: "sessions begun", "120+1/s", "account-hellos", "TIDINGS_ACCOUNT_HELLOS";
        /// New devices an account may register: each is a row for ever. For somebody who empties their browser
        /// all day.
        devices: "new devices", "20+10/h", "account-devices", "TIDINGS_ACCOUNT_DEVICES";
        /// Pushed changes of an account, refused ones and empty pushes too; at least a session's. For four
        /// devices at work.
        changes: "pushed changes", "2000+80/s", "account-changes", "TIDINGS_ACCOUNT_CHANGES";
        /// Bytes of pushed changes of an account, in units of 1,024; at least a session's. For four devices
        /// that come back after a long time offline.
        change_bytes: "KiB of pushed changes", "16384+1024/s", "account-change-kib", "TIDINGS_ACCOUNT_CHANGE_KIB";
        /// Fetches, and questions for own conversations, subscribers and held messages: each reads the store.
        /// For three devices that load all their conversations.
        fetches: "fetches and pages of lists", "600+40/s", "account-fetches", "TIDINGS_ACCOUNT_FETCHES";
        /// Questions for held messages, which are fetches too: each loads the document of a conversation, where
        /// roles and grants are. For somebody who decides in many conversations.
        held_lists: "questions for held messages", "60+30/m", "account-held-lists", "TIDINGS_ACCOUNT_HELD_LISTS";
        /// Searches of the directory: each looks through many words. For somebody who types.
        searches: "searches", "60+5/s", "account-searches", "TIDINGS_ACCOUNT_SEARCHES";
        /// Questions over HTTP what somebody may do in a conversation: each is one row. For a backend that asks before
        /// everything that anybody does.
        checks: "permission checks", "20000+20000/s", "account-checks", "TIDINGS_ACCOUNT_CHECKS";
        /// Membership requests (join, accept, decline, a message to be held): codes of invites can be guessed.
        membership_requests: "membership requests", "40+2/s", "account-membership-requests", "TIDINGS_ACCOUNT_MEMBERSHIP_REQUESTS";
        /// Frames of receipts: each is written to a row and told to the members. What is over waits, and the
        /// session with it.
        receipts: "frames of receipts", "600+40/s", "account-receipts", "TIDINGS_ACCOUNT_RECEIPTS";
        /// Presence notices: each is told to all members who are there. What is over is dropped: the next one
        /// says more.
        presence: "presence notices", "90+15/s", "account-presence", "TIDINGS_ACCOUNT_PRESENCE";
        /// People an account brings in: adds, invites, begins a conversation with. Each is told at once, with a
        /// title that the account chose. For a team that is moved here whole, and then for a person;
        /// administrators of a tenant have no bound.
        people: "people added or invited", "1000+200/d", "account-people", "TIDINGS_ACCOUNT_PEOPLE";
        /// Contact points an account may ask for: a phone book in batches, and so slow that nobody tries out
        /// all numbers.
        contact_points: "contact points", "5000+1/s", "account-contact-points", "TIDINGS_ACCOUNT_CONTACT_POINTS";
    }
    counts {
        /// Live sessions of an account; one more ends the one that did nothing for the longest time.
        sessions: "live sessions", "20", "account-sessions-max", "TIDINGS_ACCOUNT_SESSIONS_MAX", TooManySessions;
        /// Conversations that an administrator of the tenant watches, of which all its sessions together are told what
        /// is new: each is looked up for every entry there. For somebody who keeps an eye on several.
        watches: "watched conversations", "64", "account-watches-max", "TIDINGS_ACCOUNT_WATCHES_MAX", TooManyWatched;
        /// Streams with documents in memory that an account has woken; one more lets go of the one that was
        /// idle for the longest time, and waits only where all of them are being written.
        streams: "active streams", "1000", "account-streams-max", "TIDINGS_ACCOUNT_STREAMS_MAX", RateLimited;
        /// Bytes of answers to fetches that are made for an account, or that its sessions have not read yet; at least one
        /// answer. So sessions that ask and do not read hold no more memory than one that does.
        answer_bytes: "bytes of unread answers", "16777216", "account-answer-bytes-max", "TIDINGS_ACCOUNT_ANSWER_BYTES_MAX", RateLimited;
    }
}

impl ShareConfig {
    /// None is so small that a single session, or a single question, could never pass.
    fn at_least(mut self, limits: &Limits) -> Self {
        self.changes = self.changes.at_least(limits.changes_burst, limits.changes_per_second);
        let kib = |bytes: u32| bytes.div_ceil(1024);
        self.change_bytes =
            self.change_bytes.at_least(kib(limits.change_bytes_burst), kib(limits.change_bytes_per_second));
        self.contact_points = self.contact_points.at_least(limits.contact_points_max, 0);
        self.people = self.people.at_least(limits.members_max, 0);
        self.sessions = self.sessions.max(1);
        self.streams = self.streams.max(1);
        self
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Flags {
        #[command(flatten)]
        shares: ShareConfig,
    }

    #[test]
    fn p30_a_share_lets_a_single_session_and_a_single_question_pass() {
        let tight =
            ["test", "--account-changes", "1+1/h", "--account-contact-points", "1+1/d", "--account-people", "1+1/h"];
        let config = Flags::try_parse_from(tight).unwrap().shares.at_least(&Limits::DEFAULT);
        assert_eq!(config.changes, "500+20/s".parse().unwrap());
        assert_eq!(config.people, "1000+1/h".parse().unwrap());
        assert_eq!(config.contact_points, "1000+1/d".parse().unwrap());
        assert_eq!(config.fetches, "600+40/s".parse().unwrap());
    }

    /// `docs/security.md` tells operators each share as it is.
    #[test]
    fn the_table_is_told_as_it_is() {
        let page = include_str!("../../docs/security.md");
        let rows: BTreeSet<&str> = page.lines().filter(|line| line.starts_with("| `--account-")).collect();
        let told =
            |share: &Share| format!("| `{}` | {} | {} | `{}` |", share.flag, share.unit, share.default, share.code);
        let table: Vec<String> = SHARES.iter().map(told).collect();
        assert_eq!(rows, table.iter().map(String::as_str).collect(), "{table:#?}");
    }
}
