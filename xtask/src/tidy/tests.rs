//! Each house rule, kept and broken.

use super::*;

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), text: text.to_owned() }
}

/// One file breaks one rule that is told with `expected`, or none.
#[track_caller]
fn check_one(path: &str, text: &str, expected: Option<&str>) {
    let problems = check(&[source(path, text)]);
    match expected {
        None => assert_eq!(problems, []),
        Some(expected) => {
            let [problem] = problems.as_slice() else {
                panic!("one problem expected: {problems:?}");
            };
            assert_eq!(problem.path, path);
            assert!(problem.rule.contains(expected), "{problem}");
        }
    }
}

#[test]
fn a_file_says_what_it_holds() {
    check_one("core/src/ids.rs", "//! Ids.\nuse a;\n", None);
    check_one("core/src/ids.rs", "use a;\n", Some("opens with `//!`"));
    check_one("core/src/ids.rs", "// Ids.\n", Some("opens with `//!`"));
    check_one("wasm/js/init.ts", "/** Starts. */\n", None);
    check_one("wasm/js/init.ts", "// Starts.\n", None);
    check_one("wasm/js/init.ts", "import a;\n", Some("opens with a comment"));
}

#[test]
fn a_file_is_named_by_a_noun() {
    check_one("core/src/utils.rs", "//! Much.\n", Some("`utils` is no noun"));
    check_one("web-demo/src/common/a.ts", "// Much.\n", Some("`common` is no noun"));
    check_one("server/tests/common/mod.rs", "//! For tests.\n", None);
    check_one("core/src/commons.rs", "//! A place.\n", None);
}

#[test]
fn a_long_file_says_why() {
    let body = "use a;\n".repeat(600);
    check_one("core/src/a.rs", &format!("//! All.\n{body}"), Some("601 lines"));
    check_one("core/src/a.rs", &format!("//! All.\n//! long because.\n{body}"), None);
    check_one("core/src/a.rs", &format!("//! All.\nuse b;\n//! long because.\n{body}"), Some("603 lines"));
    check_one("js/a.ts", &format!("/**\n * Past 600 lines: one table.\n */\n{body}"), None);
}

#[test]
fn core_depends_on_what_was_agreed() {
    let agreed = "[package]\nname = \"x\"\n[dependencies]\nautomerge.workspace = true\nflate2 = \"1\"\n\
                  minicbor.workspace = true\n# A reason.\nserde.workspace = true\nsha2.workspace = true\n\
                  thiserror.workspace = true\ntsify = \"1\"\ntwox-hash = \"2\"\nutoipa = \"1\"\nwasm-bindgen = \"1\"\n";
    let path = "core/Cargo.toml";
    check_one(path, agreed, None);
    check_one(path, &format!("{agreed}[dev-dependencies]\nproptest = \"1\"\n"), None);
    check_one(path, &format!("{agreed}tokio = \"1\"\n"), Some("\"tokio\""));
    check_one(path, &format!("{agreed}[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n"), Some("\"libc\""));
    check_one(path, &format!("{agreed}[dependencies.rand]\nversion = \"1\"\n"), Some("\"rand\""));
    check_one(path, &agreed.replace("sha2.workspace = true\n", ""), Some("agreed are"));
    check_one("server/Cargo.toml", "[dependencies]\ntokio = \"1\"\n", None);
}

#[test]
fn a_lock_file_names_no_download_address() {
    let linked = "\"node_modules/tidings\": { \"resolved\": \"../wasm\", \"link\": true }";
    check_one("web-demo/package-lock.json", linked, None);
    check_one("wasm/package-lock.json", "\"resolved\": \"https://a.example/b.tgz\"", Some("download addresses"));
}

#[test]
fn no_file_knows_one_persons_machine() {
    let personal = |prefix: &str| format!("{prefix}{}", ["", "home", "ada", "x"].join("/"));
    check_one("README.md", &personal("cd "), Some("one machine"));
    check_one("a.toml", &personal("path = \""), Some("one machine"));
    check_one("README.md", &personal("https://a.example"), None);
    check_one("README.md", "a/home/b and the folder /home/ itself", None);
}

#[test]
fn every_rule_is_quoted_by_a_test() {
    let spec = "# Rules\n**A1** One.\n- **A2**: Two.\nText with **A3** inside.\n**Note** none.\n**S12.** Last.\n";
    let sources = [
        source("core/SPEC.md", spec),
        source("core/src/a.rs", "//! A.\n#[test]\nfn a1_one() {}\n"),
        source("wasm/tests/b.ts", "// B.\ntest('S12 says', () => {})\n"),
    ];
    let problems = check(&sources);
    let [problem] = problems.as_slice() else {
        panic!("one problem expected: {problems:?}");
    };
    assert!(problem.rule.starts_with("A2 is quoted by no test"), "{problem}");
}

#[test]
fn every_file_of_the_engine_is_on_the_map() {
    let sources = [
        source("ARCHITECTURE.md", "| in | `input` |\n| `link/` | `clock`, `gone` |\n"),
        source("core/src/engine/mod.rs", "//! A.\n"),
        source("core/src/engine/input.rs", "//! A.\n"),
        source("core/src/engine/watch.rs", "//! A.\n"),
        source("core/src/engine/link/mod.rs", "//! `clock`, `backoff`.\nmod gone; // `gone`\n"),
        source("core/src/engine/link/clock.rs", "//! A.\n"),
        source("core/src/engine/link/backoff.rs", "//! A.\n"),
        source("core/src/engine/link/gone.rs", "//! A.\n"),
        source("core/src/engine/store/mod.rs", "//! A.\n"),
        source("core/src/engine/tests/session.rs", "//! A.\n"),
    ];
    let problems = check(&sources);
    let problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
    let expected = [
        "ARCHITECTURE.md: does not name `watch` of the engine",
        "ARCHITECTURE.md: does not name `link/backoff` of the engine",
        "core/src/engine/link/mod.rs: its opening does not name `gone`",
        "ARCHITECTURE.md: does not name `store/mod` of the engine",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn what_quotes_a_rule_is_run() {
    let spec = "**A1** One.\n**A2** Two.\n**A3** Three.\n";
    let cases = "//! A.\nmacro! {\n    a1_one,\n}\nasync fn a1_one(store: u8) {}\n\n#[tokio::test]\n// Long.\n\
        async fn a2_two() {}\nfn a3_three() {}\n";
    let problems = check(&[source("core/SPEC.md", spec), source("core/src/a.rs", cases)]);
    let [problem] = problems.as_slice() else {
        panic!("one problem expected: {problems:?}");
    };
    assert!(problem.rule.starts_with("A3 is quoted by no test"), "{problem}");
}

#[test]
fn a_label_is_used_once() {
    let test = "//! A.\n#[test]\nfn a1_one() {}\n";
    let sources = [source("core/SPEC.md", "**A1** One.\n**A1** Again.\n"), source("core/src/a.rs", test)];
    let problems = check(&sources);
    assert_eq!(problems.len(), 1);
    assert!(problems[0].rule.starts_with("A1 labels two rules"), "{problems:?}");
}

#[test]
fn the_label_must_match_in_full() {
    let sources =
        [source("core/SPEC.md", "**A1** One.\n"), source("core/src/a.rs", "//! A.\nfn a12_one() {}\nfn ba1_x() {}\n")];
    assert_eq!(check(&sources).len(), 1);
}

#[test]
fn tests_that_a_page_names_are_there() {
    let page = "| scenario | our test | verdict |\n|---|---|---|\n\
        | `TestA` / One | `core/src/a.rs::a1_one`, `wasm/tests/b.ts::two are one` | same |\n\
        | `TestA` / Two | `core/src/a.rs::a1_two` | same |\n\
        | `TestB` | `core/src/a.rs::a1_listed` | same |\n\
        | `TestC` | | `core/src/a.rs::a1_one` |\n\
        | `TestD` | `core/src/gone.rs::a1_one`, `a1_one`, `core/src/a.rs::a1_on` | same |\n\
        | `TestE` | `wasm/tests/b.ts::two` | same |\n";
    let tests = "//! A.\nmacro! {\n    a1_listed,\n}\nasync fn a1_listed(store: u8) {}\n\n\
        #[test]\nfn a1_one() {}\n\nfn a1_two() {}\n";
    let sources = [
        source("docs/complement.md", page),
        source("core/src/a.rs", tests),
        source("wasm/tests/b.ts", "// B.\ntest(\"two are one\", () => {})\n"),
    ];
    let problems: Vec<String> = check(&sources).iter().map(Problem::to_string).collect();
    let expected = [
        "docs/complement.md: `TestA` / Two: `core/src/a.rs::a1_two` is no test that runs",
        "docs/complement.md: `TestC`: names no test, as `path::name`",
        "docs/complement.md: `TestD`: `core/src/gone.rs::a1_one` is no test that runs",
        "docs/complement.md: `TestD`: `a1_one` is no test that runs",
        "docs/complement.md: `TestD`: `core/src/a.rs::a1_on` is no test that runs",
        "docs/complement.md: `TestE`: `wasm/tests/b.ts::two` is no test that runs",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn every_file_of_tests_is_compiled() {
    let file = |name: &str| source(&format!("server/tests/{name}"), "//! A.\n");
    let sources = [
        source("server/Cargo.toml", "[[test]]\nname = \"alone\"\n"),
        source("server/tests/main.rs", "//! A.\nmod named;\nmod nested;\n"),
        file("named.rs"),
        file("nested.rs"),
        file("nested/part.rs"),
        file("alone.rs"),
        file("forgotten.rs"),
    ];
    let problems: Vec<String> = check(&sources).iter().map(Problem::to_string).collect();
    assert_eq!(problems, ["server/tests/main.rs: does not name `forgotten`"]);
}
