//! Whether the simulation would find a defect: each fault that is planted in
//! its wrappers is found within the ordinary seeds.

use std::collections::BTreeSet;

use tidings_tests::sim::{
    faults::Class,
    plant::Plant,
    run::{Plan, SEEDS, run},
};

#[track_caller]
fn check_found(plant: Plant) {
    let found = (0..SEEDS).find_map(|seed| {
        let plan = Plan {
            plant: Some(plant),
            without: BTreeSet::from([Class::Negotiation, Class::Caller]),
            ..Plan::new(seed)
        };
        run(&plan).err().map(|failure| (seed, failure))
    });
    let (seed, failure) = found.unwrap_or_else(|| panic!("{plant:?} is not found"));
    println!("{plant:?} is found by seed {seed}, {failure}");
}

macro_rules! planted_faults_are_found {
    ($($test:ident: $plant:ident,)+) => {
        $(#[test]
        fn $test() {
            check_found(Plant::$plant);
        })+

        #[test]
        fn every_planted_fault_has_its_test() {
            assert_eq!(Plant::ALL, [$(Plant::$plant,)+]);
        }
    };
}

planted_faults_are_found! {
    a_commit_that_is_acknowledged_before_it_is_written: AcknowledgeBeforeCommit,
    a_device_that_skips_an_fsync: ClientSkipsFsync,
    a_change_admitted_against_stale_membership: StaleMembership,
    a_refused_command_that_is_forgotten: ForgetRefused,
    an_entry_that_is_told_twice: EntryTwice,
    an_entry_that_is_told_to_a_stranger: TellNonMember,
    a_lost_notice_without_a_look: NoLook,
    a_receipt_that_goes_backwards: ReceiptBackwards,
    a_removed_member_who_is_not_told: RevokedUnsent,
    an_old_snapshot_at_a_newer_position: OldSnapshot,
    a_commit_of_which_half_is_written: HalfCommit,
    a_clock_that_goes_back: ClockBack,
    a_cursor_that_is_ahead_of_what_was_sent: CursorAhead,
    a_generation_that_leaves_something_out: KeyDropped,
    a_change_before_a_generation_that_is_not_found: FormerChangeLost,
    a_device_that_does_not_write_anew_what_waits: NotWrittenAnew,
}
