//! Seeds that failed once, each with what it found.

use tidings_tests::sim::{
    faults::Class,
    run::{Plan, run},
};

/// The seed, and what it found.
const SEEDS: [(u64, &str); 22] = [
    (2, "a removal that was told changed nothing on the list"),
    (48, "an answer behind its own entry took the next command in the outbox with it"),
    (94, "a first profile that was refused stayed on the screen"),
    (95, "a message that was admitted just before its author left stayed pending, and was gone with the next start"),
    (116, "a clock that was set back put off a push for as long"),
    (159, "a device that was set back wrote a message again that was admitted on a page it did not hold"),
    (184, "a notice that could not be read when it came was made up for minutes later"),
    (204, "what was to be asked with a new start was forgotten when that was put off, again and again"),
    (
        1_795_346_914,
        "a node that was to die at its next commit, and was stopped until the world was healed, stayed dead",
    ),
    (1_805_347_056, "a conversation that was spoken of before it was known was taken for whole with the next start"),
    (3_000_000_005, "a client that decides anew took an entry for repeated whose thread it had just fetched"),
    (4_000_000_414, "a thread that was opened before it was known stayed empty when its parent came"),
    (
        5_000_000_181,
        "a message let in late was unread to its author; what was unread on an older page was not with the next start",
    ),
    (6_000_000_640, "a thread begun while a device was away, with something to send, was not shown at its message"),
    (7_000_000_105, "a node that was stopped, and told to go down before the world was healed, went down after it"),
    (8_000_000_532, "a token that expired while its account was suspended was not replaced"),
    (
        9_000_000_906,
        "a thread that was let go of in the store while it was read from there was gone with the next start",
    ),
    (
        10_000_000_425,
        "words that were admitted were shown as refused: a copied device took a new id while its account was removed",
    ),
    (11_000_000_138, "what a deferred fetch had left out was never fetched after a start"),
    (12_000_000_945, "a thread whose creation was refused kept its panel on the screen"),
    (
        13_000_000_051,
        "a copied device wrote a message anew that the copy had brought in, on a page that was closed since",
    ),
    (18_000_000_025, "words that were retried twice on a slow disk were sent twice"),
];

/// The same, of worlds whose database is put back to copies of before.
const RESTORED: [(u64, &str); 19] = [
    (25, "words of somebody who was out in the copy were not given back"),
    (26, "a message that waited was sent beside what another device had written again, on another page"),
    (53, "another change at a position that was held was dropped as known"),
    (55, "a beginning that was refused was taken for a stream"),
    (61, "a conversation that was begun again stayed empty where it was open"),
    (85, "a conversation whose deletion was undone was not fetched while it was open"),
    (95, "a device that was away over a put-back, and whose cursor was overtaken since, did not know of it"),
    (108, "what came with its page was shown as on its way after it was admitted"),
    (156, "words of somebody whom the copy did not know were not given back"),
    (161, "whoever came back into a conversation went on from positions of a former incarnation"),
    (189, "what was read of a former incarnation was let go of, and nobody asked for it again"),
    (220, "a conversation that the copy did not know an administrator in stayed on their list"),
    (257, "a membership request was granted by a node that did not know that the account had been removed"),
    (260, "words that an edit had taken the place of were looked for after they were lost"),
    (261, "words that were written again with their message were gone in a copy that had the message without them"),
    (267, "another change at a position that was held, in a document that was not here, was dropped as known"),
    (284, "what was read of a former incarnation was let go of while another device wrote it again"),
    (317, "a conversation whose deletion was undone was asked for once, and stayed empty when that was put off"),
    (475, "words of a conversation that is deleted in the copy were let go of"),
];

/// The same, of worlds in which documents are written anew meanwhile.
const RESTORED_AND_SQUASHED: [(u64, &str); 3] = [
    (49, "whoever was removed while their fetch was answered was not told which of their words the copy lacks"),
    (1_805_542_121, "an edit that two devices wrote again at once was counted as two edits"),
    (1_805_541_963, "who had left and read on had unread again with the next start what is on older pages"),
];

/// Seeds of plain worlds in which documents are written anew, and what they found.
const SQUASHED: [(u64, &str); 2] = [
    (1_795_541_976, "rows of a conversation that were read while its deletion was told were shown behind it"),
    (1_795_541_997, "whoever was banned and told so again asked again for what they hold nothing of"),
];

/// Seeds of worlds in which people negotiate, plain and put back.
const NEGOTIATED: [(u64, bool, &str); 24] = [
    (1_795_560_766, false, "a message of before a conversation was closed reopened it where its page was loaded later"),
    (1_805_560_735, true, "a consequence that followed was refused where an older message was taken for its cause"),
    (1_815_561_904, true, "a description was not offered again because of one of the same second"),
    (1_835_564_025, false, "a timeline that was scrolled back was short again where its documents came anew"),
    (
        1_845_564_065,
        true,
        "the check wanted back what an administrator wrote as no member, and did not look at any more",
    ),
    (
        1_855_564_581,
        false,
        "unread messages that were counted from further back than the account had read stayed counted",
    ),
    (1_865_564_124, true, "the check looked for older messages of a thread before that was loaded"),
    (1_885_564_059, true, "what was given back on one device and written again by another was there to be sent again"),
    (
        1_905_564_049,
        true,
        "a title was as old as its conversation once that was begun again, and yielded to an older one",
    ),
    (1_915_564_071, true, "a timeline stayed short where its older pages were refused for a while"),
    (
        1_925_564_055,
        true,
        "the check wanted back a name that the account had replaced by a later one on another device",
    ),
    (1_795_562_152, false, "whoever wrote to an archived conversation and left saw it reopened until the next start"),
    (
        1_945_564_205,
        true,
        "words of a conversation that its reader was out of before were given back only to who looked at it",
    ),
    (1_955_564_167, true, "the check did not look for older messages of a thread that an older page had told of"),
    (
        1_955_564_549,
        true,
        "whoever was removed handed in a message to be held that a copy of the device had had admitted",
    ),
    (
        1_965_565_273,
        false,
        "a message that a copy of the device had had admitted was sent again where its page was not told anew",
    ),
    (1_985_564_058, false, "a thread that nothing had told of was begun by the entry that wrote it anew"),
    (1_975_564_508, true, "a title that was given with its conversation, and replaced since, was counted as lost"),
    (
        1_995_564_033,
        true,
        "nothing was written of what follows from a held message that was let in and reopened a conversation",
    ),
    (
        1_995_564_048,
        true,
        "a title of before the copy stood over the lost one where the former document was a generation, too",
    ),
    (2_095_564_229, true, "words of whoever was removed since were lost where nobody said that the store was put back"),
    (
        2_115_564_118,
        true,
        "words were there to be sent again where another device of the account had begun the conversation again first",
    ),
    (2_125_564_090, false, "a request to come in waited for ever behind a departure that was refused"),
    (
        2_155_564_322,
        true,
        "what was admitted without an answer, and is stated by a generation since, was said again over later words",
    ),
];

/// The same, of worlds in which services call as well.
const CALLED: [(u64, bool, &str); 46] = [
    (2_295_564_101, true, "a creation paid for its people with each try while the store could not be written"),
    (2_305_564_805, true, "an answer to a question from before a put-back was taken for one to the next"),
    (2_305_565_352, true, "a conversation was begun again as of when its creator first spoke in it"),
    (2_305_566_374, true, "an earlier generation stood over what had been said since"),
    (2_305_566_668, true, "a title was said again over one that a later generation states"),
    (2_305_566_745, true, "a generation of a copy stood over what had been said after what it states"),
    (2_315_566_109, false, "a creation that a copied device had sent was refused to it, though it was admitted"),
    (2_315_567_472, false, "a device paid for being new with each try while the store was full"),
    (2_315_567_771, false, "what the server counted as unread was not taken over where nothing was loaded"),
    (2_315_568_289, false, "a device was not told of its account where more was missed than a catch-up holds"),
    (2_305_567_646, true, "a departure that waited made a former member of whoever was to leave"),
    (2_405_565_113, true, "a reaction to the oldest message was answered after everything had been looked at"),
    (
        2_405_567_106,
        true,
        "a message was written again with its edit, and edited so again, which took one text for two",
    ),
    (2_405_570_205, true, "crafted words that were given back and sent again were seen twice"),
    (2_405_580_830, true, "a refusal by the former store gave messages another id, which were said twice"),
    (2_405_582_844, true, "a message that was held by its old and its new change was written once more"),
    (2_415_573_102, false, "what was accepted was given back, as the fetch was refused before the push was answered"),
    (
        2_415_580_365,
        false,
        "a message that was accepted behind a gap was given back, as a later one of its push was refused",
    ),
    (
        2_415_582_030,
        false,
        "an older page was read from the store while everything came anew, and lacked what was skipped",
    ),
    (2_505_564_465, true, "a title that a slow clock gave over another was taken for the older one after a put-back"),
    (2_515_566_643, false, "what was refused named a message by its former id until the next start"),
    (2_505_566_809, true, "members waited to be told of what the server had an earlier state of"),
    (2_505_568_544, true, "a message was written on two pages by two devices that offered it again at once"),
    (2_515_568_217, false, "a summary from before a deletion listed the deleted conversation again"),
    (2_515_568_912, false, "the detail of a channel whose subscriber was invited was gone after a start"),
    (2_505_600_332, true, "the check took what a lost generation stated, and is there, for given back wrongly"),
    (2_505_600_525, true, "the detail of a conversation that is there without its creator stayed until the next start"),
    (2_505_610_047, true, "an edited message that was offered again was lost where its former words were there again"),
    (2_505_612_028, true, "so it was where it had been offered under another device id, or had waited for slow mode"),
    (2_515_591_396, false, "an answer to what a clock ahead had written was refused on the device"),
    (2_515_610_183, false, "an honest response was reported by who had its proposal's page with later entries"),
    (2_505_590_502, true, "an honest response was reported by who did not have the page of its proposal"),
    (2_505_620_389, true, "the check took a receipt that a device kept over a put-back in silence for a wrong one"),
    (2_515_620_042, false, "whoever watched heard nothing of a deletion that was stored without an answer"),
    (2_505_632_029, true, "who had been removed since a put-back in silence, and wrote, compared nothing"),
    (2_505_632_445, true, "a reply that had waited for slow mode and was refused was still counted"),
    (2_415_564_278, false, "a lead was archived before it was stated to be open, and was lost"),
    (2_505_660_062, true, "an answer that another node had stated on a page that was not loaded was stated again"),
    (2_505_662_259, true, "an outbox was written anew while a push of it was on its way, which then never ended"),
    (2_505_663_468, true, "an administrator was given words back that a deleted conversation had"),
    (2_505_664_133, true, "a held message that was let in before a put-back could be sent once more after it"),
    (2_505_670_585, true, "words that were given back were dropped again, as a former incarnation had them"),
    (2_515_681_461, false, "messages read elsewhere on a page that was not loaded were unread for ever"),
    (2_505_681_600, true, "a deleted conversation that a put-back brought back was shown from where it had been shown"),
    (2_505_800_262, true, "a message was offered again that another device had written while a fetch was answered"),
    (2_505_901_238, true, "a device kept the times of a profile that the store had lost"),
];

/// Runs a world again as it was when it failed.
fn check(seed: u64, is_restored: bool, without: &[Class], found: &str) {
    let plan = Plan { is_restored, without: without.iter().copied().collect(), ..Plan::new(seed) };
    if let Err(failure) = run(&plan) {
        let restored = if is_restored { " --restored" } else { "" };
        let classes: Vec<String> = without.iter().map(|class| format!("{class:?}")).collect();
        let without = if classes.is_empty() { String::new() } else { format!(" --without {}", classes.join(",")) };
        panic!("cargo xtask sim --seed {seed}{restored}{without}, which found {found}: {failure}");
    }
}

/// Most of the first seeds are of a time in which no document was written anew, and all of one in which nobody
/// negotiated: they are kept as the worlds that they were.
const FIRST: [Class; 3] = [Class::Squash, Class::Negotiation, Class::Caller];

#[test]
fn seeds_that_failed_stay_mended() {
    SEEDS.iter().for_each(|(seed, found)| check(*seed, false, &FIRST, found));
}

#[test]
fn seeds_of_stores_that_were_put_back_stay_mended() {
    RESTORED.iter().for_each(|(seed, found)| check(*seed, true, &FIRST, found));
}

#[test]
fn seeds_in_which_documents_are_written_anew_stay_mended() {
    let without = [Class::Negotiation, Class::Caller];
    RESTORED_AND_SQUASHED.iter().for_each(|(seed, found)| check(*seed, true, &without, found));
    SQUASHED.iter().for_each(|(seed, found)| check(*seed, false, &without, found));
}

#[test]
fn seeds_in_which_leads_are_negotiated_stay_mended() {
    NEGOTIATED.iter().for_each(|(seed, is_restored, found)| check(*seed, *is_restored, &[Class::Caller], found));
}

#[test]
fn seeds_in_which_services_call_stay_mended() {
    CALLED.iter().for_each(|(seed, is_restored, found)| check(*seed, *is_restored, &[], found));
}
