use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use dabnet_sketch::SketchError;
use thiserror::Error;

/// Errors between files of sketches and batches of them.
///
/// `name` is the path of a file, from where the source begins.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file that cannot be opened or that holds no sketch.
    #[error(transparent)]
    Sketch(#[from] SketchError),
    /// A sketch that cannot be an example of anything.
    #[error("sketch {index} of {part} has no word: a data set needs one for every sketch")]
    Unlabeled {
        /// `train` or `test`.
        part: &'static str,
        /// Its place in that part, counted from 0.
        index: usize,
    },
    /// An archive or a member of one that cannot be read.
    #[error("archive '{name}': {reason}")]
    Archive {
        /// The archive or the member.
        name: String,
        /// Reason.
        reason: String,
    },
    /// A source with several renderings of each sketch, and none of them or one that is not there chosen.
    #[error("{reason}{renderings}")]
    Rendering {
        /// Reason.
        reason: String,
        /// Available renderings.
        renderings: String,
    },
    /// A source that is a data set itself, or about to be one.
    #[error("{} is an imported data set itself: give what it was made of", path.display())]
    Imported {
        /// The folder.
        path: PathBuf,
    },
    /// A folder in which an import has not come to its end.
    #[error("the import into {} was stopped: give the same import command again, and it goes on", path.display())]
    Unfinished {
        /// The folder.
        path: PathBuf,
    },
    /// Nothing to make a data set of.
    #[error("{}", .reason.as_ref().map_or_else(|| format!("there is not one sketch in {origin}"), |reason| format!("there is no sketch to read: {reason}")))]
    Nothing {
        /// Names of the sources.
        origin: String,
        /// Message of the first thing that was skipped.
        reason: Option<String>,
    },
    /// More different words than a data set may have.
    #[error("there are more than {limit} different words: are they really labels?")]
    Words {
        /// Most words allowed.
        limit: usize,
    },
    /// A list of classes that says nothing, or the same twice.
    #[error("line {line} of the classes: {reason}")]
    Classes {
        /// The line, from 1.
        line: usize,
        /// Reason.
        reason: String,
    },
    /// A folder that another program imports into.
    #[error("another import is writing to {}", path.display())]
    Busy {
        /// The folder.
        path: PathBuf,
    },
    /// A folder to import into that has something else in it.
    #[error("{} has something else in it: give a new folder, or remove it first", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// A folder to import into that has another import in it.
    #[error("{} was imported {difference}: give a new folder, or remove it first", path.display())]
    OtherImport {
        /// The folder.
        path: PathBuf,
        /// In what it is another.
        difference: String,
    },
    /// A folder that is no data set.
    #[error("{} is no imported data set: it has no manifest.json", path.display())]
    NoDataSet {
        /// The folder.
        path: PathBuf,
    },
    /// A file of a data set that is not as it was written.
    #[error("{}: {reason}; import the data again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Reason.
        reason: String,
    },
    /// A split that cannot be made.
    #[error("no such split: {reason}")]
    Split {
        /// Why not.
        reason: String,
    },
    /// A file that cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Threads that cannot be started.
    #[error("cannot start threads: {reason}")]
    Threads {
        /// Error of the operating system.
        reason: String,
    },
}

impl DataError {
    /// Of a file that is not there or may not be read.
    pub(crate) fn open(name: impl Display, source: io::Error) -> Self {
        SketchError::Open { name: name.to_string(), source }.into()
    }

    /// Returns the reason without the place.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Sketch(error) => error.reason(),
            Self::Archive { reason, .. } => reason.clone(),
            other => other.to_string(),
        }
    }
}
