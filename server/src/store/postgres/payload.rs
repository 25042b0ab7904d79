//! Notices as payloads of NOTIFY: words separated by spaces, namely the sending node, the kind, the tenant, and
//! what the kind needs.

use tidings_core::{
    ids::{AccountId, ConversationId, StreamId, TenantId},
    journal::Position,
    model::{PresenceKind, Receipt},
    wire::{MemberPresence, MemberReceipt, Present, PresentMember},
};

use crate::{store::Notice, trace::TraceId};

/// Maximum size of a payload: Postgres accepts fewer than 8,000 bytes, and fails the whole statement if
/// one is longer.
const PAYLOAD_BYTES_MAX: usize = 7_900;

/// Maximum number of accounts in a payload; each takes at most 137 bytes with its activity.
const PAYLOAD_ACCOUNTS_MAX: usize = 50;

/// Prints a notice of this node: one payload, or several if it has many receipts or accounts.
pub(super) fn print(node: i64, notice: &Notice) -> Vec<String> {
    match notice {
        Notice::Entries { tenant, stream, first, last, traces } => {
            // At most as many as the pushes decided together: far below the payload's limit.
            let traces: String = traces.iter().map(|trace| format!(" {trace}")).collect();
            vec![format!("{node} entries {tenant} {stream} {first} {last}{traces}")]
        }
        Notice::Receipts { tenant, receipts } => print_receipts(node, tenant, receipts),
        Notice::Subscriptions { tenant, conversation, accounts } => {
            let words =
                |accounts: &[AccountId]| accounts.iter().map(|account| format!(" {account}")).collect::<String>();
            let runs = accounts.chunks(PAYLOAD_ACCOUNTS_MAX);
            runs.map(|run| format!("{node} subscriptions {tenant} {conversation}{}", words(run))).collect()
        }
        Notice::Presence { tenant, presence: MemberPresence { conversation, account, kind } } => {
            vec![format!("{node} presence {tenant} {conversation} {account} {}", kind.as_str())]
        }
        Notice::Present { tenant, to, present: Present { conversation, members } } => {
            let words = |members: &[PresentMember]| {
                let word = |member: &PresentMember| format!(" {} {}", member.account, member.kind.as_str());
                members.iter().map(word).collect::<String>()
            };
            let runs = members.chunks(PAYLOAD_ACCOUNTS_MAX);
            runs.map(|run| format!("{node} present {tenant} {conversation} {to}{}", words(run))).collect()
        }
        Notice::Suspended { tenant, account } => vec![format!("{node} suspended {tenant} {account}")],
    }
}

fn print_receipts(node: i64, tenant: &TenantId, receipts: &[MemberReceipt]) -> Vec<String> {
    let mut payloads: Vec<String> = Vec::new();
    for MemberReceipt { conversation, account, receipt: Receipt { delivered, read } } in receipts {
        let words = format!(" {conversation} {account} {delivered} {read}");
        match payloads.last_mut() {
            Some(payload) if payload.len() + words.len() <= PAYLOAD_BYTES_MAX => payload.push_str(&words),
            _ => payloads.push(format!("{node} receipts {tenant}{words}")),
        }
    }
    payloads
}

/// Parses a notice of another node, or a suspension of any node. None for this node's own other notices, and
/// for anything that is not a notice: anybody who may connect may notify.
pub(super) fn parse(own: i64, payload: &str) -> Option<Notice> {
    let mut words = payload.split(' ');
    let node: i64 = words.next()?.parse().ok()?;
    let (kind, tenant) = (words.next()?, TenantId::parse(words.next()?).ok()?);
    let notice = match kind {
        "entries" => {
            let stream = StreamId::parse(words.next()?).ok()?;
            let (first, last) = (position(words.next()?)?, position(words.next()?)?);
            let traces = words.by_ref().map(|word| word.parse().ok()).collect::<Option<Vec<TraceId>>>()?;
            (first <= last).then_some(Notice::Entries { tenant, stream, first, last, traces })?
        }
        "receipts" => {
            let mut receipts = Vec::new();
            while let Some(conversation) = words.next() {
                let conversation = ConversationId::parse(conversation).ok()?;
                let account = AccountId::parse(words.next()?).ok()?;
                let receipt = Receipt { delivered: position(words.next()?)?, read: position(words.next()?)? };
                receipts.push(MemberReceipt { conversation, account, receipt });
            }
            Notice::Receipts { tenant, receipts }
        }
        "subscriptions" => {
            let conversation = ConversationId::parse(words.next()?).ok()?;
            let accounts =
                words.by_ref().map(|word| AccountId::parse(word).ok()).collect::<Option<Vec<AccountId>>>()?;
            Notice::Subscriptions { tenant, conversation, accounts }
        }
        "presence" => {
            let conversation = ConversationId::parse(words.next()?).ok()?;
            let account = AccountId::parse(words.next()?).ok()?;
            let kind = PresenceKind::read(words.next()?);
            Notice::Presence { tenant, presence: MemberPresence { conversation, account, kind } }
        }
        "present" => {
            let conversation = ConversationId::parse(words.next()?).ok()?;
            let to = AccountId::parse(words.next()?).ok()?;
            let mut members = Vec::new();
            while let Some(account) = words.next() {
                let account = AccountId::parse(account).ok()?;
                members.push(PresentMember { account, kind: PresenceKind::read(words.next()?) });
            }
            Notice::Present { tenant, to, present: Present { conversation, members } }
        }
        "suspended" => Notice::Suspended { tenant, account: AccountId::parse(words.next()?).ok()? },
        _ => return None,
    };
    // A node that suspends has not ended any sessions yet, not even its own.
    let node = if matches!(notice, Notice::Suspended { .. }) { None } else { Some(node) };
    (node != Some(own) && words.next().is_none()).then_some(notice)
}

fn position(word: &str) -> Option<Position> {
    word.parse().ok().map(Position::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::parse("acme").unwrap()
    }

    fn receipts(count: u64) -> Vec<MemberReceipt> {
        let receipt = |number: u64| MemberReceipt {
            conversation: ConversationId::from_bytes([7; 16]),
            account: AccountId::parse(&format!("{number:064}")).unwrap(),
            receipt: Receipt { delivered: Position::new(u64::MAX), read: Position::new(number) },
        };
        (0..count).map(receipt).collect()
    }

    #[track_caller]
    fn check(notice: &Notice) {
        let payloads = print(1, notice);
        assert_eq!(payloads.len(), 1);
        assert!(payloads[0].len() < PAYLOAD_BYTES_MAX);
        assert_eq!(parse(2, &payloads[0]).as_ref(), Some(notice));
        assert_eq!(parse(1, &payloads[0]), None);
        assert_eq!(parse(2, &format!("{} more", payloads[0])), None);
    }

    #[test]
    fn a_notice_is_heard_as_it_was_told_and_not_by_who_told_it() {
        let stream = StreamId::Account(AccountId::parse("ann").unwrap());
        let traces: Vec<TraceId> = (0..64).filter_map(|_| TraceId::draw(1.0)).collect();
        for traces in [Vec::new(), traces] {
            let (tenant, stream, first, last) = (tenant(), stream.clone(), Position::new(3), Position::new(4));
            check(&Notice::Entries { tenant, stream, first, last, traces });
        }
        check(&Notice::Receipts { tenant: tenant(), receipts: receipts(3) });
        let (conversation, account) = (ConversationId::from_bytes([7; 16]), AccountId::parse("ann").unwrap());
        let subscriptions = |count| {
            let accounts = vec![AccountId::parse(&"a".repeat(128)).unwrap(); count];
            Notice::Subscriptions { tenant: tenant(), conversation, accounts }
        };
        let twice = subscriptions(2 * PAYLOAD_ACCOUNTS_MAX);
        let payloads = print(1, &twice);
        assert!(payloads.len() == 2 && payloads.iter().all(|payload| payload.len() < PAYLOAD_BYTES_MAX));
        assert_eq!(parse(2, &payloads[1]), Some(subscriptions(PAYLOAD_ACCOUNTS_MAX)));
        let presence = MemberPresence { conversation, account, kind: PresenceKind::Typing };
        check(&Notice::Presence { tenant: tenant(), presence });
        let present = |count| {
            let account = AccountId::parse(&"a".repeat(128)).unwrap();
            let members = vec![PresentMember { account, kind: PresenceKind::Offline }; count];
            let (to, present) = (AccountId::parse("ann").unwrap(), Present { conversation, members });
            Notice::Present { tenant: tenant(), to, present }
        };
        let payloads = print(1, &present(PAYLOAD_ACCOUNTS_MAX + 3));
        assert!(payloads.len() == 2 && payloads.iter().all(|payload| payload.len() < PAYLOAD_BYTES_MAX));
        assert_eq!(
            payloads.iter().filter_map(|payload| parse(2, payload)).collect::<Vec<_>>(),
            [present(PAYLOAD_ACCOUNTS_MAX), present(3)]
        );
    }

    #[test]
    fn a_suspension_is_heard_by_who_told_it_too() {
        let notice = Notice::Suspended { tenant: tenant(), account: AccountId::parse("ann").unwrap() };
        let payloads = print(1, &notice);
        for own in [1, 2] {
            assert_eq!(parse(own, &payloads[0]).as_ref(), Some(&notice));
        }
    }

    #[test]
    fn receipts_beyond_one_payload_go_on_in_another() {
        let receipts = receipts(500);
        let payloads = print(1, &Notice::Receipts { tenant: tenant(), receipts: receipts.clone() });
        assert!(payloads.len() > 1 && payloads.iter().all(|payload| payload.len() < 8_000));
        let heard = payloads.iter().filter_map(|payload| match parse(2, payload) {
            Some(Notice::Receipts { receipts, .. }) => Some(receipts),
            _ => None,
        });
        assert_eq!(heard.flatten().collect::<Vec<_>>(), receipts);
    }

    #[test]
    fn what_is_not_a_notice_is_not_heard() {
        let conversation = ConversationId::from_bytes([7; 16]);
        let cases = ["", "1", "1 entries", "x entries acme account/ann 1 2", "1 entries acme account/ann 2 1"];
        for payload in cases {
            assert_eq!(parse(2, payload), None, "{payload:?}");
        }
        for rest in ["ann 1", "ann 1 x", "ann", "a/b 1 1", "ann 1 1 2"] {
            assert_eq!(parse(2, &format!("1 receipts acme {conversation} {rest}")), None, "{rest:?}");
        }
        for rest in ["ann", "ann typing 2", "a/b typing"] {
            assert_eq!(parse(2, &format!("1 presence acme {conversation} {rest}")), None, "{rest:?}");
        }
        let newer = parse(2, &format!("1 presence acme {conversation} ann asleep"));
        assert!(matches!(newer, Some(Notice::Presence { presence, .. }) if presence.kind == PresenceKind::Unknown));
    }
}
