//! Reads an archive that `export` wrote.

use std::io::{BufRead as _, BufReader, Read};

use tidings_core::ids::ConversationId;

use super::{
    archive::{End, Line, VERSION},
    error::TransferError,
    import::{Item, Take},
    source::Source,
};

/// Bytes of the longest line: a conversation with a thousand members and all that can be said of them.
const LINE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Tells what an archive has. One that was cut is an error, so that nobody takes a half for the whole.
pub(super) fn read(source: &Source, take: &mut Take<'_>) -> Result<(), TransferError> {
    let name = source.names().first().cloned().unwrap_or_default();
    source.read(&name, |read| {
        let mut reader = Reader { name: &name, open: None, count: End::default(), is_begun: false, is_whole: false };
        each_line(&name, read, |number, text| reader.line(number, text, take))?;
        reader.end(take)
    })
}

/// Calls with each whole line; one without an end is not whole.
pub(super) fn each_line(
    name: &str,
    read: &mut dyn Read,
    mut work: impl FnMut(u64, &str) -> Result<(), TransferError>,
) -> Result<(), TransferError> {
    let mut read = BufReader::new(read);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        let failed = TransferError::file(name);
        let length = (&mut read).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).map_err(failed)?;
        number += 1;
        match line.pop() {
            Some(b'\n') => {}
            Some(_) if length as u64 == LINE_BYTES_MAX => {
                return Err(TransferError::format(name, format!("line {number} is too long")));
            }
            Some(_) | None => return Ok(()),
        }
        let text = std::str::from_utf8(&line);
        let text = text.map_err(|_| TransferError::format(name, format!("line {number} is not UTF-8")))?;
        work(number, text)?;
    }
}

struct Reader<'a> {
    name: &'a str,
    open: Option<ConversationId>,
    count: End,
    is_begun: bool,
    is_whole: bool,
}

impl Reader<'_> {
    fn line(&mut self, number: u64, text: &str, take: &mut Take<'_>) -> Result<(), TransferError> {
        let invalid = |detail: String| TransferError::format(self.name, format!("line {number}: {detail}"));
        let line: Line = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        match &line {
            Line::Archive(opening) if opening.version != VERSION => {
                return Err(invalid(format!("version {} of the format; this is {VERSION}", opening.version)));
            }
            Line::Archive(_) => self.is_begun = true,
            _ if !self.is_begun => return Err(invalid("no archive begins like this".to_owned())),
            Line::End(end) if *end != self.count => {
                return Err(invalid("lines are missing: the archive says that it has others".to_owned()));
            }
            Line::End(_) => self.is_whole = true,
            _ => self.count.count(&line),
        }
        let next = match &line {
            Line::Conversation(conversation) => Some(conversation.conversation),
            Line::Account(_) | Line::End(_) => None,
            _ => self.open,
        };
        if let Some(ended) = self.open.filter(|open| Some(*open) != next) {
            take(Item::End(ended))?;
        }
        self.open = next;
        take(Item::Line(line))
    }

    fn end(self, take: &mut Take<'_>) -> Result<(), TransferError> {
        if !self.is_begun {
            return Err(TransferError::format(self.name, "no archive begins like this"));
        }
        if let Some(open) = self.open {
            take(Item::End(open))?;
        }
        match self.is_whole {
            true => Ok(()),
            false => {
                let detail = "it was cut: what it has was brought in; go on with the export, and import it again";
                Err(TransferError::format(self.name, detail))
            }
        }
    }
}
