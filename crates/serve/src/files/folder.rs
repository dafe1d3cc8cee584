use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::PageFiles;
use crate::ServeError;

/// File that marks a folder as written by this program, so that it may be replaced.
const MARKER: &str = ".dabnet-page";
const MARKED: &str = "Written by 'dabnet page', which replaces this folder when it is run again.\n";

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
    Ok(folder.join(MARKER).is_file() || folder.read_dir()?.next().is_none())
}

fn fill(files: &PageFiles, folder: &Path) -> Result<(), ServeError> {
    let marker = [(MARKER, MARKED.as_bytes())];
    for (name, bytes) in files.iter().chain(marker) {
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
