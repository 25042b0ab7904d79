-- The journal is the truth; everything else is a projection of it, a register
-- beside it, or a snapshot that saves reading it from the start. Ids are kept
-- as their printed text so that an operator can read the tables.
--
-- `tick` is the catch-up order: the value of `clock` in the transaction that
-- last wrote the row.

-- `incarnation` is told to clients: another one when the store was put back to an older state.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    tick INTEGER NOT NULL,
    incarnation BLOB NOT NULL
) STRICT;

INSERT INTO clock (one, tick, incarnation) VALUES (1, 0, randomblob(16));

-- When servers took the store up: a cursor names the last one before it, so that one of a
-- history that was put back is known.
CREATE TABLE epochs (
    tick INTEGER PRIMARY KEY,
    epoch BLOB NOT NULL
) STRICT;

-- `chain` is that of the last entry.
CREATE TABLE streams (
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    page INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    chain BLOB NOT NULL,
    PRIMARY KEY (tenant, stream)
) STRICT, WITHOUT ROWID;

-- A table with row ids, because changes may be large; and `change` last, so
-- that a query that does not want it never reads its overflow pages.
-- `hash` is the change's, and `chain` is of this entry and all before it: of `hash`,
-- and not of `change`, which may be erased one day.
CREATE TABLE journal (
    tenant TEXT NOT NULL,
    stream TEXT NOT NULL,
    position INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    author TEXT,
    deletes INTEGER NOT NULL DEFAULT 0,
    account TEXT NOT NULL,
    document TEXT NOT NULL,
    administrator INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    node INTEGER NOT NULL,
    hash BLOB NOT NULL,
    chain BLOB NOT NULL,
    change BLOB NOT NULL,
    PRIMARY KEY (tenant, stream, position),
    UNIQUE (tenant, stream, hash, document)
) STRICT;

-- Whoever follows a whole tenant reads what is new in it.
CREATE INDEX journal_moved ON journal (tenant, tick);

CREATE INDEX journal_document ON journal (tenant, document, position);

-- `deletes` is the position of the message that an entry deletes, which is not
-- unread any more; zero where it deletes none.
CREATE INDEX journal_deletes ON journal (tenant, stream, deletes) WHERE deletes > 0;

-- What a program beside the server wrote, which looks for it.
CREATE INDEX journal_beside ON journal (tick) WHERE node <> 0;

-- `backlog` is sixteenths of the entries behind the snapshot: coarse, so that
-- its index is not written with every entry.
CREATE TABLE documents (
    tenant TEXT NOT NULL,
    document TEXT NOT NULL,
    entries INTEGER NOT NULL,
    snapshot_entries INTEGER NOT NULL DEFAULT 0,
    backlog INTEGER NOT NULL,
    PRIMARY KEY (tenant, document)
) STRICT, WITHOUT ROWID;

CREATE INDEX documents_backlog ON documents (backlog);

-- `checksum` is of all the other columns: what rotted is never sent or loaded.
CREATE TABLE snapshots (
    tenant TEXT NOT NULL,
    document TEXT NOT NULL,
    position INTEGER NOT NULL,
    checksum BLOB NOT NULL,
    admissions BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (tenant, document)
) STRICT;

-- Snapshots that were not what was written, or did not load: for the operator to
-- look at. Nothing reads them.
CREATE TABLE quarantine (
    tenant TEXT NOT NULL,
    document TEXT NOT NULL,
    position INTEGER NOT NULL,
    quarantined_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    checksum BLOB NOT NULL,
    admissions BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (tenant, document, position)
) STRICT;

-- `listing` is what everybody may know of a public conversation; null for any other.
-- `resource` is the id of the resource that a resource conversation is about.
-- `deleted_at` says since when a conversation waits to be erased: null when nothing
-- of it is left; `deleted_tick` is that of the deletion, for good. One with `erased_at` is a tombstone, erased from then on: its row
-- says that it was deleted and those of `members` who is to be told, and no more.
CREATE TABLE conversations (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    kind TEXT NOT NULL,
    title TEXT,
    state TEXT NOT NULL,
    member_count INTEGER NOT NULL,
    subscriber_count INTEGER NOT NULL DEFAULT 0,
    some_members BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    last_message BLOB,
    activity_at INTEGER NOT NULL,
    listing BLOB,
    resource TEXT,
    deleted_at INTEGER,
    deleted_tick INTEGER,
    erased_at INTEGER,
    PRIMARY KEY (tenant, conversation)
) STRICT, WITHOUT ROWID;

CREATE INDEX conversations_deleted ON conversations (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX conversations_resource ON conversations (tenant, resource, conversation) WHERE resource IS NOT NULL;
CREATE INDEX conversations_gone ON conversations (tenant, deleted_tick) WHERE deleted_tick IS NOT NULL;

-- The names of public conversations: each once in a tenant.
CREATE TABLE public_names (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    conversation TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

-- What public conversations are found under: the words of their titles and names.
CREATE TABLE directory_words (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (tenant, conversation, word)
) STRICT, WITHOUT ROWID;

CREATE INDEX directory_words_word ON directory_words (tenant, word, conversation);

-- `subscribed_at` is zero for whom the conversation's document lists, whose row
-- can be made again from the journal. Any other time makes the row a
-- subscriber's: no journal holds it, and lists of members leave it out.
CREATE TABLE members (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    account TEXT NOT NULL,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    position INTEGER NOT NULL,
    joined INTEGER NOT NULL DEFAULT 0,
    subscribed_at INTEGER NOT NULL DEFAULT 0,
    tick INTEGER NOT NULL,
    PRIMARY KEY (tenant, conversation, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX members_account ON members (tenant, account, status, tick);
CREATE INDEX members_listed ON members (tenant, conversation, status, account) WHERE subscribed_at = 0;
CREATE INDEX members_moved ON members (tenant, conversation, tick) WHERE subscribed_at = 0;

-- `parent` is the page of the message that the thread starts from, `counted` what
-- is shown there of the thread: how many replies, the last one, by whom.
CREATE TABLE threads (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    thread TEXT NOT NULL,
    parent TEXT NOT NULL,
    counted BLOB NOT NULL,
    PRIMARY KEY (tenant, conversation, thread)
) STRICT, WITHOUT ROWID;

CREATE INDEX threads_parent ON threads (tenant, parent);

-- Messages of those who were removed, which are held: `content` is null once
-- somebody has decided, so that the words are nowhere else than in the journal,
-- or nowhere.
CREATE TABLE held_messages (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    message TEXT NOT NULL,
    content BLOB,
    PRIMARY KEY (tenant, conversation, message)
) STRICT, WITHOUT ROWID;

-- A subscriber's receipts are the subscriber's own: nobody else is told of
-- them, and they are left out of what others look through.
CREATE TABLE receipts (
    tenant TEXT NOT NULL,
    conversation TEXT NOT NULL,
    account TEXT NOT NULL,
    delivered INTEGER NOT NULL,
    read INTEGER NOT NULL,
    subscriber INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    PRIMARY KEY (tenant, conversation, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX receipts_moved ON receipts (tenant, conversation, tick) WHERE NOT subscriber;

-- `profile` is null for an account that was suspended before it had one, and
-- `tick` is the profile's. `suspended` is the operator's; no journal holds it.
CREATE TABLE accounts (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    profile BLOB,
    created_at INTEGER,
    updated_at INTEGER,
    suspended INTEGER NOT NULL DEFAULT 0,
    tick INTEGER NOT NULL,
    PRIMARY KEY (tenant, account)
) STRICT, WITHOUT ROWID;

-- For an operator, who looks for them.
CREATE INDEX accounts_suspended ON accounts (tenant, account) WHERE suspended;
CREATE INDEX accounts_moved ON accounts (tenant, tick);

-- Accounts that an administrator of the tenant has erased, or is erasing: the row stays for good, and an account
-- with one is suspended for good. `after` is the last conversation that was gone through in this round, `found`
-- what had still to be written in it; the counts from `conversations` on are told. A node works on it until
-- `leased_until`, and another one from then on.
CREATE TABLE account_erasures (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    erased_at INTEGER,
    leased_until INTEGER NOT NULL DEFAULT 0,
    after TEXT,
    found INTEGER NOT NULL DEFAULT 0,
    conversations INTEGER NOT NULL DEFAULT 0,
    messages INTEGER NOT NULL DEFAULT 0,
    reactions INTEGER NOT NULL DEFAULT 0,
    refused INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX account_erasures_open ON account_erasures (requested_at) WHERE erased_at IS NULL;

-- Whom each account blocks, as its home states it, so that the server can keep
-- them apart. The row of a block that was lifted stays: its tick says since when
-- the account hears of the other one again.
CREATE TABLE blocks (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    other TEXT NOT NULL,
    blocked INTEGER NOT NULL,
    tick INTEGER NOT NULL,
    PRIMARY KEY (tenant, account, other)
) STRICT, WITHOUT ROWID;

-- Who may reach an account (everybody, contacts, nobody), as its home states it.
CREATE TABLE reachability (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    reachability TEXT NOT NULL,
    PRIMARY KEY (tenant, account)
) STRICT, WITHOUT ROWID;

-- The account that each contact is linked to, as the home of whoever has it states
-- it; null for one that is not linked, or gone.
CREATE TABLE contact_accounts (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    contact TEXT NOT NULL,
    other TEXT,
    PRIMARY KEY (tenant, account, contact)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_accounts_other ON contact_accounts (tenant, account, other);

-- Phone numbers and e-mail addresses that the account's token says are verified:
-- the operator's identity provider is who says so, and no journal holds them.
CREATE TABLE contact_points (
    tenant TEXT NOT NULL,
    point TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (tenant, point, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX contact_points_account ON contact_points (tenant, account);

-- What the operator's own systems call accounts and conversations, by the stream of
-- each: every name once in a tenant and for each `kind` of stream. No journal holds them.
CREATE TABLE external_ids (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    external_id TEXT NOT NULL,
    stream TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, external_id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX external_ids_stream ON external_ids (tenant, stream);

CREATE TABLE devices (
    device BLOB NOT NULL,
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (tenant, device)
) STRICT, WITHOUT ROWID;

-- Requests that were carried out under a key, written with their entries: whoever makes one again within a
-- day is answered alike, and nothing is written a second time. `made` is the id of what it made.
CREATE TABLE requests (
    tenant TEXT NOT NULL,
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    made TEXT NOT NULL,
    position INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, account, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX requests_accepted ON requests (accepted_at);

-- Where other services are told what happened. `events` begins and ends with a comma, with the types that it is told
-- between commas; empty for all. `keys` are a secret and the seed of a key pair; `former_keys`
-- sign too until `former_until`.
CREATE TABLE webhook_endpoints (
    tenant TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    url TEXT NOT NULL,
    events TEXT NOT NULL,
    keys BLOB NOT NULL,
    former_keys BLOB,
    former_until INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, endpoint)
) STRICT, WITHOUT ROWID;

-- Events that are still to be delivered, written with their entries, and dead letters. What was delivered is deleted. Of
-- each lane of a conversation at an endpoint only the first pending one is sent: notifications are in lane 1. `lease` is not zero while a node sends it, and
-- `due_at` is then when another node may. `since` is when its attempts began. `words` is the body with the words of
-- `message`, and is deleted with that.
CREATE TABLE webhook_deliveries (
    tenant TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    conversation TEXT NOT NULL,
    position INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    event TEXT NOT NULL,
    type TEXT NOT NULL,
    lane INTEGER NOT NULL,
    accepted_at INTEGER NOT NULL,
    since INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'pending',
    lease INTEGER NOT NULL DEFAULT 0,
    failure TEXT,
    body BLOB NOT NULL,
    message TEXT,
    words BLOB,
    PRIMARY KEY (tenant, endpoint, conversation, position, ordinal)
) STRICT;

CREATE INDEX webhook_deliveries_due ON webhook_deliveries (tenant, endpoint, state, due_at);
CREATE INDEX webhook_deliveries_first ON webhook_deliveries (tenant, endpoint, conversation, position, ordinal)
    WHERE state = 'pending';
CREATE INDEX webhook_deliveries_event ON webhook_deliveries (tenant, endpoint, event);
CREATE INDEX webhook_deliveries_accepted ON webhook_deliveries (accepted_at);

-- The planner's picture of a large deployment, given once instead of measured
-- (ANALYZE): rows, then rows for each value of the first column, of the first
-- two, and so on. Without it SQLite holds one tenant's rows to be few, and
-- reads all of them; with it plans are the same from the first day on.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('streams', 'streams', '1000000 1000000 1'),
    ('journal', 'sqlite_autoindex_journal_1', '10000000 10000000 100 1'),
    ('journal', 'sqlite_autoindex_journal_2', '10000000 10000000 100 1 1'),
    ('journal', 'journal_moved', '10000000 10000000 2'),
    ('journal', 'journal_document', '10000000 10000000 50 1'),
    ('documents', 'documents', '1000000 1000000 1'),
    ('documents', 'documents_backlog', '1000000 1000'),
    ('snapshots', 'sqlite_autoindex_snapshots_1', '1000000 1000000 1'),
    ('conversations', 'conversations', '1000000 1000000 1'),
    ('directory_words', 'directory_words', '1000000 1000000 5 1'),
    ('directory_words', 'directory_words_word', '1000000 1000000 5 1'),
    ('members', 'members', '10000000 10000000 10 1'),
    ('members', 'members_account', '10000000 10000000 50 40 1'),
    ('members', 'members_listed', '1000000 1000000 5 4 1'),
    ('members', 'members_moved', '1000000 1000000 5 2'),
    ('threads', 'threads', '1000000 1000000 10 1'),
    ('threads', 'threads_parent', '1000000 1000000 5'),
    ('receipts', 'receipts', '10000000 10000000 10 1'),
    ('receipts', 'receipts_moved', '10000000 10000000 10 2'),
    ('accounts', 'accounts', '1000000 1000000 1'),
    ('external_ids', 'external_ids', '1000000 1000000 500000 1'),
    ('external_ids', 'external_ids_stream', '1000000 1000000 1'),
    ('accounts', 'accounts_moved', '1000000 1000000 2');
ANALYZE sqlite_schema;
