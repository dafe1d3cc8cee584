//! Embeds the files of the page: generates a table of names and contents, so that no file is read at run
//! time.

use std::{
    env,
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let web = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    embed(&web, "embedded.rs", &[("page", "", &all), ("dabnet", "dabnet/", &package)])?;
    embed(&web, "icons.rs", &[("icons", "", &all)])
}

/// A folder, what its files' names begin with, and which of them are wanted.
type Source<'a> = (&'a str, &'a str, &'a dyn Fn(&str) -> bool);

/// Writes a table of the files of some folders.
fn embed(web: &Path, to: &str, sources: &[Source<'_>]) -> io::Result<()> {
    let mut table = "[\n".to_owned();
    for (folder, at, wanted) in sources {
        let folder = web.join(folder);
        println!("cargo::rerun-if-changed={}", folder.display());
        let mut files = Vec::new();
        collect(&folder, at, &mut files)?;
        files.retain(|(name, _)| wanted(name));
        files.sort();
        for (name, path) in files {
            _ = writeln!(table, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
        }
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(out.join(to), table)
}

fn all(_: &str) -> bool {
    true
}

/// True for the files of the package that the page loads.
fn package(name: &str) -> bool {
    name.ends_with(".js") || name.ends_with(".wasm")
}

/// Collects the files of a folder and its subfolders, without hidden ones, as names below `at` and paths.
fn collect(folder: &Path, at: &str, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let name = format!("{at}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else {
            files.push((name, path.canonicalize()?));
        }
    }
    Ok(())
}
