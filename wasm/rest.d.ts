// What a server answers over HTTP, long because it is all of it. `cargo xtask rest-types` writes this file.

export interface paths {
    "/api/chat/conversations/direct/": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds the direct with somebody, or begins it. */
        post: operations["conversations_open_direct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account that the operator's own systems call so, for whoever may read it. */
        get: operations["accounts_find"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An account: the own one, one with which a conversation is shared, or any for an administrator of the tenant. */
        get: operations["accounts_read"];
        /**
         * Makes the profile of an account the one that is given: the own one, or any for an administrator of the tenant. So an
         *     account is created before anybody has used it.
         */
        put: operations["accounts_change"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/erasure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the erasure of an account has come. For an administrator of the tenant. */
        get: operations["accounts_read_erasure"];
        /**
         * Erases an account, for good: it is suspended at once, and then its messages and reactions are deleted, its
         *     memberships end, and its profile and everything that it keeps for itself is deleted. It goes on by itself, whatever
         *     becomes of the servers meanwhile; asked for again it is answered how far that is. For another administrator of the
         *     tenant than the account itself.
         */
        put: operations["accounts_erase"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What an account wrote and what is kept about it, as lines of JSON, for the account itself and for an administrator of
         *     the tenant. The last line is of the type `end`; without it the export was cut.
         */
        get: operations["accounts_export"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/external-id": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Gives an account the name that the operator's own systems have for it, by which it is found. For an administrator
         *     of the tenant.
         */
        put: operations["accounts_give_external_id"];
        post?: never;
        /** Takes the operator's own name of an account away. For an administrator of the tenant. */
        delete: operations["accounts_take_external_id_away"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/accounts/{account}/suspension": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Suspends an account: it may neither read nor write, and its sessions end. */
        put: operations["accounts_suspend"];
        post?: never;
        /** Lets a suspended account in again. */
        delete: operations["accounts_lift_suspension"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/contacts/match": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells which accounts have one of these verified contact points. */
        post: operations["accounts_match_contacts"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The conversations of whoever asks, by newest activity. */
        get: operations["conversations_list"];
        put?: never;
        /** Begins a conversation, of which whoever asks is the owner. */
        post: operations["conversations_create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/direct": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds the direct with somebody, or begins it. */
        post: operations["conversations_direct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/resource": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins the conversation about a resource with its owner, as its client, or finds it; and writes there. */
        post: operations["resources_begin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A conversation in full. */
        get: operations["conversations_read"];
        put?: never;
        post?: never;
        /** Deletes a conversation for everybody. */
        delete: operations["conversations_delete"];
        options?: never;
        head?: never;
        /** Changes what describes a conversation, locks it, archives it, closes it, or opens it again. */
        patch: operations["conversations_change"];
        trace?: never;
    };
    "/v1/conversations/{conversation}/invitation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Takes an invitation. */
        put: operations["joining_accept"];
        post?: never;
        /** Declines an invitation, or takes back the request to join. */
        delete: operations["joining_decline"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Invites somebody, who then takes the invitation or declines it. */
        post: operations["joining_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/invites": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The invite links of a conversation, for whoever may make some. */
        get: operations["joining_invites"];
        put?: never;
        /**
         * Makes an invite link. Its code is told in the answer and kept nowhere: made again under its key, a request is answered
         *     with the id only.
         */
        post: operations["joining_make_invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/invites/{invite}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an invite link away. */
        delete: operations["joining_take_invite_away"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/join": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks to come in, by an invite if its code is given. */
        post: operations["joining_join"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/lead": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Moves the newest lead of a conversation to a stage, or closes it with its conversation. */
        patch: operations["resources_move_lead"];
        trace?: never;
    };
    "/v1/conversations/{conversation}/members": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The members of a conversation, by account. */
        get: operations["members_list"];
        put?: never;
        /** Adds somebody, or brings them back. */
        post: operations["members_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/members/{account}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Removes somebody; or leaves, if that is whoever asks. */
        delete: operations["members_remove"];
        options?: never;
        head?: never;
        /** Gives somebody another role. */
        patch: operations["members_change"];
        trace?: never;
    };
    "/v1/conversations/{conversation}/members/{account}/ban": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Bans somebody. */
        put: operations["members_ban"];
        post?: never;
        /** Lifts a ban. */
        delete: operations["members_unban"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/members/{account}/permissions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether somebody is an active member of a conversation, and what they may do there at this moment. */
        get: operations["members_permissions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages of a conversation or thread, the latest first if no cursor is given. */
        get: operations["messages_list"];
        put?: never;
        /** Sends a message, which everybody in the conversation sees live. */
        post: operations["messages_send"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/messages/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One message. */
        get: operations["messages_read"];
        put?: never;
        post?: never;
        /** Takes a message back. */
        delete: operations["messages_delete"];
        options?: never;
        head?: never;
        /** Edits an own message. */
        patch: operations["messages_edit"];
        trace?: never;
    };
    "/v1/conversations/{conversation}/messages/{message}/reactions/{emoji}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Puts an emoji on a message. */
        put: operations["messages_react"];
        post?: never;
        /** Takes an emoji off a message. */
        delete: operations["messages_unreact"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/receipt": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Moves the own receipts forward, and tells those who read. */
        put: operations["receipts_advance"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/receipts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far the members of a conversation have come. */
        get: operations["receipts_list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/resource": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A conversation about a resource, with its leads. */
        get: operations["resources_read"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/conversations/{conversation}/resource/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages of a conversation about a resource, the latest first if no cursor is given. */
        get: operations["resources_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/directory": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Public conversations, by the words that they are found under. */
        get: operations["joining_directory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Follows the account's conversations, or with `tenant=true` those of its tenant, as server-sent events. */
        get: operations["events_listen"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/resources/{resource}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Says what a resource is called now, in every own conversation about it; for an administrator of the tenant, in every one
         *     that there is.
         */
        put: operations["resources_rename"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The webhooks of the tenant. */
        get: operations["webhooks_list"];
        put?: never;
        /**
         * Adds a webhook. Its secret is told in this answer and in no other: made again under its key, a request is answered
         *     with the webhook as it is, without its secret. Whoever has lost that rotates.
         */
        post: operations["webhooks_add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A webhook. */
        get: operations["webhooks_read"];
        put?: never;
        post?: never;
        /** Removes a webhook, with all that waits for it. */
        delete: operations["webhooks_remove"];
        options?: never;
        head?: never;
        /** Changes a webhook, or switches it on or off. What happens while it is off it is never told. */
        patch: operations["webhooks_change"];
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was not delivered to a webhook: dead letters, or what still waits. */
        get: operations["webhooks_deliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delivers all dead letters of a webhook again. */
        post: operations["webhooks_replay_all"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/deliveries/{delivery}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Delivers one dead letter again. */
        post: operations["webhooks_replay"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{webhook}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Gives a webhook a new secret and key pair. The present ones sign too for a while. Made again under its key, a request
         *     is answered with the webhook as it is, without its secret.
         */
        post: operations["webhooks_rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description An account. */
        Account: {
            /** @description Its id. */
            account: components["schemas"]["AccountId"];
            externalId?: components["schemas"]["ExternalId"] | null;
            /** @description What is public of it. */
            profile: components["schemas"]["Profile"];
            /** @description Whether it may neither read nor write; for an administrator of the tenant to know. */
            suspended?: boolean | null;
        };
        AccountId: string;
        /** @enum {string} */
        AccountKind: "personal" | "bot" | "organization" | "service";
        /** @description Contact points of an address book. */
        AddressBook: {
            /** @description Phone numbers and e-mail addresses, at most 1,000. */
            points: string[];
            /** @description The country of numbers without a country code: two letters of ISO 3166. */
            region?: string | null;
        };
        /** @description How far the account has come. It never goes back. */
        Advance: {
            /**
             * Format: int64
             * @description The position up to which it was delivered to.
             */
            delivered?: number;
            /**
             * Format: int64
             * @description The position up to which it has read, which is delivered then.
             */
            read?: number;
        };
        /** @description What a channel is beside. */
        Channel: {
            /** @description None: codes of invites are known to whoever made them only. */
            invite_link?: string | null;
            invite_link_enabled: boolean;
            is_public: boolean;
            /** Format: int32 */
            subscriber_count: number;
        };
        /** @enum {string} */
        Code: "token_invalid" | "token_foreign" | "token_expired" | "token_unavailable" | "account_suspended" | "account_erased" | "actor_conflict" | "version_unsupported" | "upgrade_required" | "frame_unknown" | "frame_malformed" | "frame_too_large" | "frame_unexpected" | "hello_timeout" | "slow_reader" | "session_replaced" | "too_many_sessions" | "too_many_watched" | "draining" | "store_unavailable" | "store_full" | "stream_damaged" | "store_restored" | "history_differs" | "internal" | "change_malformed" | "change_too_large" | "change_compressed" | "change_extras" | "column_illegal" | "too_many_operations" | "too_many_predecessors" | "too_many_dependencies" | "index_out_of_range" | "wrong_actors" | "wrong_actor" | "wrong_sequence" | "dependency_missing" | "wrong_start_operation" | "clock_ahead" | "time_invalid" | "wrong_checksum" | "not_canonical" | "operation_illegal" | "wrong_predecessors" | "document_unknown" | "snapshot_invalid" | "page_closed" | "page_not_open" | "page_full" | "stale" | "conversation_unknown" | "conversation_exists" | "name_taken" | "external_id_taken" | "conversation_deleted" | "conversation_closed" | "conversation_archived" | "conversation_locked" | "thread_too_deep" | "kind_unknown" | "policy_unknown" | "wrong_kind" | "not_a_member" | "member_left" | "member_removed" | "member_banned" | "member_unknown" | "member_exists" | "too_many_members" | "document_full" | "permission_denied" | "policy_forbids" | "rank_too_low" | "join_forbidden" | "invite_unknown" | "invite_expired" | "invite_used_up" | "invite_disabled" | "message_held" | "held_admitted" | "held_discarded" | "too_many_invites" | "role_unknown" | "role_outranks" | "role_in_use" | "too_many_roles" | "last_owner" | "not_the_owner" | "not_deliverable" | "account_unavailable" | "not_the_author" | "rate_limited" | "slow_mode" | "value_invalid" | "text_empty" | "line_invalid" | "emoji_invalid" | "text_too_long" | "already_written" | "message_unknown" | "message_deleted" | "proposal_settled" | "proposal_expired" | "lead_invalid" | "too_many_pins" | "too_many_reactions" | "too_many_mentions" | "id_invalid" | "phone_invalid" | "email_invalid" | "too_many_contacts" | "outbox_full" | "route_unknown" | "webhook_unknown" | "delivery_unknown" | "body_too_large" | "key_reused" | "storage_full" | "storage_blocked" | "storage_corrupt" | "storage_gone" | "store_in_use" | "unreachable" | "client_closed" | "engine_stopped" | "module_unavailable" | "misuse";
        /** @description The content of a message. */
        Content: (components["schemas"]["Text"] & {
            /** @enum {string} */
            kind: "text";
        }) | (components["schemas"]["Location"] & {
            /** @enum {string} */
            kind: "location";
        }) | (components["schemas"]["Custom"] & {
            /** @enum {string} */
            kind: "custom";
        }) | (components["schemas"]["Proposal"] & {
            /** @enum {string} */
            kind: "proposal";
        }) | (components["schemas"]["ProposalResponse"] & {
            /** @enum {string} */
            kind: "proposal_response";
        }) | (components["schemas"]["Unknown"] & {
            /** @enum {string} */
            kind: "unknown";
        });
        /**
         * @description What is to be another one of a conversation: each field that is given is written by itself, in this order,
         *     up to the first one that is refused. A field that is null is taken away.
         */
        ConversationChange: {
            /** @description Where its picture is. */
            avatarUrl?: string | null;
            /** @description Its description. */
            description?: string | null;
            /** @description What the operator's own systems call it; for an administrator of the tenant to say. */
            externalId?: string | null;
            /** @description Whether only moderators and above may write. */
            locked?: boolean | null;
            /** @description Its name for search. */
            name?: string | null;
            state?: components["schemas"]["ConversationState"] | null;
            /** @description Its title. */
            title?: string | null;
        };
        /** @description A conversation. */
        ConversationDocument: {
            /** @description Its id. */
            _id: components["schemas"]["ConversationId"];
            /** @description Its id once more. */
            conversation_id: components["schemas"]["ConversationId"];
            /** @description When it was created. */
            created_at: string;
            /** @description When it was deleted: none, as nobody reads one that was. */
            deleted_at?: string | null;
            /** @description How it is encrypted. */
            encryption: components["schemas"]["Encryption"];
            external_id?: components["schemas"]["ExternalId"] | null;
            last_message?: components["schemas"]["LastMessage"] | null;
            /** @description What describes it, and how one may write and come in. */
            metadata: components["schemas"]["Metadata"];
            /** @description Everybody who is or was in it; of a direct exactly two. */
            participants: components["schemas"]["Participant"][];
            /** @description The pinned messages, newest pin first. */
            pinned_messages: components["schemas"]["PinnedMessage"][];
            /** @description What is counted of it. */
            stats: components["schemas"]["Stats"];
            /** @description `active`, `archived`, `closed` or `deleted`. */
            status: components["schemas"]["ConversationState"];
            /** @description The tenant it belongs to. */
            tenant_id: string;
            /** @description `direct`, `group`, `channel` … */
            type: components["schemas"]["ConversationKind"];
            /** @description When something last happened in it. */
            updated_at: string;
        };
        ConversationId: string;
        /** @enum {string} */
        ConversationKind: "direct" | "group" | "channel" | "support" | "system" | "resource" | "thread";
        /** @description Own conversations that follow one another. */
        ConversationPage: {
            /** @description By newest activity. */
            conversations: components["schemas"]["ConversationRow"][];
            /** @description What to ask `after` for the rest; none if there is none. */
            next?: string | null;
            /** @description What to ask `before` for those in front; none if there are none. */
            previous?: string | null;
        };
        /** @description A conversation in the list. */
        ConversationRow: {
            /** @description Time of the latest activity, which orders the list. */
            activityAt: components["schemas"]["WallTime"];
            archivedAt?: components["schemas"]["WallTime"] | null;
            /** @description True if the other member of a direct conversation is blocked. */
            blocked: boolean;
            /** @description The id of the conversation. */
            conversation: components["schemas"]["ConversationId"];
            /** @description Its kind. */
            kind: components["schemas"]["ConversationKind"];
            lastMessage?: components["schemas"]["LastMessageRow"] | null;
            /**
             * Format: int32
             * @description Its active members.
             */
            memberCount: number;
            mutedUntil?: components["schemas"]["WallTime"] | null;
            /** @description The name to show: the title, or the names of the others; empty if there is neither. */
            name: string;
            /** @description The notification level that the account chose. */
            notifications: components["schemas"]["NotificationLevel"];
            /** @description Some of the others, by account: the peer of a direct, a few of a group. */
            others: components["schemas"]["AccountId"][];
            /**
             * Format: int32
             * @description Own commands in it that are not admitted yet.
             */
            pending: number;
            pinnedAt?: components["schemas"]["WallTime"] | null;
            /** @description The id of the resource that it is about. */
            resource?: string | null;
            /** @description The own role. */
            role: components["schemas"]["Role"];
            /** @description Its state. */
            state: components["schemas"]["ConversationState"];
            /** @description The own membership status. */
            status: components["schemas"]["MemberStatus"];
            /**
             * Format: int32
             * @description The number of its subscribers, as last reported by the server.
             */
            subscriberCount: number;
            /** @description Its title, if it has one. */
            title?: string | null;
            /**
             * Format: int32
             * @description Unread messages of others, counted to 9,999.
             */
            unread: number;
            waits?: components["schemas"]["Wait"] | null;
        };
        /** @enum {string} */
        ConversationState: "active" | "archived" | "closed" | "deleted";
        /**
         * @description A type of content that an application defines for itself, such as a poll or a payment. Only the application
         *     understands it; since it may show anything, it counts as media.
         */
        Custom: {
            /**
             * @description Data for the application, 8,000 bytes at most; none in a preview. The package reads and writes JSON
             *     here, but other clients may have written something else.
             */
            payload?: string;
            /** @description A text to show in lists, and where the type is unknown. */
            text?: string | null;
            /** @description The application's name of the type: lower-case letters, digits and `-_.`, 64 at most. */
            type: string;
        };
        /** @description Events that follow one another. */
        Deliveries: {
            /** @description By `dueAt`. */
            deliveries: components["schemas"]["Undelivered"][];
            /** @description What to ask `after` for the rest; none if there is none. */
            next?: string | null;
            /** @description What to ask `before` for those in front; none if there are none. */
            previous?: string | null;
        };
        /** @description A direct conversation. */
        DirectConversation: {
            avatar_url: string;
            created_at: string;
            created_by: components["schemas"]["UserId"];
            description: string;
            id: components["schemas"]["ConversationId"];
            is_archived: boolean;
            is_locked: boolean;
            last_message_at?: string | null;
            last_message_preview: string;
            members: components["schemas"]["DirectMember"][];
            settings: components["schemas"]["DirectSettings"];
            title: string;
            type: components["schemas"]["ConversationKind"];
            updated_at: string;
        };
        /** @description One of the two. */
        DirectMember: {
            /** @description `owner` of who began it, `member` of the other: here both may do the same. */
            base_role: string;
            color: string;
            display_name: string;
            /**
             * Format: int32
             * @description 1 for who began it, 2 for the other.
             */
            id: number;
            is_active: boolean;
            is_blocked: boolean;
            is_muted: boolean;
            joined_at?: string | null;
            left_at?: string | null;
            notification_level: components["schemas"]["NotificationLevel"];
            user_id: components["schemas"]["UserId"];
            user_username: string;
        };
        /** @description Its policies. */
        DirectSettings: {
            allow_attachments: boolean;
            allow_reactions: boolean;
            allow_stickers: boolean;
            created_at: string;
            info_edit_policy: components["schemas"]["WhoPolicy"];
            join_policy: components["schemas"]["JoinPolicy"];
            /** Format: int32 */
            max_subroom_depth: number;
            /** Format: int32 */
            message_retention_days?: number | null;
            send_policy: components["schemas"]["SendPolicy"];
            subroom_policy: components["schemas"]["SubroomPolicy"];
            updated_at: string;
        };
        /** @description Public conversations that follow one another. */
        DirectoryPage: {
            /** @description Them; a page may have fewer than there are, or none, and another one behind it. */
            conversations: components["schemas"]["DirectoryRow"][];
            /** @description What to ask `after` for the rest; none if there is none. */
            next?: string | null;
            /** @description What to ask `before` for those in front; none if there are none. */
            previous?: string | null;
        };
        /** @description A public conversation in the directory. */
        DirectoryRow: components["schemas"]["Listing"] & {
            /** @description The id of the conversation. */
            conversation: components["schemas"]["ConversationId"];
            /** @description Its kind. */
            kind: components["schemas"]["ConversationKind"];
            /**
             * Format: int32
             * @description Its active members.
             */
            memberCount: number;
            status?: components["schemas"]["MemberStatus"] | null;
            /**
             * Format: int32
             * @description The number of its subscribers.
             */
            subscriberCount: number;
            /** @description Its title. */
            title?: string | null;
        };
        /** @description How a conversation is encrypted: not at all, as yet. */
        Encryption: {
            enabled: boolean;
            group_key_id?: string | null;
            /** Format: int32 */
            key_version?: number | null;
            last_key_rotation_at?: string | null;
            protocol?: string | null;
        };
        /** @description How far the erasure of an account has come. */
        Erasure: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            /**
             * Format: int64
             * @description Conversations that were gone through in the current round; there are rounds until one finds nothing to do.
             */
            conversations: number;
            erasedAt?: components["schemas"]["WallTime"] | null;
            /**
             * Format: int64
             * @description Messages that were deleted.
             */
            messages: number;
            /**
             * Format: int64
             * @description Reactions that were taken off.
             */
            reactions: number;
            /**
             * Format: int64
             * @description What could not be deleted or ended in the current round, for a reason in the server's log; zero where everything
             *     could be.
             */
            refused: number;
            requestedAt?: components["schemas"]["WallTime"] | null;
            /** @description The state. */
            state: components["schemas"]["ErasureState"];
        };
        /**
         * @description The state of an erasure.
         * @enum {string}
         */
        ErasureState: "none" | "erasing" | "erased";
        /**
         * @description Something that happened in a conversation. The name of the event says what; fields that do not belong to it
         *     are left out.
         */
        EventBody: {
            acceptedAt?: components["schemas"]["WallTime"] | null;
            account?: components["schemas"]["AccountId"] | null;
            code?: components["schemas"]["Code"] | null;
            content?: components["schemas"]["Content"] | null;
            conversation?: components["schemas"]["ConversationId"] | null;
            /** @description The emoji of a reaction. */
            emoji?: string | null;
            member?: components["schemas"]["AccountId"] | null;
            /** @description The accounts that it mentions. */
            mentions?: components["schemas"]["AccountId"][] | null;
            message?: components["schemas"]["MessageId"] | null;
            position?: components["schemas"]["Position"] | null;
            replyTo?: components["schemas"]["MessageId"] | null;
            status?: components["schemas"]["MemberStatus"] | null;
            thread?: components["schemas"]["ConversationId"] | null;
        };
        /** @description A name that the operator's own systems have for something. */
        ExternalId: string;
        /** @description Permissions, as systems have them that have seven. */
        Flags: {
            can_add_members: boolean;
            can_change_info: boolean;
            can_delete_messages: boolean;
            can_pin_messages: boolean;
            can_remove_members: boolean;
            can_send_media: boolean;
            can_send_messages: boolean;
        };
        /** @description One permission granted or denied to one member. */
        Grant: {
            /** @description True if granted, false if denied. */
            allowed: boolean;
            /** @description When, by their clock. */
            at: components["schemas"]["WallTime"];
            /** @description The account that granted or denied it. */
            by: components["schemas"]["AccountId"];
            until?: components["schemas"]["WallTime"] | null;
        };
        /** @description One permission granted or denied to one member. */
        GrantRow: components["schemas"]["Grant"] & {
            /** @description The permission it applies to. */
            permission: components["schemas"]["Permission"];
        };
        /** @description An invite link. Its code is stored nowhere: its id is derived from the code by a one-way function. */
        Invite: {
            /** @description When it was made. */
            at: components["schemas"]["WallTime"];
            /** @description The account that made it. */
            by: components["schemas"]["AccountId"];
            /** @description True if it can be used at the moment. */
            enabled: boolean;
            /** @description The role of accounts that join with it: member at most. */
            role: components["schemas"]["Role"];
            until?: components["schemas"]["WallTime"] | null;
            /**
             * Format: int32
             * @description Maximum number of accounts that can join with it; none for unlimited.
             */
            usesMax?: number | null;
        };
        InviteId: string;
        /** @description An invite link in the panel. Only its maker, and those they gave it to, know its code. */
        InviteRow: components["schemas"]["Invite"] & {
            /** @description Its id. */
            id: components["schemas"]["InviteId"];
            /**
             * Format: int32
             * @description The number of accounts that joined with it.
             */
            uses: number;
        };
        /** @description Somebody to be invited. */
        Invited: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            role?: components["schemas"]["Role"] | null;
        };
        /** @description The invite links of a conversation. */
        Invites: {
            /** @description Newest first. */
            invites: components["schemas"]["InviteRow"][];
        };
        /** @enum {string} */
        JoinPolicy: "invite_only" | "link_join" | "open";
        /** @description By which invite one asks to come in. */
        Joining: {
            /** @description The code of an invite link. */
            code?: string | null;
        };
        /** @description The newest message. */
        LastMessage: {
            /** @description Its first 100 characters; empty when it was taken back. */
            content_preview: string;
            /** @description The kind of its content; none when it was taken back. */
            content_type?: string | null;
            is_encrypted: boolean;
            message_id: components["schemas"]["MessageId"];
            sender_id: components["schemas"]["AccountId"];
            sender_name: string;
            sent_at: string;
        };
        /** @description The newest message of a conversation. */
        LastMessageRow: {
            /** @description Its author. */
            author: components["schemas"]["AccountId"];
            /** @description The id of the message. */
            message: components["schemas"]["MessageId"];
            /** @description Its place in the journal. */
            position: components["schemas"]["Position"];
            preview?: components["schemas"]["Content"] | null;
        };
        /** @description How a lead goes on. */
        LeadChange: {
            /** @description Why it was closed, up to 500 characters. */
            closureReason?: string | null;
            /**
             * @description Its stage: `closed_won` and `closed_lost` close the conversation with it, any other name is a stage of the
             *     operator's own.
             */
            status: components["schemas"]["LeadStage"];
        };
        /** @description A lead of a conversation about a resource. */
        LeadDocument: {
            /** @description Its id: that of the conversation, a dot, and its number there. */
            id: string;
            /** @description Whether it is archived, with its conversation. */
            isArchived: boolean;
            /** @description JSON of an object with `intent`, `contactChannel` and `closureReason`, as far as they were given. */
            metaJson: string;
            /** @description When. */
            openedAt: string;
            /** @description Who opened it. */
            openedBy: components["schemas"]["AccountId"];
            /** @description Its stage. */
            status: components["schemas"]["LeadStage"];
        };
        LeadStage: string;
        /** @description An object in another service that a conversation belongs to. */
        Link: {
            /** @description Its id there, 1–64 characters. */
            id: string;
            /** @description The kind of object. */
            kind: components["schemas"]["LinkKind"];
        };
        /** @enum {string} */
        LinkKind: "partner" | "community" | "group" | "channel";
        /** @description What is answered to whoever looks for conversations. */
        Listed: components["schemas"]["ConversationPage"] | components["schemas"]["ConversationDocument"];
        /** @description The public part of a conversation, beside its kind, title and number of members. */
        Listing: {
            /** @description URL of its picture. */
            avatarUrl?: string | null;
            /** @description Its description. */
            description?: string | null;
            /** @description How accounts join. */
            join: components["schemas"]["JoinPolicy"];
            /** @description True if accounts that join wait for approval. */
            joinApproval: boolean;
            /** @description Its name. */
            name?: string | null;
        };
        /**
         * @description A place on Earth, in WGS 84 coordinates. They are integers, so that a place is the same on every device: a
         *     ten-millionth of a degree is a centimetre.
         */
        Location: {
            /**
             * Format: double
             * @description North of the equator, in ten-millionths of a degree; in degrees in JSON.
             */
            latitude: number;
            /**
             * Format: double
             * @description East of Greenwich, in ten-millionths of a degree; in degrees in JSON.
             */
            longitude: number;
            /** @description The name of the place, 120 characters at most. */
            name?: string | null;
        };
        /** @description An invite link that was made. */
        MadeInvite: {
            /** @description Its code, which is told once and kept nowhere: left out where the request was made before. */
            code?: string | null;
            /** @description Its id. */
            id: string;
        };
        /** @description An account that was found. */
        Match: {
            /** @description Whose it is. */
            account: components["schemas"]["AccountId"];
            /**
             * Format: int32
             * @description The place of the contact point among those asked for, from 0 on.
             */
            index: number;
            /** @description It, in the form in which it is written everywhere. */
            point: string;
        };
        /** @description Whose they are. */
        Matches: {
            /** @description By place and account; none for a point that nobody has. */
            matches: components["schemas"]["Match"][];
        };
        /** @enum {string} */
        MeetingKind: "on_site" | "video_call";
        /** @description Members that follow one another. */
        MemberPage: {
            /** @description By account. */
            members: components["schemas"]["MemberRow"][];
            next?: components["schemas"]["AccountId"] | null;
            previous?: components["schemas"]["AccountId"] | null;
        };
        /** @description A member in the panel. */
        MemberRow: {
            /** @description The member's account. */
            account: components["schemas"]["AccountId"];
            /** @description True if they are below the own rank, so that whoever has the permission may act on them. */
            below: boolean;
            /** @description Their color here. */
            color?: string | null;
            /** @description Grants and denials beside the role that have not expired. */
            grants: components["schemas"]["GrantRow"][];
            invitedBy?: components["schemas"]["AccountId"] | null;
            joinedAt?: components["schemas"]["WallTime"] | null;
            /** @description The name to show: the one chosen here, or the profile's. */
            name: string;
            /** @description Their presence. */
            presence: components["schemas"]["PresenceKind"];
            /** @description The role. */
            role: components["schemas"]["Role"];
            /** @description Their membership status. */
            status: components["schemas"]["MemberStatus"];
            statusAt?: components["schemas"]["WallTime"] | null;
            statusBy?: components["schemas"]["AccountId"] | null;
        };
        /** @enum {string} */
        MemberStatus: "active" | "invited" | "requested" | "left" | "removed" | "banned" | "subscribed";
        MessageId: string;
        /** @description Messages that follow one another. */
        MessagePage: {
            /** @description By rising position. */
            messages: components["schemas"]["TimelineRow"][];
            /** @description What to ask `after` for newer ones, also for those that are yet to come. */
            newer: string;
            /** @description What to ask `before` for older ones; none if there are none. */
            older?: string | null;
        };
        /** @enum {string} */
        MessageState: "pending" | "sent" | "delivered" | "read" | "refused";
        /** @description What describes a conversation. */
        Metadata: {
            avatar_url?: string | null;
            channel?: components["schemas"]["Channel"] | null;
            description?: string | null;
            /** @description Its title for people. */
            name?: string | null;
            settings: components["schemas"]["Policies"];
            theme: components["schemas"]["Theme"];
        };
        /** @description What a message is to say. */
        NewContent: {
            /** @description Content of the same kind as before, or a text. */
            content: components["schemas"]["Content"];
        };
        /** @description A conversation to be begun. */
        NewConversation: {
            account?: components["schemas"]["AccountId"] | null;
            externalId?: components["schemas"]["ExternalId"] | null;
            /** @description `group`, `channel`, `support` or `system`; a direct has a route of its own. */
            kind: components["schemas"]["ConversationKind"];
            link?: components["schemas"]["Link"] | null;
            /** @description Who is in it from the start, beside whoever asks. */
            members?: components["schemas"]["AccountId"][];
            /** @description Its name for search, which a public one has. */
            name?: string | null;
            /** @description The policies that are not the kind's own, such as `{"send":"moderators"}`. */
            policies?: Record<string, never>[];
            scope?: components["schemas"]["Scope"] | null;
            /** @description Its title. */
            title?: string | null;
        };
        /** @description The operator's own name for an account. */
        NewExternalId: {
            /** @description The name: 1 to 128 characters. */
            externalId: components["schemas"]["ExternalId"];
        };
        /** @description What a client asks about a resource. */
        NewInquiry: {
            /** @description The client's message. */
            body?: string | null;
            /** @description What the client, the account that asks, is called, for where no profile says so. */
            clientName?: string | null;
            /** @description How the client wants to be reached, in a name of the operator's, up to 64 characters. */
            contactChannel?: string | null;
            /** @description What the client wants, in a name of the operator's, up to 64 characters. */
            intent?: string | null;
            /** @description What the owner is called, for where no profile says so. */
            ownerName?: string | null;
            /** @description The account whose resource it is. */
            ownerUserId: components["schemas"]["AccountId"];
            /** @description The id of the resource in the operator's system, 1 to 64 characters. */
            resourceId: string;
            /** @description What it is called. */
            resourceTitle?: string | null;
        };
        /** @description An invite link to be made. */
        NewInvite: {
            role?: components["schemas"]["Role"] | null;
            until?: components["schemas"]["WallTime"] | null;
            /**
             * Format: int32
             * @description How many it lets in; any number if left out.
             */
            usesMax?: number | null;
        };
        /** @description Somebody to be added. */
        NewMember: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            role?: components["schemas"]["Role"] | null;
        };
        /** @description A message to be sent. */
        NewMessage: {
            /** @description What it says: content of some kind, or a text. */
            content: components["schemas"]["Content"];
            /** @description The accounts it mentions. */
            mentions?: components["schemas"]["AccountId"][];
            replyTo?: components["schemas"]["MessageId"] | null;
            thread?: components["schemas"]["ConversationId"] | null;
        };
        /** @description What somebody is to be. */
        NewRole: {
            /** @description The role. */
            role: components["schemas"]["Role"];
        };
        /** @description A webhook to be added. */
        NewWebhook: {
            /** @description The types of events that it is told; all if left out. */
            events?: string[];
            /** @description Where it is sent: an https URL. */
            url: string;
        };
        /** @enum {string} */
        NotificationLevel: "all" | "mentions" | "none";
        /** @description What an account is called by the operator's own systems. */
        OwnName: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            externalId?: components["schemas"]["ExternalId"] | null;
        };
        /** @description Somebody who is or was in a conversation. */
        Participant: {
            /** @description Where the picture is. */
            avatar_url?: string | null;
            /** @description The name for people. */
            display_name: string;
            /** @description What the operator's own systems call the account: its id, unless they have another name for it. */
            external_user_id: string;
            invited_by?: components["schemas"]["AccountId"] | null;
            /** @description When the account became a member. */
            joined_at?: string | null;
            /** @description When: it is not known of registers, which only say how far. */
            last_read_at?: string | null;
            last_read_message_id?: components["schemas"]["MessageId"] | null;
            last_read_position?: components["schemas"]["Position"] | null;
            /** @description When the account left. */
            left_at?: string | null;
            /** @description What the account may do by role, policies, grants and denials. */
            permissions: components["schemas"]["Flags"];
            /** @description When the account was removed or banned. */
            removed_at?: string | null;
            /** @description The role. */
            role: components["schemas"]["Role"];
            /** @description What the account set for itself; of others than whoever asks, what is set if nothing is. */
            settings: components["schemas"]["Settings"];
            /** @description Where the account stands. */
            status: components["schemas"]["MemberStatus"];
            /** @description The account. */
            user_id: components["schemas"]["AccountId"];
        };
        /** @enum {string} */
        Party: "client" | "owner" | "staff" | "root";
        /** @description Whom to talk with. */
        Peer: {
            /** @description The account. */
            peer: components["schemas"]["AccountId"];
        };
        /** @enum {string} */
        Permission: "message:send" | "message:send_media" | "message:edit" | "message:delete" | "message:react" | "message:schedule" | "thread:create" | "proposal:send" | "proposal:respond" | "conversation:close" | "message:delete_any" | "mention:all" | "pin:add" | "pin:remove" | "member:approve" | "member:mute" | "member:add" | "member:remove" | "member:ban" | "member:role" | "member:permissions" | "invite:create" | "conversation:info" | "conversation:archive" | "conversation:lock" | "conversation:settings" | "conversation:delete" | "role:define" | "encryption:change";
        /**
         * @description A set of permissions, encoded as the list of their names. Names from a newer version are ignored, and grant
         *     nothing here.
         */
        Permissions: components["schemas"]["Permission"][];
        /** @description What somebody may do in a conversation at this moment. */
        Permitted: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            /** @description Whether it is an active member or subscriber. */
            active: boolean;
            /** @description The conversation. */
            conversation: components["schemas"]["ConversationId"];
            /** @description What it may do: by role, grants and denials, with the policies, the state and the lock applied. */
            permissions: components["schemas"]["Permissions"];
            role?: components["schemas"]["Role"] | null;
            status?: components["schemas"]["MemberStatus"] | null;
        };
        /** @description A pinned message. */
        PinnedMessage: {
            message_id: components["schemas"]["MessageId"];
            pinned_at: string;
            pinned_by: components["schemas"]["AccountId"];
        };
        /** @description How one may write and come in. */
        Policies: {
            join_approval_required: boolean;
            /** Format: int32 */
            message_retention_days: number;
            only_admins_can_add_members: boolean;
            only_admins_can_message: boolean;
            /** Format: int32 */
            slow_mode_seconds: number;
        };
        /**
         * Format: int64
         * @description A place in a stream's journal: 1, 2, 3 …; 0 is before the first.
         */
        Position: number;
        /** @enum {string} */
        PresenceKind: "online" | "typing" | "idle" | "offline";
        /** @description Why a request was not carried out. */
        Problem: {
            /** @description The stable code. */
            code: components["schemas"]["Code"];
            /** @description More about it, for people who debug. */
            detail: string;
            retryAt?: components["schemas"]["WallTime"] | null;
            /**
             * Format: int32
             * @description The status of the response.
             */
            status: number;
            /** @description The code in words. */
            title: string;
            /** @description Names the kind of problem: `urn:tidings:problem:` and the code. */
            type: string;
        };
        /**
         * @description The public fields of an account, each empty until written. Its owner writes all but the two times, which the
         *     server sets.
         */
        Profile: {
            /**
             * @description URL of the picture, ≤ 2,048 bytes.
             * @default null
             */
            avatarUrl: string | null;
            /**
             * @description A short description, ≤ 160 characters.
             * @default null
             */
            bio: string | null;
            /** @default null */
            createdAt: components["schemas"]["WallTime"] | null;
            /**
             * @description The name for people, ≤ 120 characters.
             * @default null
             */
            displayName: string | null;
            /** @default null */
            kind: components["schemas"]["AccountKind"] | null;
            /**
             * @description The account's name in the operator's own systems, ≤ 64 characters.
             * @default null
             */
            reference: string | null;
            /**
             * @description The current status, ≤ 80 characters.
             * @default null
             */
            status: string | null;
            /** @default null */
            updatedAt: components["schemas"]["WallTime"] | null;
        };
        /** @description A proposal. Its answer is not part of it: see [`ProposalAnswer`]. */
        Proposal: {
            createdByRole?: components["schemas"]["Party"] | null;
            expiresAt?: components["schemas"]["WallTime"] | null;
            /** @description True if the location is the resource's own address. */
            fromResourceAddress: boolean;
            /** @description The address, or the link of the call; ≤ 500 characters. */
            location?: string | null;
            meetingType?: components["schemas"]["MeetingKind"] | null;
            /** @description The kind of proposal. */
            proposalType: components["schemas"]["ProposalKind"];
            /** @description A summary as text, like that of a text message. */
            text?: string | null;
            /** @description When it ends: later than it begins. */
            timeEnd: components["schemas"]["WallTime"];
            /** @description When it begins. */
            timeStart: components["schemas"]["WallTime"];
            /** @description The time zone in which both are shown, in a name of the IANA database such as `America/Mexico_City`. */
            timezone: string;
        };
        /** @enum {string} */
        ProposalKind: "visit" | "booking_manual";
        /** @description A response to one proposal of the same timeline. */
        ProposalResponse: {
            /** @description The client's comment, ≤ 1,000 characters. */
            comment?: string | null;
            /** @description The proposal. */
            proposal: components["schemas"]["MessageId"];
            /** @description The client's decision. */
            response: components["schemas"]["ResponseKind"];
            /** @description Alternative times, with a request for a change; at most ten. */
            suggestedSlots?: components["schemas"]["Slot"][];
        };
        /** @description The state of a proposal, counting responses that are not admitted yet. */
        ProposalRow: {
            response?: components["schemas"]["MessageId"] | null;
            /** @description Its status by the server's time; the row is updated when the proposal expires. */
            status: components["schemas"]["ProposalStatus"];
        };
        /** @enum {string} */
        ProposalStatus: "pending" | "accepted" | "rejected" | "reschedule_requested" | "expired";
        /** @description The reactions with one emoji. */
        ReactionRow: {
            /** @description The accounts that reacted. */
            accounts: components["schemas"]["AccountId"][];
            /** @description The emoji. */
            emoji: string;
            /** @description True if the own account is among them. */
            own: boolean;
        };
        /** @description How far somebody has come. */
        ReceiptRow: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            /** @description The position up to which it was delivered to. */
            delivered: components["schemas"]["Position"];
            /** @description The position up to which it has read. */
            read: components["schemas"]["Position"];
        };
        /** @description How far the members of a conversation have come. */
        Receipts: {
            /** @description By account; empty where so many are in that nobody is told. */
            receipts: components["schemas"]["ReceiptRow"][];
        };
        /** @description Where a resource is called so. */
        Renamed: {
            /** @description How many conversations about it there are: the own ones, for an administrator those of the tenant. */
            conversations: number;
        };
        /** @description How many dead letters are delivered again. */
        Replayed: {
            /**
             * Format: int32
             * @description The number.
             */
            replayed: number;
        };
        /** @description The message that another one replies to. */
        ReplyRow: {
            /** @description The account that wrote it. */
            author: components["schemas"]["AccountId"];
            /** @description Its author's name. */
            authorName: string;
            /** @description The id of the message. */
            id: components["schemas"]["MessageId"];
            preview?: components["schemas"]["Content"] | null;
        };
        /** @description What is told of a resource. */
        ResourceChange: {
            /** @description What it is called now. */
            title: string;
        };
        /** @description A conversation about a resource. */
        ResourceConversation: {
            /** @description What the client is called now. */
            clientName: string;
            /**
             * Format: int32
             * @description Unread messages of the client, to 9,999.
             */
            clientUnread: number;
            /** @description The account that asks. */
            clientUserId: components["schemas"]["AccountId"];
            /** @description True: nobody reads one that was deleted. */
            enabled: boolean;
            /** @description The id of the conversation. */
            id: components["schemas"]["ConversationId"];
            /** @description The first 100 characters of the newest message; empty if there is none, or it was taken back. */
            lastMessage: string;
            /** @description When the newest message was written. */
            lastMessageAt?: string | null;
            /** @description Its leads, the newest last. */
            leads: components["schemas"]["LeadDocument"][];
            /** @description What the owner is called now. */
            ownerName: string;
            /**
             * Format: int32
             * @description Unread messages of the owner, to 9,999.
             */
            ownerUnread: number;
            /** @description The account whose resource it is. */
            ownerUserId: components["schemas"]["AccountId"];
            /** @description The id of the resource in the operator's system. */
            resourceId: string;
            /** @description What the resource is called now; none if nobody said. */
            resourceTitle?: string | null;
            /** @description `active`, `archived` or `closed`. */
            status: components["schemas"]["ConversationState"];
        };
        /** @description A message of a conversation about a resource. */
        ResourceMessage: {
            /** @description What it says in words; empty if it was taken back. */
            body: string;
            /** @description The conversation. */
            conversationId: components["schemas"]["ConversationId"];
            /** @description When it was written. */
            createdAt: string;
            /** @description Whether it is there: false if it was taken back. */
            enabled: boolean;
            /** @description Its id. */
            id: components["schemas"]["MessageId"];
            /** @description The kind of its content: `text`, `proposal`, `proposal_response` …; `text` if it was taken back. */
            kind: string;
            /** @description JSON of what it says beside words; none of a text. */
            payloadJson?: string | null;
            /** @description Whether anybody else has read it. */
            readByRecipient: boolean;
            /** @description True: who wrote it has read it. */
            readBySender: boolean;
            /** @description The lead that it was written for. */
            relatedLeadId?: string | null;
            /** @description What the author is called now. */
            senderName: string;
            /** @description On which side the author wrote it. */
            senderRole: components["schemas"]["Party"];
            /** @description Its author. */
            senderUserId: components["schemas"]["AccountId"];
        };
        /** @description Messages of a conversation about a resource that follow one another. */
        ResourceMessages: {
            /** @description By rising position. */
            messages: components["schemas"]["ResourceMessage"][];
            /** @description What to ask `after` for newer ones, also for those that are yet to come. */
            newer: string;
            /** @description What to ask `before` for older ones; none if there are none. */
            older?: string | null;
        };
        /** @enum {string} */
        ResponseKind: "accept" | "reject" | "request_change";
        Role: string;
        /** @enum {string} */
        Scope: "private" | "organization" | "public";
        /** @enum {string} */
        SendPolicy: "all_members" | "moderators" | "admins_only";
        /** @description What an account sets for itself about a conversation. */
        Settings: {
            archived: boolean;
            archived_at?: string | null;
            muted: boolean;
            muted_until?: string | null;
            notifications: components["schemas"]["NotificationLevel"];
            pinned: boolean;
            pinned_at?: string | null;
        };
        /** @description A time that would suit the client. */
        Slot: {
            /** @description When it ends: later than it begins. */
            endDateTime: components["schemas"]["WallTime"];
            /** @description When it begins. */
            startDateTime: components["schemas"]["WallTime"];
            /** @description The time zone in which both are shown, in a name of the IANA database. */
            timezone: string;
        };
        /** @description Where what was asked for stands in the journal of its conversation. */
        Stands: {
            /** @description Since when. */
            acceptedAt: components["schemas"]["WallTime"];
            /** @description The position; where nothing had to be written, that of the conversation. */
            position: components["schemas"]["Position"];
        };
        /** @description What is counted of a conversation. */
        Stats: {
            /**
             * Format: int32
             * @description Not counted yet.
             */
            file_count?: number | null;
            /**
             * Format: int32
             * @description Not counted yet.
             */
            media_count?: number | null;
            /**
             * Format: int32
             * @description Not counted yet.
             */
            message_count?: number | null;
            /**
             * Format: int32
             * @description The active members.
             */
            participant_count: number;
            /** @description Of whoever asks, by account. */
            unread_count: {
                [key: string]: number;
            };
        };
        /** @enum {string} */
        SubroomPolicy: "all_members" | "admins_only" | "nobody";
        /** @description Whether an account may neither read nor write. */
        Suspended: {
            /** @description The account. */
            account: components["schemas"]["AccountId"];
            /** @description Whether it is suspended now. */
            suspended: boolean;
        };
        /** @description Text in a subset of Markdown. */
        Text: {
            /** @description The text, `message_characters_max` at most. */
            text: string;
        };
        /** @description How a conversation looks. */
        Theme: {
            background_url?: string | null;
            color?: string | null;
        };
        /** @description A thread, as shown on the message that it starts from. */
        ThreadRow: {
            /** @description Its id. */
            id: components["schemas"]["ConversationId"];
            lastReplyAt?: components["schemas"]["WallTime"] | null;
            /** @description Some of the accounts that wrote in it, the latest first. */
            participants: components["schemas"]["AccountId"][];
            /**
             * Format: int32
             * @description The number of messages in it, including pending and deleted ones.
             */
            replies: number;
        };
        /** @description A message in a timeline. */
        TimelineRow: {
            acceptedAt?: components["schemas"]["WallTime"] | null;
            /** @description The account that wrote it. */
            author: components["schemas"]["AccountId"];
            /** @description Its author's name. */
            authorName: string;
            content?: components["schemas"]["Content"] | null;
            /** @description When its author wrote it, by their clock. */
            createdAt: components["schemas"]["WallTime"];
            deletedBy?: components["schemas"]["AccountId"] | null;
            editedAt?: components["schemas"]["WallTime"] | null;
            /** @description Its id. */
            id: components["schemas"]["MessageId"];
            /** @description The accounts it mentions. */
            mentions: components["schemas"]["AccountId"][];
            /** @description True if the own account wrote it. */
            own: boolean;
            /** @description True if it is pinned. */
            pinned: boolean;
            position?: components["schemas"]["Position"] | null;
            proposal?: components["schemas"]["ProposalRow"] | null;
            /** @description Its reactions, by emoji. */
            reactions: components["schemas"]["ReactionRow"][];
            /**
             * Format: int32
             * @description The number of others who have read it; for own messages.
             */
            readBy: number;
            replyTo?: components["schemas"]["ReplyRow"] | null;
            /** @description Progress of the message. Messages of others are `sent`. */
            state: components["schemas"]["MessageState"];
            thread?: components["schemas"]["ThreadRow"] | null;
            /** @description True if an edit or a reaction of it is not admitted yet. */
            unsynced: boolean;
            waits?: components["schemas"]["Wait"] | null;
        };
        /** @description An event that was not delivered. */
        Undelivered: {
            /** @description When that was admitted. */
            acceptedAt: components["schemas"]["WallTime"];
            /**
             * Format: int32
             * @description Failed attempts.
             */
            attempts: number;
            /** @description The conversation. */
            conversation: string;
            /** @description When it is tried next; of a dead letter, when it failed for good. */
            dueAt: components["schemas"]["WallTime"];
            /** @description Why the last one failed. */
            failure?: string | null;
            /** @description The id of the event, its `webhook-id`. */
            id: string;
            /** @description The entry that it tells of. */
            position: components["schemas"]["Position"];
            /** @description Its type. */
            type: string;
        };
        /** @description Content of a kind that this version does not know, as it was written. */
        Unknown: {
            /** @description The name of the kind. */
            name: string;
            /** @description The content in words, if it has any. */
            text?: string | null;
        };
        /** @description An account, as a number where it is one: what was a number before still is. */
        UserId: string;
        /** @description Why a command waits. */
        Wait: {
            /** @description The server's reason, such as `slow_mode` or `rate_limited`. */
            code: components["schemas"]["Code"];
            /** @description The end of the wait, by the server's clock. */
            until: components["schemas"]["WallTime"];
        };
        /**
         * Format: int64
         * @description Milliseconds since 1970, UTC, by some clock.
         */
        WallTime: number;
        /** @description A webhook. */
        Webhook: {
            /** @description When it was added. */
            createdAt: components["schemas"]["WallTime"];
            /** @description The types of events that it is told; empty for all. */
            events: string[];
            formerSecretUntil?: components["schemas"]["WallTime"] | null;
            /** @description Its id. */
            id: string;
            /** @description The key that verifies its signatures `v1a`. */
            publicKey: string;
            /** @description Its secret, in the answer that makes it and in no other: not where that request is made again, either. */
            secret?: string | null;
            /** @description `on`, `off`, `gone` if it answered 410, `full` if too many events waited. */
            state: string;
            /** @description Where it is sent. */
            url: string;
        };
        /** @description What is to change of a webhook; what is left out stays. */
        WebhookChange: {
            /** @description True to switch it on, false to switch it off. */
            enabled?: boolean | null;
            /** @description Other types of events; none for all. */
            events?: string[] | null;
            /** @description Another address. */
            url?: string | null;
        };
        /** @description The webhooks of a tenant. */
        Webhooks: {
            /** @description The oldest first. */
            webhooks: components["schemas"]["Webhook"][];
        };
        /** @enum {string} */
        WhoPolicy: "all_members" | "admins_only";
    };
    responses: {
        /** @description The server failed; `code` says how */
        Failed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What was asked is refused; `code` says why */
        Refused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description More than the share of the account; again after `Retry-After` */
        TooMany: {
            headers: {
                /** @description Seconds until it may succeed */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The server or its store cannot answer now; again after `Retry-After` */
        Unavailable: {
            headers: {
                /** @description Seconds until it may succeed */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description What `If-None-Match` names is still the answer */
        Unchanged: {
            headers: {
                [name: string]: unknown;
            };
            content?: never;
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    conversations_open_direct: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Peer"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectConversation"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectConversation"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_find: {
        parameters: {
            query: {
                /** @description What the operator's own systems call it. */
                external_id: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Account"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Profile"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_read_erasure: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_erase: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Erasure"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_export: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/jsonl": string;
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_give_external_id: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewExternalId"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnName"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_take_external_id_away: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OwnName"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_suspend: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Suspended"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_lift_suspension: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Suspended"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    accounts_match_contacts: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AddressBook"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Matches"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_list: {
        parameters: {
            query?: {
                /** @description Of these kinds, with commas between; of every kind if left out. */
                kind?: string;
                /** @description Where the account stands so; where it takes part, was invited or asked to be let in, if left out. */
                status?: string;
                /** @description In these states; in any but deleted, if left out. */
                state?: string;
                /** @description About the resource of this id only. */
                resource?: string;
                /**
                 * @description Instead of a list, the one conversation in full that the operator's own systems call so; no other choice is
                 *     looked at then.
                 */
                external_id?: string;
                /** @description Those behind this cursor. */
                after?: string;
                /** @description Those before this cursor, the last of them. */
                before?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Listed"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_create: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewConversation"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDocument"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_direct: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Peer"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDocument"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDocument"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    resources_begin: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInquiry"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceConversation"];
                };
            };
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceConversation"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDocument"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_delete: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    conversations_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConversationChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationDocument"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_accept: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_decline: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Invited"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_invites: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Invites"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_make_invite: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewInvite"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MadeInvite"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_take_invite_away: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                invite: components["schemas"]["InviteId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_join: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Joining"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    resources_move_lead: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["LeadChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceConversation"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_list: {
        parameters: {
            query?: {
                /** @description Where they stand so; the active ones if left out. */
                status?: string;
                /** @description Those behind this account. */
                after?: string;
                /** @description Those before this account, the last of them. */
                before?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
            };
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MemberPage"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_add: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMember"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_remove: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewRole"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_ban: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_unban: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    members_permissions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
                account: components["schemas"]["AccountId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Permitted"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_list: {
        parameters: {
            query?: {
                /** @description Those before this cursor, the latest of them. */
                before?: string;
                /** @description Those behind this cursor, the earliest of them. */
                after?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["MessagePage"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_send: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewMessage"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineRow"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_read: {
        parameters: {
            query?: {
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
                message: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TimelineRow"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_delete: {
        parameters: {
            query?: {
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                message: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_edit: {
        parameters: {
            query?: {
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                message: components["schemas"]["MessageId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewContent"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_react: {
        parameters: {
            query?: {
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                message: components["schemas"]["MessageId"];
                emoji: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    messages_unreact: {
        parameters: {
            query?: {
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
                message: components["schemas"]["MessageId"];
                emoji: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Stands"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    receipts_advance: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Advance"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ReceiptRow"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    receipts_list: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipts"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    resources_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceConversation"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    resources_messages: {
        parameters: {
            query?: {
                /** @description Those before this cursor, the latest of them. */
                before?: string;
                /** @description Those behind this cursor, the earliest of them. */
                after?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
                /** @description In this thread of the conversation. */
                thread?: string;
            };
            header?: never;
            path: {
                conversation: components["schemas"]["ConversationId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ResourceMessages"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    joining_directory: {
        parameters: {
            query: {
                /** @description Words that begin like those of a title or name, or `@` and how a name begins. */
                q: string;
                /** @description Of this kind only. */
                kind?: string;
                /** @description Those behind this cursor. */
                after?: string;
                /** @description Those before this cursor, the last of them. */
                before?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DirectoryPage"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    events_listen: {
        parameters: {
            query?: {
                /** @description The id of the last event received, as in the header `Last-Event-ID`; from now on if left out. */
                after?: string;
                /** @description Whether to follow every conversation of the tenant; for a token of a service that administers it. */
                tenant?: boolean;
            };
            header?: {
                "Last-Event-ID"?: string | null;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["EventBody"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    resources_rename: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                resource: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ResourceChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Renamed"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_list: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhooks"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_add: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_read: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_remove: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_change: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["WebhookChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_deliveries: {
        parameters: {
            query?: {
                /** @description `dead` or `pending`; `dead` if left out. */
                state?: string;
                /** @description Those behind this cursor. */
                after?: string;
                /** @description Those before this cursor, the last of them. */
                before?: string;
                /** @description How many, 1 to 100; 50 if left out. */
                limit?: number;
            };
            header?: never;
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Deliveries"];
                };
            };
            304: components["responses"]["Unchanged"];
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_replay_all: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_replay: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
                delivery: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Replayed"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
    webhooks_rotate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Made again under this key of yours within a day, the request is written once and answered alike */
                "Idempotency-Key"?: string;
            };
            path: {
                webhook: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            429: components["responses"]["TooMany"];
            503: components["responses"]["Unavailable"];
            "4XX": components["responses"]["Refused"];
            "5XX": components["responses"]["Failed"];
        };
    };
}
