//! What a line of WhatsApp says: words, or that there was something which is not in a text. WhatsApp writes that in
//! the language of the phone; an iPhone also puts a mark before it. A phrase that is not known here stays a text, so
//! nothing that somebody wrote is lost.

/// The mark that an iPhone puts before what nobody typed.
const MARK: char = '\u{200e}';

/// What a message says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Words.
    Text { text: String, is_edited: bool },
    /// A file, of which there is a name at most, and the words that came with it.
    File { text: String, is_edited: bool },
    /// A poll, in words.
    Poll(String),
    /// It was deleted.
    Deleted,
    /// A call.
    Call,
    /// The system says something.
    System(String),
}

/// Instead of a file that was left out, on Android.
const LEFT_OUT: [&str; 15] = [
    "<Media omitted>",
    "<Medien ausgeschlossen>",
    "<Multimedia omitido>",
    "<Archivo omitido>",
    "<Mídia oculta>",
    "<Arquivo de mídia oculto>",
    "<Ficheiro não revelado>",
    "<Médias omis>",
    "<Fichier omis>",
    "<Media omessi>",
    "<Media weggelaten>",
    "<pominięto multimedia>",
    "<Без медиафайлов>",
    "<Medya dahil edilmedi>",
    "<Media tidak disertakan>",
];

/// The last word of what an iPhone writes instead of a file.
const OMITTED: [&str; 11] = [
    "omitted",
    "weggelassen",
    "omitido",
    "omitida",
    "ocultada",
    "ocultado",
    "omis",
    "absente",
    "omesso",
    "omessa",
    "weggelaten",
];

/// Behind the name of a file that is beside the text, on Android.
const ATTACHED: [&str; 8] = [
    "(file attached)",
    "(Datei angehängt)",
    "(archivo adjunto)",
    "(arquivo anexado)",
    "(ficheiro anexado)",
    "(fichier joint)",
    "(file allegato)",
    "(bestand bijgevoegd)",
];

/// Before the name of a file that is beside the text, on an iPhone.
const ATTACHED_BEFORE: [&str; 7] =
    ["<attached: ", "<Anhang: ", "<adjunto: ", "<anexado: ", "<pièce jointe : ", "<allegato: ", "<bijgevoegd: "];

/// Instead of a message that was deleted.
const DELETED: [&str; 14] = [
    "This message was deleted",
    "You deleted this message",
    "Diese Nachricht wurde gelöscht",
    "Du hast diese Nachricht gelöscht",
    "Se eliminó este mensaje",
    "Eliminaste este mensaje",
    "Mensagem apagada",
    "Você apagou esta mensagem",
    "Ce message a été supprimé",
    "Vous avez supprimé ce message",
    "Questo messaggio è stato eliminato",
    "Hai eliminato questo messaggio",
    "Dit bericht is verwijderd",
    "U hebt dit bericht verwijderd",
];

/// Behind a message that was edited.
const EDITED: [&str; 7] = [
    "<This message was edited>",
    "<Diese Nachricht wurde bearbeitet.>",
    "<Se editó este mensaje.>",
    "<Mensagem editada>",
    "<Ce message a été modifié>",
    "<Questo messaggio è stato modificato>",
    "<Dit bericht is bewerkt>",
];

/// A word in what is said of a call.
const CALL: [&str; 7] = ["call", "anruf", "llamada", "ligação", "appel", "chiamata", "oproep"];

/// The first line of a poll.
const POLL: [&str; 5] = ["POLL:", "UMFRAGE:", "ENCUESTA:", "ENQUETE:", "SONDAGE :"];

/// How the line begins with which WhatsApp opens a chat.
const OPENING: [&str; 7] = [
    "Messages and calls are end-to-end encrypted",
    "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt",
    "Los mensajes y las llamadas están cifrados de extremo a extremo",
    "As mensagens e as chamadas são protegidas com a criptografia de ponta a ponta",
    "Les messages et les appels sont chiffrés de bout en bout",
    "I messaggi e le chiamate sono crittografati end-to-end",
    "Berichten en gesprekken worden end-to-end versleuteld",
];

/// Whether WhatsApp opens a chat with a text, which nobody in it wrote.
pub(super) fn is_opening(text: &str) -> bool {
    OPENING.iter().any(|opening| text.trim_start_matches(MARK).starts_with(opening))
}

/// Says what a text of an export says.
pub(super) fn said(raw: &str) -> Said {
    let (text, is_edited) = without_edited(raw);
    let is_marked = text.starts_with(MARK);
    let plain = text.replace(MARK, "");
    let plain = plain.trim();
    let without_dot = plain.strip_suffix('.').unwrap_or(plain);
    if DELETED.contains(&without_dot) {
        return Said::Deleted;
    }
    if let Some((name, words)) = file(text) {
        let text = match (name, words.is_empty()) {
            ("", true) => "📎".to_owned(),
            ("", false) => words,
            (name, true) => format!("📎 {name}"),
            (name, false) => format!("📎 {name}\n{words}"),
        };
        return Said::File { text, is_edited };
    }
    if POLL.iter().any(|poll| plain.starts_with(poll)) {
        return Said::Poll(plain.to_owned());
    }
    if is_marked {
        let lower = plain.to_lowercase();
        let is_call = CALL.iter().any(|call| lower.contains(call)) && !lower.contains("end-to-end");
        return if is_call { Said::Call } else { Said::System(plain.to_owned()) };
    }
    Said::Text { text: plain.to_owned(), is_edited }
}

fn without_edited(raw: &str) -> (&str, bool) {
    let text = raw.trim_end();
    match EDITED.iter().find_map(|edited| text.strip_suffix(edited)) {
        Some(text) => (text.trim_end_matches([MARK, ' ']), true),
        None => (text, false),
    }
}

/// The name of a file, empty if it is not known, and the words that came with it; none if there is no file.
fn file(text: &str) -> Option<(&str, String)> {
    let clean = |words: &str| words.replace(MARK, "").trim().to_owned();
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let first_plain = first.trim_matches([MARK, ' ']);
    if LEFT_OUT.contains(&first_plain) {
        return Some(("", clean(rest)));
    }
    if let Some(name) = ATTACHED.iter().find_map(|attached| first_plain.strip_suffix(attached)) {
        return Some((name.trim(), clean(rest)));
    }
    for before in ATTACHED_BEFORE {
        if let Some((words, behind)) = text.split_once(before)
            && let Some((name, more)) = behind.split_once('>')
        {
            return Some((name.trim(), clean(&format!("{words}\n{more}"))));
        }
    }
    // "image omitted", behind a mark: somebody may write the same without one.
    let (words, phrase) = text.rsplit_once(MARK)?;
    let is_left_out =
        phrase.split(' ').count() <= 4 && OMITTED.iter().any(|omitted| phrase.trim_end().ends_with(omitted));
    is_left_out.then(|| ("", clean(words)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Said {
        Said::Text { text: text.to_owned(), is_edited: false }
    }

    fn file(text: &str) -> Said {
        Said::File { text: text.to_owned(), is_edited: false }
    }

    #[test]
    fn what_is_not_in_a_text_is_known_in_several_languages() {
        assert_eq!(said("<Media omitted>"), file("📎"));
        assert_eq!(said("<Medien ausgeschlossen>\nWie gestern"), file("Wie gestern"));
        assert_eq!(
            said("IMG-20240115-WA0001.jpg (file attached)\nThe pier"),
            file("📎 IMG-20240115-WA0001.jpg\nThe pier")
        );
        assert_eq!(said("\u{200e}<attached: 00000012-PHOTO.jpg>"), file("📎 00000012-PHOTO.jpg"));
        assert_eq!(said("The pier \u{200e}<Anhang: 00000012-PHOTO.jpg>"), file("📎 00000012-PHOTO.jpg\nThe pier"));
        assert_eq!(said("\u{200e}image omitted"), file("📎"));
        assert_eq!(said("The pier \u{200e}Bild weggelassen"), file("The pier"));
        assert_eq!(said("This message was deleted"), Said::Deleted);
        assert_eq!(said("\u{200e}Diese Nachricht wurde gelöscht."), Said::Deleted);
        assert_eq!(said("\u{200e}Missed voice call, \u{200e}Tap to call back"), Said::Call);
        assert_eq!(
            said("\u{200e}POLL:\nWhen?\n\u{200e}OPTION: Now (\u{200e}2 votes)"),
            Said::Poll("POLL:\nWhen?\nOPTION: Now (2 votes)".to_owned())
        );
        assert!(matches!(said("\u{200e}Messages and calls are end-to-end encrypted."), Said::System(_)));
    }

    #[test]
    fn what_somebody_wrote_stays_a_text() {
        assert_eq!(said("I omitted it"), text("I omitted it"));
        assert_eq!(said("first\nsecond"), text("first\nsecond"));
        assert_eq!(said("<b>"), text("<b>"));
        assert_eq!(said(""), text(""));
        let edited = Said::Text { text: "at nine".to_owned(), is_edited: true };
        assert_eq!(said("at nine \u{200e}<This message was edited>"), edited);
    }
}
