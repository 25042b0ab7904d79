-- The journal is the truth; everything else is a projection of it, a register
-- beside it, or a snapshot that saves reading it from the start. Ids are kept
-- as their printed text so that an operator can read the tables, in the "C"
-- collation, whose order is that of the bytes.
--
-- `tick` is the catch-up order: `clock.base` plus the id of the transaction
-- that last wrote the row. The base is zero until a database is restored into
-- a cluster whose transaction ids are behind.
--
-- Rows that are rewritten with every entry leave room on their pages
-- (fillfactor), so that a rewrite need not touch an index.

-- `incarnation` is told to clients: another one when the store was put back to an older state.
CREATE TABLE clock (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    base BIGINT NOT NULL,
    incarnation BYTEA NOT NULL
);

INSERT INTO clock (one, base, incarnation)
    VALUES (1, 0, decode(replace(gen_random_uuid()::text, '-', ''), 'hex'));

-- Empty after a crash, as tables become that are in no log, and where a standby
-- took over. Ids of transactions that left no trace are given a second time
-- then, and there are cursors ahead of them: until a node has moved the base
-- beyond all of those there is no tick and no cursor.
CREATE UNLOGGED TABLE unbroken (
    one BIGINT PRIMARY KEY CHECK (one = 1)
);

INSERT INTO unbroken (one) VALUES (1);

-- When servers took the store up: a cursor names the last one before it, so that one of a
-- history that was put back is known.
CREATE TABLE epochs (
    tick BIGINT PRIMARY KEY,
    epoch BYTEA NOT NULL
);

-- `chain` is that of the last entry.
CREATE TABLE streams (
    tenant TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    page BIGINT NOT NULL,
    tick BIGINT NOT NULL,
    chain BYTEA NOT NULL,
    PRIMARY KEY (tenant, stream)
) WITH (fillfactor = 70);

-- `hash` is the change's, and `chain` is of this entry and all before it: of `hash`,
-- and not of `change`, which may be erased one day.
CREATE TABLE journal (
    position BIGINT NOT NULL,
    tick BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    deletes BIGINT NOT NULL DEFAULT 0,
    node BIGINT NOT NULL,
    administrator BOOLEAN NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    author TEXT COLLATE "C",
    document TEXT COLLATE "C" NOT NULL,
    hash BYTEA NOT NULL,
    chain BYTEA NOT NULL,
    change BYTEA NOT NULL,
    PRIMARY KEY (tenant, stream, position),
    UNIQUE (tenant, stream, hash, document)
);

-- Changes and snapshots are compact already: do not try to compress them.
ALTER TABLE journal ALTER COLUMN change SET STORAGE EXTERNAL;

-- Whoever follows a whole tenant reads what is new in it.
CREATE INDEX journal_moved ON journal (tenant, tick);

CREATE INDEX journal_document ON journal (tenant, document, position);

-- `deletes` is the position of the message that an entry deletes, which is not
-- unread any more; zero where it deletes none.
CREATE INDEX journal_deletes ON journal (tenant, stream, deletes) WHERE deletes > 0;

-- Where a node looks for what other nodes wrote.
CREATE INDEX journal_tick ON journal (tick);

-- `backlog` is sixteenths of the entries behind the snapshot: coarse, so that
-- its index is not written with every entry.
CREATE TABLE documents (
    tenant TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    entries BIGINT NOT NULL,
    snapshot_entries BIGINT NOT NULL DEFAULT 0,
    backlog BIGINT NOT NULL,
    PRIMARY KEY (tenant, document)
) WITH (fillfactor = 70);

CREATE INDEX documents_backlog ON documents (backlog);

-- `checksum` is of all the other columns: what rotted is never sent or loaded.
CREATE TABLE snapshots (
    tenant TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    checksum BYTEA NOT NULL,
    admissions BYTEA NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (tenant, document)
);

ALTER TABLE snapshots ALTER COLUMN data SET STORAGE EXTERNAL;

-- Snapshots that were not what was written, or did not load: for the operator to
-- look at. Nothing reads them.
CREATE TABLE quarantine (
    tenant TEXT COLLATE "C" NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    quarantined_at BIGINT NOT NULL,
    reason TEXT NOT NULL,
    checksum BYTEA NOT NULL,
    admissions BYTEA NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (tenant, document, position)
);

-- `listing` is what everybody may know of a public conversation; null for any other.
-- `resource` is the id of the resource that a resource conversation is about.
-- `deleted_at` says since when a conversation waits to be erased: null when nothing
-- of it is left; `deleted_tick` is that of the deletion, for good. One with `erased_at` is a tombstone, erased from then on: its row
-- says that it was deleted and those of `members` who is to be told, and no more.
CREATE TABLE conversations (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    state TEXT NOT NULL,
    member_count BIGINT NOT NULL,
    subscriber_count BIGINT NOT NULL DEFAULT 0,
    some_members BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    last_message BYTEA,
    activity_at BIGINT NOT NULL,
    listing BYTEA,
    resource TEXT,
    deleted_at BIGINT,
    deleted_tick BIGINT,
    erased_at BIGINT,
    PRIMARY KEY (tenant, conversation)
) WITH (fillfactor = 70);

CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX conversations_resource ON conversations (tenant, resource, conversation) WHERE resource IS NOT NULL;
CREATE INDEX conversations_gone ON conversations (tenant, deleted_tick) WHERE deleted_tick IS NOT NULL;

-- The names of public conversations: each once in a tenant.
CREATE TABLE public_names (
    tenant TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, name)
);

-- What public conversations are found under: the words of their titles and names.
CREATE TABLE directory_words (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, conversation, word)
);

CREATE INDEX directory_words_word ON directory_words (tenant, word, conversation);

-- `subscribed_at` is zero for whom the conversation's document lists, whose row
-- can be made again from the journal. Any other time makes the row a
-- subscriber's: no journal holds it, and lists of members leave it out.
CREATE TABLE members (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    position BIGINT NOT NULL,
    joined BIGINT NOT NULL DEFAULT 0,
    subscribed_at BIGINT NOT NULL DEFAULT 0,
    tick BIGINT NOT NULL,
    PRIMARY KEY (tenant, conversation, account)
);

CREATE INDEX members_account ON members (tenant, account, status, tick, conversation);
CREATE INDEX members_listed ON members (tenant, conversation, status, account) WHERE subscribed_at = 0;
CREATE INDEX members_moved ON members (tenant, conversation, tick) WHERE subscribed_at = 0;

-- `parent` is the page of the message that the thread starts from, `counted` what
-- is shown there of the thread: how many replies, the last one, by whom.
CREATE TABLE threads (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    thread TEXT COLLATE "C" NOT NULL,
    parent TEXT COLLATE "C" NOT NULL,
    counted BYTEA NOT NULL,
    PRIMARY KEY (tenant, conversation, thread)
);

CREATE INDEX threads_parent ON threads (tenant, parent);

-- Messages of those who were removed, which are held: `content` is null once
-- somebody has decided, so that the words are nowhere else than in the journal,
-- or nowhere.
CREATE TABLE held_messages (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    content BYTEA,
    PRIMARY KEY (tenant, conversation, message)
);

-- A subscriber's receipts are the subscriber's own: nobody else is told of
-- them, and they are left out of what others look through.
CREATE TABLE receipts (
    tenant TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    delivered BIGINT NOT NULL,
    read BIGINT NOT NULL,
    subscriber BOOLEAN NOT NULL,
    tick BIGINT NOT NULL,
    PRIMARY KEY (tenant, conversation, account)
);

CREATE INDEX receipts_moved ON receipts (tenant, conversation, tick) WHERE NOT subscriber;

-- `profile` is null for an account that was suspended before it had one, and
-- `tick` is the profile's. `suspended` is the operator's; no journal holds it.
CREATE TABLE accounts (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    profile BYTEA,
    created_at BIGINT,
    updated_at BIGINT,
    suspended BOOLEAN NOT NULL DEFAULT FALSE,
    tick BIGINT NOT NULL,
    PRIMARY KEY (tenant, account)
);

-- For an operator, who looks for them.
CREATE INDEX accounts_suspended ON accounts (tenant, account) WHERE suspended;
CREATE INDEX accounts_moved ON accounts (tenant, tick);

-- Accounts that an administrator of the tenant has erased, or is erasing: the row stays for good, and an account
-- with one is suspended for good. `after` is the last conversation that was gone through in this round, `found`
-- what had still to be written in it; the counts from `conversations` on are told. A node works on it until
-- `leased_until`, and another one from then on.
CREATE TABLE account_erasures (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    requested_at BIGINT NOT NULL,
    erased_at BIGINT,
    leased_until BIGINT NOT NULL DEFAULT 0,
    after TEXT COLLATE "C",
    found BIGINT NOT NULL DEFAULT 0,
    conversations BIGINT NOT NULL DEFAULT 0,
    messages BIGINT NOT NULL DEFAULT 0,
    reactions BIGINT NOT NULL DEFAULT 0,
    refused BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, account)
);

CREATE INDEX account_erasures_open ON account_erasures (requested_at) WHERE erased_at IS NULL;

-- Whom each account blocks, as its home states it, so that the server can keep
-- them apart. The row of a block that was lifted stays: its tick says since when
-- the account hears of the other one again.
CREATE TABLE blocks (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    other TEXT COLLATE "C" NOT NULL,
    blocked BOOLEAN NOT NULL,
    tick BIGINT NOT NULL,
    PRIMARY KEY (tenant, account, other)
);

-- Who may reach an account (everybody, contacts, nobody), as its home states it.
CREATE TABLE reachability (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    reachability TEXT NOT NULL,
    PRIMARY KEY (tenant, account)
);

-- The account that each contact is linked to, as the home of whoever has it states
-- it; null for one that is not linked, or gone.
CREATE TABLE contact_accounts (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    contact TEXT COLLATE "C" NOT NULL,
    other TEXT COLLATE "C",
    PRIMARY KEY (tenant, account, contact)
);

CREATE INDEX contact_accounts_other ON contact_accounts (tenant, account, other);

-- Phone numbers and e-mail addresses that the account's token says are verified:
-- the operator's identity provider is who says so, and no journal holds them.
CREATE TABLE contact_points (
    tenant TEXT COLLATE "C" NOT NULL,
    point TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, point, account)
);

CREATE INDEX contact_points_account ON contact_points (tenant, account);

-- What the operator's own systems call accounts and conversations, by the stream of
-- each: every name once in a tenant and for each `kind` of stream. No journal holds them.
CREATE TABLE external_ids (
    tenant TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C" NOT NULL,
    stream TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, kind, external_id)
);

CREATE UNIQUE INDEX external_ids_stream ON external_ids (tenant, stream);

CREATE TABLE devices (
    device BYTEA NOT NULL,
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, device)
);

-- Requests that were carried out under a key, written with their entries: whoever makes one again within a
-- day is answered alike, and nothing is written a second time. `made` is the id of what it made.
CREATE TABLE requests (
    tenant TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    fingerprint BYTEA NOT NULL,
    made TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, account, key)
);

CREATE INDEX requests_accepted ON requests (accepted_at);

-- Where other services are told what happened. `events` begins and ends with a comma, with the types that it is told
-- between commas; empty for all. `keys` are a secret and the seed of a key pair; `former_keys`
-- sign too until `former_until`.
CREATE TABLE webhook_endpoints (
    tenant TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    events TEXT COLLATE "C" NOT NULL,
    keys BYTEA NOT NULL,
    former_keys BYTEA,
    former_until BIGINT NOT NULL DEFAULT 0,
    state TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, endpoint)
);

-- Events that are still to be delivered, written with their entries, and dead letters. What was delivered is deleted. Of
-- each lane of a conversation at an endpoint only the first pending one is sent: notifications are in lane 1. `lease` is not zero while a node sends it, and
-- `due_at` is then when another node may. `since` is when its attempts began. `words` is the body with the words of
-- `message`, and is deleted with that.
CREATE TABLE webhook_deliveries (
    tenant TEXT COLLATE "C" NOT NULL,
    endpoint TEXT COLLATE "C" NOT NULL,
    conversation TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    lane BIGINT NOT NULL,
    accepted_at BIGINT NOT NULL,
    since BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL DEFAULT 0,
    state TEXT COLLATE "C" NOT NULL DEFAULT 'pending',
    lease BIGINT NOT NULL DEFAULT 0,
    failure TEXT COLLATE "C",
    body BYTEA NOT NULL,
    message TEXT COLLATE "C",
    words BYTEA,
    PRIMARY KEY (tenant, endpoint, conversation, position, ordinal)
);

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant, endpoint, state, due_at);
CREATE INDEX webhook_deliveries_first ON webhook_deliveries (tenant, endpoint, conversation, position, ordinal)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (tenant, endpoint, event);
CREATE INDEX webhook_deliveries_accepted ON webhook_deliveries (accepted_at);
