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
use crate::store::{ListPage, StoreError, StreamCommit, Toward};

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
macro_rules! select_found {
    ($comparison:literal, $order:literal) => {
        concat!(
            "SELECT found.word, found.conversation, conversations.kind, conversations.title,
        conversations.listing, conversations.member_count, conversations.subscriber_count, own.role, own.status
    FROM (
        SELECT word, conversation FROM directory_words
        WHERE tenant = $1 AND word >= $8 AND word < $5 AND (word, conversation) ",
            $comparison,
            " ($3, $4) ORDER BY word ",
            $order,
            ", conversation ",
            $order,
            " LIMIT $6
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
    ORDER BY found.word ",
            $order,
            ", found.conversation ",
            $order
        )
    };
}

/// Implements `Store::directory`.
pub(super) async fn directory<B: Backend>(
    connection: &mut B::Connection,
    rot: &Rot,
    tenant: &TenantId,
    account: &AccountId,
    prefixes: &SortedSet<String>,
    query: &DirectoryQuery,
    toward: Toward,
) -> Result<ListPage<DirectoryRow, WordKey>, StoreError> {
    // The longest prefix is probably the rarest.
    let Some(first) = prefixes.iter().max_by_key(|prefix| prefix.len()) else {
        return Ok(ListPage::read(Vec::new(), toward, None, None));
    };
    let end = format!("{first}{LAST}");
    let (sql, start) = match toward {
        Toward::End => (select_found!(">", "ASC"), first),
        Toward::Beginning => (select_found!("<", "DESC"), &end),
    };
    let (word, conversation) = match &query.after {
        Some(WordKey { word, conversation }) => (word, (*conversation).into()),
        None => (start, Value::from("")),
    };
    let page_max = query.page_max() as usize;
    let looks = query.page_max().saturating_mul(LOOKS_PER_ROW);
    let values = [
        tenant.into(),
        account.into(),
        Value::words(Some(word)),
        conversation,
        Value::words(Some(&end)),
        looks.saturating_add(1).into(),
        Value::keys(query.kinds()),
        Value::words(Some(first)),
        Value::keys(prefixes.iter().filter(|prefix| *prefix != first)),
        Value::from(LAST),
    ];
    let rows = fetch::<B>(connection, sql, values).await?;
    let from = rows.first().filter(|_| query.after.is_some()).map(key).transpose()?;
    let mut found = Vec::new();
    let mut last = None;
    for row in rows.iter().take(looks as usize) {
        if Fields::of("conversations", row).words("kind")?.is_some() {
            if found.len() == page_max {
                return Ok(ListPage::read(found, toward, from, last));
            }
            found.extend(rot.left_out(tenant, Whose::EachRows, row, directory_row(row))?);
        }
        last = Some(key(row)?);
    }
    Ok(ListPage::read(found, toward, from, last.filter(|_| rows.len() > looks as usize)))
}

/// The key of a row.
fn key<R: ReadRow>(row: &R) -> Result<WordKey, StoreError> {
    let fields = Fields::of("conversations", row);
    let word = fields.parse("word", |word| Ok::<_, core::convert::Infallible>(word.to_owned()))?;
    Ok(WordKey { word, conversation: fields.conversation()? })
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
