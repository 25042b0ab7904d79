//! The directory: public conversations by the words of their titles and names. A commit that changes the words
//! of a conversation rewrites all of them.

use std::collections::BTreeMap;

use tidings_core::{
    ids::{AccountId, ConversationId, TenantId},
    model::{ConversationKind, DirectoryQuery, DirectoryRow, WordKey, member_status},
    sorted::SortedSet,
    wire,
};

use super::{
    Backend, Insert, ReadRow, Value,
    backend::fetch,
    rot::{Rot, Whose},
    row::Fields,
};
use crate::store::{StoreError, StreamCommit};

/// Words that a page looks at, for each row that it may return. Conversations that have the first word of the
/// search and not the others are skipped.
const LOOKS_PER_ROW: u32 = 4;

/// Appended to a prefix, sorts after every word that begins with the prefix: the last code point, which is
/// neither a letter nor a digit.
const LAST: &str = "\u{10ffff}";

pub(super) const DIRECTORY_WORDS: Insert =
    Insert { table: "directory_words", joined: None, columns: &["tenant", "conversation", "word"], conflict: "" };

/// The word rows of these conversations.
pub(super) fn rows(words: BTreeMap<(&TenantId, ConversationId), &SortedSet<String>>) -> Vec<Vec<Value>> {
    let rows = words.into_iter().flat_map(|((tenant, conversation), words)| {
        words.iter().map(move |word| vec![tenant.into(), conversation.into(), Value::words(Some(word))])
    });
    rows.collect()
}

/// Deletes the word rows that conversations had before a commit that changes them.
pub(super) async fn forget<B: Backend>(
    connection: &mut B::Connection,
    commit: &StreamCommit,
) -> Result<(), StoreError> {
    const FORGET: &str = "DELETE FROM directory_words WHERE tenant = $1 AND conversation = $2";
    if let (Some(_), Some(conversation)) = (&commit.words, commit.stream.conversation()) {
        fetch::<B>(connection, FORGET, [(&commit.tenant).into(), conversation.into()]).await?;
    }
    Ok(())
}

// One range of words. Each row has its conversation if all words occur there and the row is its first in
// the range.
const FOUND: &str = "SELECT found.word, found.conversation, conversations.kind, conversations.title,
        conversations.listing, conversations.member_count, conversations.subscriber_count, own.role, own.status
    FROM (
        SELECT word, conversation FROM directory_words
        WHERE tenant = $1 AND (word, conversation) > ($3, $4) AND word < $5
        ORDER BY word, conversation LIMIT $6
    ) AS found
    LEFT JOIN conversations ON conversations.tenant = $1 AND conversations.conversation = found.conversation
        AND conversations.listing IS NOT NULL AND conversations.kind IN (SELECT key FROM json_each($7))
        AND NOT EXISTS (
            SELECT 1 FROM directory_words AS former
            WHERE former.tenant = $1 AND former.conversation = found.conversation
                AND former.word >= $8 AND former.word < found.word)
        AND NOT EXISTS (
            SELECT 1 FROM json_each($9) AS wanted
            WHERE NOT EXISTS (
                SELECT 1 FROM directory_words AS other
                WHERE other.tenant = $1 AND other.conversation = found.conversation
                    AND other.word >= wanted.key AND other.word < wanted.key || $10))
    LEFT JOIN members AS own ON own.tenant = $1 AND own.conversation = conversations.conversation
        AND own.account = $2
    ORDER BY found.word, found.conversation";

/// Implements `Store::directory`.
pub(super) async fn directory<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    prefixes: &SortedSet<String>,
    query: &DirectoryQuery,
) -> Result<(Vec<DirectoryRow>, Option<WordKey>), StoreError> {
    // The longest prefix is probably the rarest.
    let Some(first) = prefixes.iter().max_by_key(|prefix| prefix.len()) else { return Ok((Vec::new(), None)) };
    let after = query.after.as_ref().filter(|after| after.word >= *first);
    let (word, conversation) = match after {
        Some(WordKey { word, conversation }) => (word, (*conversation).into()),
        None => (first, Value::from("")),
    };
    let page_max = query.page_max() as usize;
    let looks = query.page_max().saturating_mul(LOOKS_PER_ROW);
    let values = [
        tenant.into(),
        account.into(),
        Value::words(Some(word)),
        conversation,
        Value::words(Some(&format!("{first}{LAST}"))),
        looks.into(),
        Value::keys(query.kinds()),
        Value::words(Some(first)),
        Value::keys(prefixes.iter().filter(|prefix| *prefix != first)),
        Value::from(LAST),
    ];
    let rows = fetch::<B>(connection, FOUND, values).await?;
    let mut found = Vec::new();
    let mut last = None;
    for row in &rows {
        let fields = Fields::of("conversations", row);
        if fields.words("kind")?.is_some() {
            if found.len() == page_max {
                return Ok((found, last));
            }
            found.extend(rot.left_out(tenant, Whose::EachRows, row, directory_row(row))?);
        }
        last = Some(WordKey { word: word_of(&fields)?, conversation: fields.conversation()? });
    }
    Ok((found, last.filter(|_| rows.len() == looks as usize)))
}

fn directory_row<R: ReadRow>(row: &R) -> Result<DirectoryRow, StoreError> {
    let (fields, own) = (Fields::of("conversations", row), Fields::of("members", row));
    let member = own.words("status")?.map(|_| own.member()).transpose()?;
    Ok(DirectoryRow {
        conversation: fields.conversation()?,
        kind: fields.named("kind", ConversationKind::read)?,
        title: fields.words("title")?,
        listing: fields.decode("listing", |bytes| wire::decode(bytes))?,
        member_count: fields.number("member_count")?,
        subscriber_count: fields.number("subscriber_count")?,
        status: member.map(|member| member_status(&member.role, member.status)),
    })
}

fn word_of<R: ReadRow>(fields: &Fields<'_, R>) -> Result<String, StoreError> {
    fields.parse("word", |word| Ok::<_, core::convert::Infallible>(word.to_owned()))
}
