//! The TypeScript of what apps see, where a reader finds it: `wasm/tidings.d.ts`
//! has what the module says of its types, by name, so that a review sees a shape change.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};

use crate::workspace;

const HEAD: &str = "// What the package's module takes and gives, long because it is all of it. `cargo xtask wasm` writes this file.\n";

/// Writes the types of the module that was built last.
///
/// # Errors
/// When there are none, or the file cannot be written.
pub fn write() -> anyhow::Result<()> {
    Ok(fs::write(path(), generated()?)?)
}

/// Compares the file with the types of the module that was built last.
///
/// # Errors
/// When they differ.
pub fn check() -> anyhow::Result<()> {
    if fs::read_to_string(path()).unwrap_or_default() != generated()? {
        bail!("wasm/tidings.d.ts is not what the module says: `cargo xtask wasm` writes it");
    }
    Ok(())
}

fn path() -> PathBuf {
    workspace::wasm().join("tidings.d.ts")
}

fn generated() -> anyhow::Result<String> {
    let module = workspace::wasm().join("pkg").join("tidings.d.ts");
    let types = fs::read_to_string(&module).with_context(|| format!("{} cannot be read", module.display()))?;
    Ok(declarations(&types))
}

/// The interfaces and types by name, without those that nothing else names: the linker gives their order.
fn declarations(types: &str) -> String {
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for word in types.split(|character: char| !character.is_alphanumeric()) {
        *uses.entry(word).or_default() += 1;
    }
    let types = types.split_once("\nexport class ").map_or(types, |(types, _)| types);
    let mut found = BTreeMap::new();
    for block in types.split("\n\n") {
        let declaration = block.lines().find_map(|line| {
            let line = line.strip_prefix("export ")?;
            line.strip_prefix("interface ").or_else(|| line.strip_prefix("type "))
        });
        let name = declaration.and_then(|text| text.split(|character: char| !character.is_alphanumeric()).next());
        if let Some(name) = name.filter(|name| uses.get(name).is_some_and(|count| *count > 1)) {
            let start = block.find("/**").unwrap_or_default();
            found.insert(name, block[start..].trim_end());
        }
    }
    found.values().fold(HEAD.to_owned(), |text, block| format!("{text}\n{block}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_are_by_name_and_named_elsewhere() {
        let types = "/* tslint:disable */\n/**\n * One.\n */\nexport interface Row {\n    id: Id;\n}\n\n\
                     /**\n * Two.\n */\nexport type Id = string;\n\n/**\n * Three.\n */\nexport type Alone = 1;\n\n\
                     /**\n * The engine.\n */\nexport class Engine {\n  poll(): Row;\n}\n\nexport type InitInput = Id;\n";
        let expected = "\n/**\n * Two.\n */\nexport type Id = string;\n\n/**\n * One.\n */\nexport interface Row {\n    id: Id;\n}\n";
        assert_eq!(declarations(types), format!("{HEAD}{expected}"));
    }
}
