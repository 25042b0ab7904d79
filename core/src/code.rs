//! The one table of stable codes: every refusal, closed session and failure
//! that an app, an operator or a backend can meet. Their texts for people
//! are the package's: `wasm/js/texts.ts`.

use crate::named::named;

named! {
    /// A stable code. Its name never changes its meaning.
    Code {
        // Session.
        /// The token is missing, malformed or not signed by a known key.
        TokenInvalid = "token_invalid",
        /// The token is for another account, or another tenant, than the client was opened for.
        TokenForeign = "token_foreign",
        /// The token has expired: the app has to supply a new one.
        TokenExpired = "token_expired",
        /// The app supplied no token: its token callback failed.
        TokenUnavailable = "token_unavailable",
        /// The account is suspended, and may neither read nor write.
        AccountSuspended = "account_suspended",
        /// An administrator of the tenant has erased the account, or is erasing it: nothing is written to it any more.
        AccountErased = "account_erased",
        /// The device id belongs to another account, or was copied.
        ActorConflict = "actor_conflict",
        /// The server speaks older versions of the protocol only: it has not been upgraded yet.
        VersionUnsupported = "version_unsupported",
        /// The server speaks newer versions of the protocol only: the app has to be upgraded.
        UpgradeRequired = "upgrade_required",
        /// A frame that is not one of the protocol's.
        FrameUnknown = "frame_unknown",
        /// A frame whose bytes do not decode.
        FrameMalformed = "frame_malformed",
        /// A frame over the size limit.
        FrameTooLarge = "frame_too_large",
        /// A frame before Hello, or a second Hello.
        FrameUnexpected = "frame_unexpected",
        /// No Hello within the time allowed.
        HelloTimeout = "hello_timeout",
        /// The session did not read what it was sent. It resumes from its cursor.
        SlowReader = "slow_reader",
        /// The same device opened another session; this one ended.
        SessionReplaced = "session_replaced",
        /// The account has more sessions than allowed; the one that had been idle longest ended.
        TooManySessions = "too_many_sessions",
        /// An administrator of the tenant watches more conversations at once than an account may.
        TooManyWatched = "too_many_watched",
        /// The server is shutting down; reconnect soon.
        Draining = "draining",
        /// The server cannot reach its store.
        StoreUnavailable = "store_unavailable",
        /// The server's store is out of space.
        StoreFull = "store_full",
        /// Stored data of the stream is damaged, and the server's operator has to mend it.
        StreamDamaged = "stream_damaged",
        /// The server's store was restored to an older state, and this cannot be written again automatically.
        StoreRestored = "store_restored",
        /// The server's history of the stream differs from the one it sent before.
        HistoryDiffers = "history_differs",
        /// A failure of the server without a code of its own.
        Internal = "internal",

        // Shape of a change.
        /// Bytes that are not one well-formed change.
        ChangeMalformed = "change_malformed",
        /// A change over the size limit.
        ChangeTooLarge = "change_too_large",
        /// A change, or a column of it, that is deflated.
        ChangeCompressed = "change_compressed",
        /// A change with anything beside its operations: a message, a footer, bytes after the columns.
        ChangeExtras = "change_extras",
        /// A column that is unknown, doubled, empty or out of order.
        ColumnIllegal = "column_illegal",
        /// More operations than a change may hold.
        TooManyOperations = "too_many_operations",
        /// More predecessors than a change may name.
        TooManyPredecessors = "too_many_predecessors",
        /// More dependencies than a change may name.
        TooManyDependencies = "too_many_dependencies",
        /// A predecessor's actor or counter that cannot exist.
        IndexOutOfRange = "index_out_of_range",
        /// A list of other actors that is not sorted, unique and used.
        WrongActors = "wrong_actors",
        /// The change's actor is not the session's device.
        WrongActor = "wrong_actor",
        /// The change's sequence is not the device's next one.
        WrongSequence = "wrong_sequence",
        /// The change depends on something that is not admitted.
        DependencyMissing = "dependency_missing",
        /// The change's first operation number is not the one after its dependencies.
        WrongStartOperation = "wrong_start_operation",
        /// The change's or message's time is ahead of the server beyond the allowance.
        ClockAhead = "clock_ahead",
        /// The change's time is before 1970.
        TimeInvalid = "time_invalid",
        /// The checksum is not that of the content.
        WrongChecksum = "wrong_checksum",
        /// The bytes are not the canonical encoding of the change.
        NotCanonical = "not_canonical",
        /// An operation other than put of a scalar or delete on a known root key.
        OperationIllegal = "operation_illegal",
        /// The predecessors are not what was visible at the dependencies.
        WrongPredecessors = "wrong_predecessors",
        /// The document does not belong to the stream, or does not exist.
        DocumentUnknown = "document_unknown",
        /// A document's state from the server cannot be read, or does not fit.
        SnapshotInvalid = "snapshot_invalid",

        // Outdated, answered by rewriting from the intent.
        /// The page has closed; the messages are written anew into the open one.
        PageClosed = "page_closed",
        /// The page is not open yet.
        PageNotOpen = "page_not_open",
        /// The page accepts no more changes.
        PageFull = "page_full",
        /// The value was written against something that has changed meanwhile.
        Stale = "stale",

        // Conversation and member.
        /// There is no such conversation, or the account may not know of it.
        ConversationUnknown = "conversation_unknown",
        /// The conversation exists already, with other content than the change states.
        ConversationExists = "conversation_exists",
        /// Another public conversation of the tenant has that name.
        NameTaken = "name_taken",
        /// Another account, or another conversation, of the tenant has that external id.
        ExternalIdTaken = "external_id_taken",
        /// The conversation is deleted.
        ConversationDeleted = "conversation_deleted",
        /// The conversation is closed.
        ConversationClosed = "conversation_closed",
        /// The conversation is archived.
        ConversationArchived = "conversation_archived",
        /// The conversation is locked to all but moderators and above.
        ConversationLocked = "conversation_locked",
        /// A thread nested deeper than the conversation allows.
        ThreadTooDeep = "thread_too_deep",
        /// A kind of conversation or of content from a newer version.
        KindUnknown = "kind_unknown",
        /// A policy, or a policy's value, from a newer version.
        PolicyUnknown = "policy_unknown",
        /// This kind of conversation does not have this feature.
        WrongKind = "wrong_kind",
        /// The account is not a member.
        NotAMember = "not_a_member",
        /// The account has left.
        MemberLeft = "member_left",
        /// The account was removed.
        MemberRemoved = "member_removed",
        /// The account was banned.
        MemberBanned = "member_banned",
        /// The target account is not a member.
        MemberUnknown = "member_unknown",
        /// The account is already a member.
        MemberExists = "member_exists",
        /// The conversation has reached its maximum number of members.
        TooManyMembers = "too_many_members",
        /// The document of the conversation, thread or account is full.
        DocumentFull = "document_full",

        // Permission, policy, rank.
        /// The role, with its grants and denials, lacks the permission.
        PermissionDenied = "permission_denied",
        /// A policy of the conversation forbids it.
        PolicyForbids = "policy_forbids",
        /// The target, or the role to assign, has the account's own rank or a higher one.
        RankTooLow = "rank_too_low",
        /// Nobody can join this conversation on their own.
        JoinForbidden = "join_forbidden",
        /// There is no invite with this code.
        InviteUnknown = "invite_unknown",
        /// The invite has expired.
        InviteExpired = "invite_expired",
        /// The invite has been used as often as it allows.
        InviteUsedUp = "invite_used_up",
        /// The invite is disabled.
        InviteDisabled = "invite_disabled",
        /// The message is held until somebody decides about it.
        MessageHeld = "message_held",
        /// The held message was admitted.
        HeldAdmitted = "held_admitted",
        /// The held message was discarded.
        HeldDiscarded = "held_discarded",
        /// The conversation has reached its maximum number of invites.
        TooManyInvites = "too_many_invites",
        /// The role is not defined in this conversation.
        RoleUnknown = "role_unknown",
        /// The role to define is not below the account's own rank.
        RoleOutranks = "role_outranks",
        /// Somebody has the role.
        RoleInUse = "role_in_use",
        /// The conversation has reached its maximum number of roles.
        TooManyRoles = "too_many_roles",
        /// A conversation keeps at least one owner.
        LastOwner = "last_owner",
        /// Only the account itself may write this.
        NotTheOwner = "not_the_owner",
        /// The message cannot be delivered. The reason is not disclosed: the recipient may have blocked
        /// the account.
        NotDeliverable = "not_deliverable",
        /// The account cannot be added or invited by this one. The reason is not disclosed.
        AccountUnavailable = "account_unavailable",
        /// Only its author may do this to a message.
        NotTheAuthor = "not_the_author",

        // Pace.
        /// Too many at once; try again at the time given.
        RateLimited = "rate_limited",
        /// Slow mode; try again at the time given.
        SlowMode = "slow_mode",

        // Value.
        /// A value of the wrong type or form.
        ValueInvalid = "value_invalid",
        /// A text that must not be empty is.
        TextEmpty = "text_empty",
        /// A name or title of more than one line, or with characters that show nothing or turn its direction.
        LineInvalid = "line_invalid",
        /// A reaction that is not one emoji.
        EmojiInvalid = "emoji_invalid",
        /// A text over its length.
        TextTooLong = "text_too_long",
        /// A key that can be written only once exists already.
        AlreadyWritten = "already_written",
        /// There is no such message on this page.
        MessageUnknown = "message_unknown",
        /// The message is deleted.
        MessageDeleted = "message_deleted",
        /// The proposal has already been accepted or rejected.
        ProposalSettled = "proposal_settled",
        /// The proposal has expired.
        ProposalExpired = "proposal_expired",
        /// The states of the conversation and its lead do not match.
        LeadInvalid = "lead_invalid",
        /// The conversation has reached its maximum number of pins.
        TooManyPins = "too_many_pins",
        /// The account has reached its maximum number of reactions on the message.
        TooManyReactions = "too_many_reactions",
        /// The message has too many mentions.
        TooManyMentions = "too_many_mentions",
        /// An id that does not parse.
        IdInvalid = "id_invalid",
        /// Not a phone number in E.164 form.
        PhoneInvalid = "phone_invalid",
        /// Not an e-mail address.
        EmailInvalid = "email_invalid",
        /// The account has reached its maximum number of contacts or blocked accounts.
        TooManyContacts = "too_many_contacts",
        /// The outbox is full.
        OutboxFull = "outbox_full",

        // Request over HTTP.
        /// There is nothing under this address, or not by this method.
        RouteUnknown = "route_unknown",
        /// The tenant has no such webhook.
        WebhookUnknown = "webhook_unknown",
        /// The webhook has no such dead letter.
        DeliveryUnknown = "delivery_unknown",
        /// A body over the size limit.
        BodyTooLarge = "body_too_large",
        /// Another request was made under the same key.
        KeyReused = "key_reused",

        // Client.
        /// The device's store is out of space.
        StorageFull = "storage_full",
        /// Something else has the device's store open.
        StorageBlocked = "storage_blocked",
        /// Stored bytes do not decode.
        StorageCorrupt = "storage_corrupt",
        /// The device's store has been deleted.
        StorageGone = "storage_gone",
        /// Another tab has this store open.
        StoreInUse = "store_in_use",
        /// The server cannot be reached.
        Unreachable = "unreachable",
        /// The client is closed.
        ClientClosed = "client_closed",
        /// The engine stopped in the middle of an operation and restarts from the store.
        EngineStopped = "engine_stopped",
        /// The WebAssembly module cannot be loaded.
        ModuleUnavailable = "module_unavailable",
        /// A second input before the outputs of the first one were polled.
        Misuse = "misuse",
    }
}

impl Code {
    /// Returns true if the same request may succeed later without being changed.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Code::TokenExpired
                | Code::TokenUnavailable
                | Code::SlowReader
                | Code::TooManySessions
                | Code::TooManyWatched
                | Code::Draining
                | Code::HelloTimeout
                | Code::VersionUnsupported
                | Code::StoreUnavailable
                | Code::StoreFull
                | Code::StreamDamaged
                | Code::Internal
                | Code::RateLimited
                | Code::SlowMode
                | Code::StorageFull
                | Code::StorageBlocked
                | Code::StoreInUse
                | Code::Unreachable
                | Code::OutboxFull
                | Code::ModuleUnavailable
                | Code::EngineStopped
                | Code::ActorConflict
        )
    }

    /// Returns true if the client should rewrite the command from its intent without asking anybody: only the
    /// timing was wrong.
    pub fn is_outdated(self) -> bool {
        matches!(
            self,
            Code::PageClosed
                | Code::PageNotOpen
                | Code::PageFull
                | Code::Stale
                | Code::DependencyMissing
                | Code::WrongSequence
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sorted::SortedSet;

    #[test]
    fn codes_are_distinct_and_parse_back() {
        let names: SortedSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(names.len(), Code::ALL.len());
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
    }

    #[test]
    fn what_is_rewritten_is_never_offered_for_retry() {
        assert!(!Code::ALL.iter().any(|code| code.is_outdated() && code.is_retryable()));
    }
}
