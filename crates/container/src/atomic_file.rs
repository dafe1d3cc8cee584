use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process,
};

/// A file that takes its name when it is [complete](Self::commit): after a crash there is either the old content or the
/// new.
///
/// It is written to `.NAME.PROCESS.tmp` beside its path, since a rename is atomic only within a file system, and removed
/// if it is dropped before it is complete.
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    path: PathBuf,
    temporary: Option<PathBuf>,
}

/// Replaces the content of a file atomically. Its folder must exist.
///
/// ```no_run
/// dabnet_container::replace_file("report.html".as_ref(), b"<!doctype html>")?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// Any error of the file system; the file then has its old content.
pub fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit().map(drop)
}

impl AtomicFile {
    /// Creates a file that is to replace `path`; the target of a link is replaced, and not the link.
    ///
    /// # Errors
    /// Any error of the file system, and one of [`io::ErrorKind::Other`] if `path` is a folder, a device or a pipe.
    pub fn create(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(io::Error::other("it is there and no regular file"));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            let reason = format!("there is no folder {}", folder.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, reason));
        }
        let temporary = temporary_path(&path)?;
        Ok(Self { file: File::create(&temporary)?, path, temporary: Some(temporary) })
    }

    /// Path of the file to be replaced.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the file to disk and gives it its name. Returns its size in bytes.
    ///
    /// # Errors
    /// Any error of the file system; the old content is then still there.
    pub fn commit(mut self) -> io::Result<u64> {
        self.file.sync_all()?;
        let bytes = self.file.metadata()?.len();
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path)?;
        }
        self.temporary = None;
        sync_folder(&self.path)?;
        Ok(bytes)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // The error that led here is the one that matters.
        self.temporary.iter().for_each(|temporary| _ = fs::remove_file(temporary));
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.file.seek(position)
    }
}

fn temporary_path(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("the path does not name a file"))?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    // WebAssembly has no processes, and asking for one's number panics.
    let process = if cfg!(target_family = "wasm") { 0 } else { process::id() };
    temporary.push(format!(".{process}.tmp"));
    Ok(path.with_file_name(temporary))
}

/// Makes the new name durable, which it is only once its folder is.
#[cfg(unix)]
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder != Path::new("") => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let names =
            || fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>();
        replace_file(&path, b"old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"newer").unwrap();
        assert_eq!((fs::read(&path).unwrap(), names().len()), (b"old".to_vec(), 2));
        drop(file);
        assert_eq!((fs::read(&path).unwrap(), names().len()), (b"old".to_vec(), 1));
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"newer").unwrap();
        assert_eq!(file.commit().unwrap(), 5);
        assert_eq!((fs::read(&path).unwrap(), names().len()), (b"newer".to_vec(), 1));
        assert!(replace_file(folder.path(), b"").unwrap_err().to_string().contains("no regular file"));
    }
}
