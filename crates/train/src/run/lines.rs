use std::{
    fs::{self, File},
    io::{self, Seek, SeekFrom, Write},
    marker::PhantomData,
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};

use crate::TrainError;

/// File of JSON lines that is appended to. An incomplete last line, left by a killed process, is ignored.
#[derive(Debug)]
pub(super) struct JsonLines<T> {
    path: PathBuf,
    of: PhantomData<T>,
}

impl<T: Serialize + DeserializeOwned> JsonLines<T> {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, of: PhantomData }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The lines up to the first that is not to be kept; none if there is no file.
    pub(super) fn read(&self, keep: impl Fn(&T) -> bool) -> Result<Vec<T>, TrainError> {
        Ok(self.kept(keep)?.0)
    }

    /// Truncates the file before the first line for which `keep` is false, and opens it for appending.
    pub(super) fn cut(&self, keep: impl Fn(&T) -> bool) -> Result<JsonLinesWriter, TrainError> {
        let (_, bytes) = self.kept(keep)?;
        let open = || {
            let mut file = File::options().write(true).create(true).truncate(false).open(&self.path)?;
            file.set_len(bytes)?;
            file.seek(SeekFrom::End(0))?;
            file.sync_all()?;
            io::Result::Ok(file)
        };
        match open() {
            Ok(file) => Ok(JsonLinesWriter { path: self.path.clone(), file }),
            Err(source) => Err(TrainError::Write { path: self.path.clone(), source }),
        }
    }

    /// The lines before the first that is not to be kept, and how many bytes they are.
    fn kept(&self, keep: impl Fn(&T) -> bool) -> Result<(Vec<T>, u64), TrainError> {
        let text = match fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => return Err(TrainError::Read { path: self.path.clone(), source }),
        };
        let (mut kept, mut bytes) = (Vec::new(), 0);
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break;
            }
            let value = serde_json::from_slice(line).map_err(|error| TrainError::File {
                path: self.path.clone(),
                reason: Box::new(TrainError::field(format!("line {}", number + 1), error.to_string())),
            })?;
            if !keep(&value) {
                break;
            }
            kept.push(value);
            bytes += line.len() as u64;
        }
        Ok((kept, bytes))
    }
}

/// Adds lines to a file.
#[derive(Debug)]
pub(super) struct JsonLinesWriter {
    path: PathBuf,
    file: File,
}

impl JsonLinesWriter {
    /// Adds a line in one write.
    pub(super) fn push(&mut self, value: &impl Serialize) -> Result<(), TrainError> {
        let mut line = serde_json::to_vec(value)
            .map_err(|error| TrainError::field(self.path.display().to_string(), error.to_string()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(|source| self.failed(source))
    }

    /// Flushes all lines to disk.
    pub(super) fn sync(&self) -> Result<(), TrainError> {
        self.file.sync_data().map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> TrainError {
        TrainError::Write { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(folder: &Path, content: &str) -> JsonLines<u32> {
        let path = folder.join("lines.jsonl");
        fs::write(&path, content).unwrap();
        JsonLines::new(path)
    }

    #[test]
    fn a_torn_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let lines = lines(folder.path(), "1\n2\n3");
        assert_eq!(lines.read(|_| true).unwrap(), [1, 2]);
        lines.cut(|_| true).unwrap().push(&4).unwrap();
        assert_eq!(fs::read_to_string(lines.path()).unwrap(), "1\n2\n4\n");
        lines.cut(|line| *line < 2).unwrap();
        assert_eq!(fs::read_to_string(lines.path()).unwrap(), "1\n");
    }

    #[test]
    fn a_line_that_is_none_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = lines(folder.path(), "1\nx\n3\n").read(|_| true).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn no_file_has_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        assert!(JsonLines::<u32>::new(folder.path().join("none")).read(|_| true).unwrap().is_empty());
    }
}
