//! Builds the engine for browsers and puts it into `web/dabnet`.
//!
//! What is built is kept with the sources, as a machine that only has the toolchain's own target cannot build
//! it. `sources.crc32` says from which sources, and a test that these are the present ones.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use walkdir::WalkDir;

use crate::error::XtaskError;

const TARGET: &str = "wasm32-unknown-unknown";

/// Files, their packages, and whether they have vectors.
const BUILDS: [(&str, &str, &str); 3] = [
    ("dabnet.wasm", "dabnet-wasm", "+simd128"),
    ("dabnet-scalar.wasm", "dabnet-wasm", "-simd128"),
    ("micro.wasm", "dabnet-micro-wasm", "-simd128"),
];

/// Sources of the engine for browsers, from the root of the project.
const SOURCES: [&str; 8] = [
    "crates/embedding",
    "crates/engine",
    "crates/graph",
    "crates/matrix",
    "crates/micro",
    "crates/micro-wasm",
    "crates/sketch",
    "crates/wasm",
];

/// Modules of `crates/sketch` that are not in it: those of its feature `files`.
const OF_FILES: [&str; 2] = ["augmentation", "formats"];

/// Builds all and writes them, with the sum of their sources, to `folder`.
pub(crate) fn write(folder: &Path) -> Result<(), XtaskError> {
    let root = root();
    let built = root.join("target/web");
    for (name, package, vectors) in BUILDS {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let paths = format!("--remap-path-prefix={}=dabnet", root.display());
        let registry =
            env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
        let registry = registry.map(|home| format!(" --remap-path-prefix={}=cargo", home.display()));
        let flags = format!("-C target-feature={vectors} {paths}{}", registry.unwrap_or_default());
        let status = Command::new(cargo)
            .current_dir(&root)
            .args([
                "build",
                "--locked",
                "--package",
                package,
                "--lib",
                "--profile",
                "web",
                "--target",
                TARGET,
            ])
            .arg("--target-dir")
            .arg(&built)
            .env("RUSTFLAGS", flags)
            .status();
        if !status.map_err(|source| XtaskError::Write { path: built.clone(), source })?.success() {
            return Err(XtaskError::Build);
        }
        let code = built.join(TARGET).join("web").join(format!("{}.wasm", package.replace('-', "_")));
        copy(&code, &folder.join(name))?;
    }
    let sum = folder.join("sources.crc32");
    let text = format!("{:08x}\n", sum_of_sources(&root)?);
    fs::write(&sum, text).map_err(|source| XtaskError::Write { path: sum, source })
}

fn copy(from: &Path, to: &Path) -> Result<(), XtaskError> {
    fs::copy(from, to).map(|_| ()).map_err(|source| XtaskError::Write { path: to.to_owned(), source })
}

/// The checksum of all that the engine for browsers is made of, but for what comes from elsewhere.
fn sum_of_sources(root: &Path) -> Result<u32, XtaskError> {
    let mut sum = crc32fast::Hasher::new();
    for folder in SOURCES {
        let folder = root.join(folder);
        let files = WalkDir::new(&folder).sort_by_file_name().into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            entry.depth() != 1 || name == "src" || name == "Cargo.toml"
        });
        for file in files {
            let unread = |source: io::Error| XtaskError::Write { path: folder.clone(), source };
            let file = file.map_err(|error| unread(error.into()))?;
            let place = file.path().strip_prefix(root).unwrap_or(file.path());
            if file.file_type().is_file() && is_in(place) {
                sum.update(place.to_string_lossy().replace('\\', "/").as_bytes());
                sum.update(&fs::read(file.path()).map_err(unread)?);
            }
        }
    }
    Ok(sum.finalize())
}

/// True if a file's code is in the engine for browsers.
fn is_in(place: &Path) -> bool {
    let module = place.strip_prefix("crates/sketch/src").ok().and_then(|file| file.iter().next());
    module.is_none_or(|module| {
        !OF_FILES.iter().any(|name| Path::new(module).file_stem() == Some(name.as_ref()))
    })
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_files_are_those_of_the_feature() {
        let text = fs::read_to_string(root().join("crates/sketch/src/lib.rs")).unwrap();
        let behind = text.split("#[cfg(feature = \"files\")]\n").skip(1);
        let declared = |line: &str| {
            Some(line.trim_start_matches("pub ").strip_prefix("mod ")?.split(';').next()?.to_owned())
        };
        let modules: Vec<String> = behind.filter_map(declared).collect();
        assert_eq!(modules, OF_FILES);
        assert!(
            !is_in(Path::new("crates/sketch/src/formats.rs"))
                && is_in(Path::new("crates/sketch/src/planes.rs"))
        );
    }

    #[test]
    fn the_built_engine_is_of_these_sources() {
        let kept = fs::read_to_string(root().join("web/dabnet/sources.crc32")).unwrap();
        let now = format!("{:08x}", sum_of_sources(&root()).unwrap());
        assert_eq!(kept.trim(), now, "web/dabnet is of other sources: run cargo xtask web");
    }
}
