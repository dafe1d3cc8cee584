use std::{error::Error as StdError, io, iter::successors, path::Path};

use dabnet_data::DataError;
use dabnet_embedding::EmbeddingError;
use dabnet_engine::EngineError;
use dabnet_graph::GraphError;
use dabnet_onnx::ExportError;
use dabnet_report::ReportError;
use dabnet_serve::ServeError;
use dabnet_sketch::SketchError;
use dabnet_train::TrainError;
use dabnet_weights::WeightsError;
use thiserror::Error;

/// Exit code of a command: 0, or 1 for a failure, 2 for wrong usage or input, 130 where it was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl ExitCode {
    /// All went well.
    pub const SUCCESS: Self = Self(0);
}

impl From<u8> for ExitCode {
    fn from(code: u8) -> Self {
        Self(code)
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.0)
    }
}

/// Reason why a command stopped, which decides its exit code.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    /// An option or a file is wrong: exit 2.
    #[error("{0}")]
    Input(String),
    /// A failure that the user did not cause: exit 1.
    #[error("{0}")]
    Failure(String),
    /// The output was closed; nobody is to be told.
    #[error("the output was closed")]
    Closed,
}

impl CliError {
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Input(_) => ExitCode::from(2),
            Self::Failure(_) => ExitCode::from(1),
            Self::Closed => ExitCode::SUCCESS,
        }
    }

    /// Error of the value of an option.
    pub(crate) fn value(error: &clap::Error) -> Self {
        let text = error.to_string();
        let reason = text.lines().next().unwrap_or_default();
        Self::Input(plain_words(reason.strip_prefix("error: ").unwrap_or(reason)))
    }

    /// Error of writing a file or folder.
    pub(crate) fn write(path: &Path, error: &io::Error) -> Self {
        Self::Failure(format!("cannot write {}: {error}", path.display()))
    }
}

impl From<EngineError> for CliError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Write { .. } => Self::Failure(text_with_sources(&error)),
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

impl From<EmbeddingError> for CliError {
    fn from(error: EmbeddingError) -> Self {
        match error {
            EmbeddingError::Engine(error) => error.into(),
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

impl From<WeightsError> for CliError {
    fn from(error: WeightsError) -> Self {
        match error {
            WeightsError::Write { .. } => Self::Failure(text_with_sources(&error)),
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

impl From<ExportError> for CliError {
    fn from(error: ExportError) -> Self {
        Self::Input(text_with_sources(&error))
    }
}

impl From<SketchError> for CliError {
    fn from(error: SketchError) -> Self {
        Self::Input(text_with_sources(&error))
    }
}

impl From<DataError> for CliError {
    fn from(error: DataError) -> Self {
        match error {
            DataError::Write { .. } | DataError::Threads { .. } | DataError::Busy { .. } => {
                Self::Failure(text_with_sources(&error))
            }
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Bind { .. } => {
                Self::Failure(format!("{}: give --bind another address or port", text_with_sources(&error)))
            }
            ServeError::Start(_) | ServeError::Write { .. } | ServeError::Busy { .. } => {
                Self::Failure(text_with_sources(&error))
            }
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

impl From<GraphError> for CliError {
    fn from(error: GraphError) -> Self {
        Self::Input(text_with_sources(&error))
    }
}

impl From<TrainError> for CliError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Split { .. }
            | TrainError::Diverged { .. }
            | TrainError::Field { .. }
            | TrainError::Write { .. }
            | TrainError::Busy { .. }
            | TrainError::Data(_)
            | TrainError::Tensor(_)
            | TrainError::Engine(_)
            | TrainError::Observer(_) => Self::Failure(text_with_sources(&error)),
            _ => Self::Input(text_with_sources(&error)),
        }
    }
}

/// The text of a library that reads values, in place of words of Rust such as `usize` and `1..=5` those that everybody
/// knows.
pub(crate) fn plain_words(text: &str) -> String {
    const WORDS: [(&str, &str); 14] = [
        ("invalid digit found in string", "it is no whole number, 0 or more"),
        ("cannot parse integer from empty string", "it is no whole number"),
        ("invalid float literal", "it is no number"),
        ("cannot parse float from empty string", "it is no number"),
        (" is not in ", " is not within "),
        ("..=", " to "),
        ("unknown variant", "unknown value"),
        ("unknown field", "unknown setting"),
        (", expected ", ": give "),
        ("give usize", "give a whole number"),
        ("give u8", "give a whole number"),
        ("give u64", "give a whole number, 0 or more"),
        ("struct ", ""),
        ("give f32", "give a number"),
    ];
    WORDS.iter().fold(text.trim_end().to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
}

/// Text of an error and, after colons, of its sources, unless it has theirs already.
pub(crate) fn text_with_sources(error: &dyn StdError) -> String {
    successors(error.source(), |&source| source.source()).map(ToString::to_string).fold(
        error.to_string(),
        |text, source| if text.ends_with(&source) { text } else { format!("{text}: {source}") },
    )
}

impl From<ReportError> for CliError {
    fn from(error: ReportError) -> Self {
        match error {
            ReportError::Engine(error) => error.into(),
            ReportError::Train(error) => error.into(),
        }
    }
}

/// Errors of writing to standard output.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::Failure(format!("cannot write the output: {error}"))
        }
    }
}
