use std::{
    collections::HashSet,
    fs, io,
    path::{Path, PathBuf},
};

use flate2::Crc;

use super::PageFiles;
use crate::ServeError;

/// File that lists what this program wrote into a folder, which may be replaced as long as it is that and no more.
const MARKER: &str = ".dabnet-page";
const MARKED: &str = "Written by 'dabnet page', which replaces this folder when it is run again, unless other files are in it.";

pub(super) fn write(files: &PageFiles, folder: &Path, force: bool) -> Result<(), ServeError> {
    // What a link leads to is replaced, not the link.
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let fail = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| ServeError::Write { path, source }
    };
    let there = folder.symlink_metadata().is_ok();
    if there && !force && !may_replace(&folder).map_err(fail(&folder))? {
        return Err(ServeError::Occupied { path: folder });
    }
    let parent = match folder.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&parent).map_err(fail(&parent))?;
    let new = tempfile::Builder::new().prefix(".dabnet-page-").tempdir_in(&parent).map_err(fail(&folder))?;
    fill(files, new.path())?;
    readable(new.path()).map_err(fail(&folder))?;
    if there {
        let old =
            tempfile::Builder::new().prefix(".dabnet-old-").tempdir_in(&parent).map_err(fail(&folder))?;
        let aside = old.path().join("page");
        fs::rename(&folder, &aside).map_err(fail(&folder))?;
        if let Err(error) = fs::rename(new.path(), &folder) {
            // Better the old page than none.
            _ = fs::rename(&aside, &folder);
            return Err(fail(&folder)(error));
        }
    } else {
        fs::rename(new.path(), &folder).map_err(fail(&folder))?;
    }
    // It has moved: there is nothing left to remove.
    _ = new.keep();
    Ok(())
}

/// True if replacing the folder loses nothing.
fn may_replace(folder: &Path) -> io::Result<bool> {
    if !folder.is_dir() {
        return Ok(false);
    }
    if folder.read_dir()?.next().is_none() {
        return Ok(true);
    }
    let Ok(marker) = fs::read_to_string(folder.join(MARKER)) else { return Ok(false) };
    let written: HashSet<&str> = marker.lines().skip(1).collect();
    has_only(folder, folder, &written)
}

/// True if all files below are among those written, as they were written.
fn has_only(root: &Path, folder: &Path, written: &HashSet<&str>) -> io::Result<bool> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path.strip_prefix(root).unwrap_or(&path);
        let is_known = match path.is_dir() {
            true => has_only(root, &path, written)?,
            false if name == Path::new(MARKER) => true,
            false => written.contains(&*line(&name.to_string_lossy().replace('\\', "/"), &fs::read(&path)?)),
        };
        if !is_known {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The line of a file in the marker.
fn line(name: &str, bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    format!("{:08x} {name}", crc.sum())
}

fn fill(files: &PageFiles, folder: &Path) -> Result<(), ServeError> {
    let marker = files.iter().fold(MARKED.to_owned(), |text, (name, bytes)| text + "\n" + &line(name, bytes));
    for (name, bytes) in files.iter().chain([(MARKER, marker.as_bytes())]) {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent)
            .and_then(|()| fs::write(&path, bytes))
            .map_err(|source| ServeError::Write { path, source })?;
    }
    Ok(())
}

/// Makes files readable for other users, as web servers are.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    if !path.is_dir() {
        return fs::set_permissions(path, fs::Permissions::from_mode(0o644));
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    path.read_dir()?.try_for_each(|entry| readable(&entry?.path()))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}
