//! How much of a node one account may use, across all its sessions and devices. One table: a row gives the
//! name, unit, default, flag and refusal code, with its reason as the comment. Each node counts on its own,
//! from its start: with n nodes an account has up to n times as much.

use std::sync::Arc;

use clap::Args;
use tidings_core::{code::Code, limits::Limits};

use crate::rate::{AccountRates, Allowance};

/// One row of the table, for printing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its name in the code.
    pub name: &'static str,
    /// The unit that is counted.
    pub unit: &'static str,
    /// The default value.
    pub default: &'static str,
    /// The flag that sets it.
    pub flag: &'static str,
    /// The code with which anything beyond it is refused.
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
        /// The shares that an operator can set. A rate is `BURST+COUNT/PERIOD`: `2000+80/s` is 2,000 at once,
        /// then 80 a second (`s`, `m`, `h` or `d`).
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

        /// The remaining shares of all accounts on this node.
        #[derive(Debug)]
        pub struct Shares {
            $($(#[doc = $rate_reason])+
            pub $rate: Arc<AccountRates>,)+
            $($(#[doc = $count_reason])+
            pub $count: usize,)+
        }

        impl Shares {
            /// Full shares for every account.
            pub fn new(config: &ShareConfig, limits: &Limits) -> Self {
                let config = config.clone().at_least(limits);
                Self {
                    $($rate: Arc::new(AccountRates::new(config.$rate)),)+
                    $($count: config.$count,)+
                }
            }

            /// Unloads the accounts that have regained their whole share: they are as good as new.
            pub fn forget_quiet(&self) {
                $(self.$rate.forget_quiet();)+
            }
        }
    };
}

shares! {
    rates {
        /// Sessions that an account may begin. Each costs a signature check and a catch-up. Sized for devices
        /// that reload again and again, and for all of an account's devices at once when a node starts.
        hellos: "sessions begun", "120+1/s", "account-hellos", "TIDINGS_ACCOUNT_HELLOS";
        /// New devices that an account may register. Each is a permanent row. Sized for somebody who clears
        /// their browser all day.
        devices: "new devices", "20+10/h", "account-devices", "TIDINGS_ACCOUNT_DEVICES";
        /// Pushed changes of an account, refused ones and empty pushes included; at least a session's. Sized
        /// for four busy devices.
        changes: "pushed changes", "2000+80/s", "account-changes", "TIDINGS_ACCOUNT_CHANGES";
        /// Bytes of pushed changes of an account, in units of 1,024; at least a session's. Sized for four
        /// devices that return after a long time offline.
        change_bytes: "KiB of pushed changes", "16384+1024/s", "account-change-kib", "TIDINGS_ACCOUNT_CHANGE_KIB";
        /// Fetches, and lists of own conversations, subscribers and held messages: each reads the store. Sized
        /// for three devices that load all their conversations.
        fetches: "fetches and pages of lists", "600+40/s", "account-fetches", "TIDINGS_ACCOUNT_FETCHES";
        /// Lists of held messages, which count as fetches too: each loads a conversation's document for its
        /// roles and grants. Sized for a moderator of many conversations.
        held_lists: "questions for held messages", "60+30/m", "account-held-lists", "TIDINGS_ACCOUNT_HELD_LISTS";
        /// Searches of the directory: each scans many words. Sized for somebody who types.
        searches: "searches", "60+5/s", "account-searches", "TIDINGS_ACCOUNT_SEARCHES";
        /// Questions over HTTP what somebody may do in a conversation: each is one row. For a backend that asks before
        /// everything that anybody does.
        checks: "permission checks", "20000+20000/s", "account-checks", "TIDINGS_ACCOUNT_CHECKS";
        /// Membership requests (join, accept, decline, a message to be held): codes of invites can be guessed.
        membership_requests: "membership requests", "40+2/s", "account-membership-requests", "TIDINGS_ACCOUNT_MEMBERSHIP_REQUESTS";
        /// Frames of receipts: each is written to a row and sent to the members. Beyond the limit they wait,
        /// and the session with them.
        receipts: "frames of receipts", "600+40/s", "account-receipts", "TIDINGS_ACCOUNT_RECEIPTS";
        /// Presence notices: each is sent to all members who are online. Beyond the limit they are dropped,
        /// since the next one replaces them.
        presence: "presence notices", "90+15/s", "account-presence", "TIDINGS_ACCOUNT_PRESENCE";
        /// People that an account adds, invites or begins a conversation with. Each is notified at once, with a
        /// title that the account chose. Sized for a whole team that moves here, then for single people; tenant
        /// administrators have no limit.
        people: "people added or invited", "1000+200/d", "account-people", "TIDINGS_ACCOUNT_PEOPLE";
        /// Contact points that an account may look up: enough for a phone book in batches, too slow to try out
        /// all numbers.
        contact_points: "contact points", "5000+1/s", "account-contact-points", "TIDINGS_ACCOUNT_CONTACT_POINTS";
    }
    counts {
        /// Live sessions of an account. One more ends the session that has been idle longest.
        sessions: "live sessions", "20", "account-sessions-max", "TIDINGS_ACCOUNT_SESSIONS_MAX", TooManySessions;
        /// Conversations that a tenant administrator watches, over all their sessions: each entry is matched
        /// against them. Sized for somebody who watches several.
        watches: "watched conversations", "64", "account-watches-max", "TIDINGS_ACCOUNT_WATCHES_MAX", TooManyWatched;
        /// Streams in memory that an account has activated. One more unloads the one that has been idle
        /// longest, and waits only while all of them are being written.
        streams: "active streams", "1000", "account-streams-max", "TIDINGS_ACCOUNT_STREAMS_MAX", RateLimited;
        /// Bytes of answers to fetches that are being made for an account or that its sessions have not read
        /// yet; at least one answer. A session that asks without reading thus holds no more memory than one
        /// that reads.
        answer_bytes: "bytes of unread answers", "16777216", "account-answer-bytes-max", "TIDINGS_ACCOUNT_ANSWER_BYTES_MAX", RateLimited;
    }
}

impl ShareConfig {
    /// Raises each share to what a single session, or a single request, needs.
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

    /// `docs/security.md` lists every share with its current values.
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
