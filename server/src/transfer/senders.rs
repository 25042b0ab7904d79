//! Whose account a sender of another system is: as a file says, or one that is made up.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use tidings_core::{
    ids::AccountId,
    model::{Profile, is_line, shows},
};

use super::{
    archive::{Account, Line},
    derived,
    error::TransferError,
    import::{Item, Take},
};

/// The accounts of senders.
#[derive(Debug, Default)]
pub(super) struct Senders {
    source: &'static str,
    given: HashMap<String, AccountId>,
    told: BTreeSet<String>,
}

impl Senders {
    /// The senders of a source, with the accounts of a file: a JSON object whose keys are ids or names of the
    /// source, or lines of such an id or name, a comma and the account.
    pub(super) fn read(source: &'static str, file: Option<&Path>) -> Result<Self, TransferError> {
        let Some(file) = file else { return Ok(Self { source, ..Self::default() }) };
        let text = std::fs::read_to_string(file).map_err(TransferError::file(file))?;
        let invalid = |detail: String| TransferError::format(file.display().to_string(), detail);
        let rows = match text.trim_start().starts_with('{') {
            true => {
                serde_json::from_str::<BTreeMap<String, String>>(&text).map_err(|error| invalid(error.to_string()))?
            }
            false => read_rows(&text).map_err(invalid)?,
        };
        let mut given = HashMap::new();
        for (sender, account) in rows {
            let parsed = AccountId::parse(&account).ok().filter(|account| !account.is_system());
            let parsed =
                parsed.ok_or_else(|| invalid(format!("{account:?}, for {sender:?}, is no id of an account")))?;
            given.insert(sender, parsed);
        }
        Ok(Self { source, given, told: BTreeSet::new() })
    }

    /// Other names under which the file may have a sender.
    pub(super) fn alias<'a>(&mut self, id: &str, names: impl IntoIterator<Item = &'a str>) {
        if self.given.contains_key(id) {
            return;
        }
        if let Some(account) = names.into_iter().find_map(|name| self.given.get(name)).cloned() {
            self.given.insert(id.to_owned(), account);
        }
    }

    /// The account of a sender, by id or else by name. The first time that it is one that is made up, its profile
    /// and the sender go to the import.
    pub(super) fn account(
        &mut self,
        id: &str,
        name: Option<&str>,
        take: &mut Take<'_>,
    ) -> Result<AccountId, TransferError> {
        let given = self.given.get(id).or_else(|| name.and_then(|name| self.given.get(name)));
        if let Some(account) = given {
            return Ok(account.clone());
        }
        let account = derived::account(self.source, id);
        if self.told.insert(id.to_owned()) {
            let sender = match name.filter(|name| *name != id) {
                Some(name) => format!("{id} ({name})"),
                None => id.to_owned(),
            };
            take(Item::Unmapped(sender, account.clone()))?;
            let display_name = line(name.unwrap_or(id), 120);
            if display_name.is_some() {
                let profile = Profile { display_name, ..Profile::default() };
                take(Item::Line(Line::Account(Account { account: account.clone(), profile, external_id: None })))?;
            }
        }
        Ok(account)
    }
}

/// A text as one line of at most so many characters; none if it shows nothing.
pub(super) fn line(text: &str, characters_max: usize) -> Option<String> {
    let flat: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
    let cut: String = flat.trim().chars().take(characters_max).collect();
    let cut = cut.trim().to_owned();
    let is_shown = |text: &String| is_line(text) && shows(text);
    if is_shown(&cut) {
        return Some(cut);
    }
    // What shows nothing, or turns the direction of a line, is left out.
    let plain: String = cut.chars().filter(|character| !is_hidden(*character)).collect();
    Some(plain.trim().to_owned()).filter(is_shown)
}

/// The public name of something that is called so elsewhere; none if nothing of it can be in one.
pub(super) fn machine_name(name: &str) -> Option<String> {
    let fits = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    let name: String =
        name.to_lowercase().chars().map(|one| if fits(one) || "-_.".contains(one) { one } else { '-' }).collect();
    let name: String = name.trim_matches(['-', '_', '.']).chars().take(64).collect();
    name.chars().any(fits).then_some(name)
}

fn is_hidden(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn read_rows(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).trim(csv::Trim::All).from_reader(text.as_bytes());
    let mut rows = BTreeMap::new();
    for (index, row) in reader.records().enumerate() {
        let row = row.map_err(|error| error.to_string())?;
        let (Some(sender), Some(account), 2) = (row.get(0), row.get(1), row.len()) else {
            return Err(format!("row {}: a sender and an account", index + 1));
        };
        let is_heading = index == 0 && account.eq_ignore_ascii_case("account");
        if !is_heading {
            rows.insert(sender.to_owned(), account.to_owned());
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_objects_give_accounts() {
        let rows = read_rows("sender,account\nU1,ann\n\"Bea, the second\",bea\n").unwrap();
        assert_eq!(rows.get("Bea, the second").map(String::as_str), Some("bea"));
        assert_eq!(rows.len(), 2);
        assert!(read_rows("U1;ann\n").unwrap_err().contains("row 1"));
    }

    #[test]
    fn names_become_lines() {
        assert_eq!(line(" Ann\nLee ", 120).as_deref(), Some("Ann Lee"));
        assert_eq!(line("\u{200e}Ann", 120).as_deref(), Some("Ann"));
        assert_eq!(line("  ", 120), None);
        assert_eq!(line("abcdef", 3).as_deref(), Some("abc"));
    }
}
