//! `cargo xtask dist`: what a release hands out, in `target/packages`: the server's
//! program, the npm archive, of each the bill of its parts, the licences of all,
//! and the checksums. Where a container builder answers, the image too.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::machine::WASM_TARGET;
use crate::wasm::Build;
use crate::{machine, npm, parts, step, wasm, workspace};

const VERSION: &str = env!("CARGO_PKG_VERSION");
/// Those that build an image of a container file; any of them does.
const IMAGE_BUILDERS: [&str; 3] = ["docker", "podman", "buildah"];

/// Makes a release.
///
/// # Errors
/// When a part is under a licence that nobody agreed to, or something does not build.
pub fn run() -> anyhow::Result<()> {
    let folder = workspace::target().join("packages");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let server = ServerTarget::of_this_machine()?;
    // What may not be handed out need not be built.
    step::work("parts and licences", || write_parts(&folder, &server.triple))?;
    build_server(&folder, &server)?;
    build_archive(&folder)?;
    step::work("checksums", || write_checksums(&folder))?;
    build_image()?;
    println!("\nin {}:\n\n{}", folder.display(), fs::read_to_string(folder.join("SHA256SUMS"))?);
    println!("{}", server.describe());
    Ok(())
}

/// What the server is compiled for.
#[derive(Debug, PartialEq)]
struct ServerTarget {
    triple: String,
    /// Whether it is another one than the compiler's own.
    is_cross: bool,
}

impl ServerTarget {
    /// The one that is linked statically, where this machine has all that takes.
    fn of_this_machine() -> anyhow::Result<Self> {
        let host = machine::host()?;
        let linker = machine::program("musl-gcc").is_some();
        Ok(Self::choose(host, |target| linker && machine::has_target(target)))
    }

    fn choose(host: String, is_there: impl FnOnce(&str) -> bool) -> Self {
        let musl = host.strip_suffix("-gnu").map(|system| format!("{system}-musl"));
        match musl.filter(|musl| is_there(musl)) {
            Some(triple) => Self { triple, is_cross: true },
            None => Self { triple: host, is_cross: false },
        }
    }

    fn is_static(&self) -> bool {
        self.triple.ends_with("-musl")
    }

    fn describe(&self) -> String {
        if self.is_static() {
            return "The server is linked statically: it runs on any Linux.".to_owned();
        }
        let system = if self.triple.contains("linux") {
            "; to link it statically, add rustc's musl target of this machine (rustup target add) and musl-tools"
        } else {
            ""
        };
        format!("The server is linked to the C library of this machine ({}), not statically{system}.", self.triple)
    }
}

/// The bills of both packages, and the licences of what is in them.
fn write_parts(folder: &Path, server_target: &str) -> anyhow::Result<()> {
    let mut all = Vec::new();
    for (package, target) in [("tidings-server", server_target), ("tidings-wasm", WASM_TARGET)] {
        let parts = parts::of(package, target)?;
        parts::check_licences(&parts)?;
        let bill = serde_json::to_string_pretty(&parts::bill(package, &parts)?)?;
        fs::write(folder.join(format!("{package}-{VERSION}.cdx.json")), bill + "\n")?;
        all.extend(parts);
    }
    all.sort();
    all.dedup();
    fs::write(folder.join("LICENCES.txt"), parts::texts(&all)?)?;
    Ok(())
}

fn build_server(folder: &Path, target: &ServerTarget) -> anyhow::Result<()> {
    let mut build = workspace::cargo(&["build", "--release", "--locked", "--package", "tidings-server"]);
    let mut built = workspace::target();
    if target.is_cross {
        build.args(["--target", &target.triple]);
        built.push(&target.triple);
    }
    step::run("server for a release", &mut build)?;
    let built = built.join("release").join("tidings-server");
    let program = folder.join(format!("tidings-server-{VERSION}-{}", target.triple));
    fs::copy(&built, &program).with_context(|| format!("{} cannot be copied", built.display()))?;
    // What is left would be names of functions: two fifths of the bytes.
    step::run("strip", Command::new("strip").arg(&program))?;
    Ok(())
}

fn build_archive(folder: &Path) -> anyhow::Result<()> {
    wasm::build_package(Build::Shipped)?;
    let package = workspace::wasm();
    let mut pack = npm::command(&package);
    pack.args(["pack", "--pack-destination"]).arg(folder);
    step::run(&npm::title(&package, "npm pack"), &mut pack)?;
    Ok(())
}

/// The image, where something answers that builds one.
fn build_image() -> anyhow::Result<()> {
    let answers = |builder: &&str| {
        let mut info = Command::new(builder);
        info.arg("info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        info.status().is_ok_and(|status| status.success())
    };
    let Some(builder) = IMAGE_BUILDERS.into_iter().find(answers) else {
        println!("left out           image: none of {} answers", IMAGE_BUILDERS.join(", "));
        return Ok(());
    };
    let mut build = Command::new(builder);
    build.args(["build", "--file", "server/deploy/Dockerfile", "--tag"]).arg(format!("tidings-server:{VERSION}"));
    step::run("image", build.arg(".").current_dir(workspace::root()))?;
    Ok(())
}

/// The checksum of each file, as `sha256sum --check` reads them.
fn write_checksums(folder: &Path) -> anyhow::Result<()> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut sums = String::new();
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str()).context("a file name is not UTF-8")?;
        let digest = Sha256::digest(fs::read(&file)?);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        sums += &format!("{digest}  {name}\n");
    }
    fs::write(folder.join("SHA256SUMS"), sums)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_static_where_that_can_be() {
        let choose = |host: &str, is_there| ServerTarget::choose(host.to_owned(), |_| is_there);
        let gnu = "x86_64-unknown-linux-gnu";
        let cross = choose(gnu, true);
        assert_eq!((cross.triple.as_str(), cross.is_cross), ("x86_64-unknown-linux-musl", true));
        assert!(cross.describe().contains("linked statically"));
        let own = choose(gnu, false);
        assert_eq!((own.triple.as_str(), own.is_cross), (gnu, false));
        assert!(own.describe().contains("not statically; to link it"));
        assert!(choose("aarch64-unknown-linux-musl", false).is_static());
        assert!(choose("aarch64-apple-darwin", true).describe().ends_with("not statically."));
    }

    #[test]
    fn checksums_are_of_every_file_and_hold() {
        let folder = std::env::temp_dir().join(format!("tidings-checksums-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("b"), "").unwrap();
        fs::write(folder.join("a"), "abc").unwrap();
        write_checksums(&folder).unwrap();
        // The examples of FIPS 180.
        let sums = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n";
        assert_eq!(fs::read_to_string(folder.join("SHA256SUMS")).unwrap(), sums);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn the_parts_of_both_packages_are_written() {
        let folder = std::env::temp_dir().join(format!("tidings-parts-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        write_parts(&folder, &machine::host().unwrap()).unwrap();
        for package in ["tidings-server", "tidings-wasm"] {
            let bill = fs::read_to_string(folder.join(format!("{package}-{VERSION}.cdx.json"))).unwrap();
            let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
            assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.5".into()));
        }
        let licences = fs::read_to_string(folder.join("LICENCES.txt")).unwrap();
        assert!(licences.contains("\nsqlx-core ") && licences.contains("\nwasm-bindgen "));
        fs::remove_dir_all(folder).unwrap();
    }
}
