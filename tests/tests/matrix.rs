//! The permission matrix: every role, under every policy, in every state, against the table written by hand.

use tidings_core::{
    authority::Judge,
    model::{Permission, Policy},
    wire::ServerFrame,
};
use tidings_tests::matrix::{ACTORS, NOW, Setup, Table, code, policies_that_do_not, policies_that_matter, session};

#[track_caller]
fn check(section: &str, policies: Vec<Option<Policy>>) {
    let table = Table::read();
    let mut wrong = Vec::new();
    for policy in policies {
        let setup = Setup::new(section, policy);
        let fetched = setup.fetched();
        for (column, actor) in ACTORS.into_iter().enumerate() {
            let judge = Judge::new(session(actor), &fetched).unwrap();
            for line in table.under(section, policy) {
                let got = match judge.judge(&setup.push(actor, &line.action), NOW) {
                    ServerFrame::Accepted(_) => None,
                    ServerFrame::Refused(refused) => Some(refused.code),
                    other => panic!("{other:?}"),
                };
                let expected = code(line.verdicts[column]);
                if got != expected {
                    wrong.push(format!("{section}, {policy:?}: {actor}: {}: {got:?}, not {expected:?}", line.action));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a10_who_holds_what_is_what_the_table_says() {
    let table = Table::read();
    for policy in policies_that_matter().into_iter().chain(policies_that_do_not()) {
        let setup = Setup::new("held", policy);
        let lines = table.under("held", policy);
        let names: Vec<&str> = lines.iter().map(|line| line.action.as_str()).collect();
        assert!(Permission::ALL.iter().all(|permission| names.contains(&permission.as_str())), "{names:?}");
        for line in lines {
            let permission = Permission::parse(&line.action).unwrap();
            for (column, actor) in ACTORS.into_iter().enumerate() {
                let held = if setup.held(actor).holds(permission) { '+' } else { '-' };
                assert_eq!(held, line.verdicts[column], "{actor}: {permission} under {policy:?}");
            }
        }
    }
}

#[test]
fn a8_to_a26_in_an_active_conversation() {
    check("active", policies_that_matter());
}

#[test]
fn a8_to_a26_under_policies_that_do_not_matter() {
    check("active", policies_that_do_not());
}

#[test]
fn a8_in_a_locked_conversation() {
    check("locked", policies_that_matter());
}

#[test]
fn a8_in_an_archived_conversation() {
    check("archived", policies_that_matter());
}

#[test]
fn a8_in_a_closed_conversation() {
    check("closed", policies_that_matter());
}

#[test]
fn a8_in_a_deleted_conversation() {
    check("deleted", policies_that_matter());
}
