//! Writers of binarized weights.

use std::{
    io,
    path::{Path, PathBuf},
};

use dabnet_binarize::Granularity;
use dabnet_container::AtomicFile;

use crate::{BinarizeOptions, Tensor, WeightReader, WeightSource, WeightsError, part::BinarizedFilters};

mod dense;
mod packed;

/// Format of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// One bit per weight and two values per group, in a safetensors file of this project's format.
    Packed,
    /// A copy of the input with each weight replaced by its value, for any reader of the input's format.
    Dense,
}

/// Writer that takes tensors in the order of their files.
pub(crate) trait TensorWriter {
    /// Writes a tensor unchanged.
    fn keep(&mut self, reader: &mut WeightReader<'_>, tensor: &Tensor) -> Result<(), WeightsError>;
    /// Writes the next filters of a tensor.
    fn binarized(
        &mut self,
        reader: &mut WeightReader<'_>,
        tensor: &Tensor,
        part: &BinarizedFilters,
    ) -> Result<(), WeightsError>;
    /// Completes the output. Returns its size in bytes.
    fn finish(self: Box<Self>, reader: &mut WeightReader<'_>) -> Result<u64, WeightsError>;
}

pub(crate) fn start(
    source: &WeightSource,
    out: &Path,
    options: &BinarizeOptions,
    reasons: &[Option<&'static str>],
) -> Result<Box<dyn TensorWriter>, WeightsError> {
    if let (OutputFormat::Dense, Some(missing)) = (options.form, source.missing.first()) {
        let reason = format!("keeps weights in {}, which is not there, or not whole", missing.display());
        return Err(WeightsError::Format { path: source.path.clone(), reason });
    }
    Ok(match options.form {
        OutputFormat::Packed => Box::new(packed::PackedWriter::start(source, out, options, reasons)?),
        OutputFormat::Dense => Box::new(dense::DenseWriter::start(source, out, options.replace)?),
    })
}

/// The size of a tensor as bits and values.
pub(crate) fn packed_bytes(tensor: &Tensor, granularity: Granularity) -> u64 {
    let (filters, n) = (tensor.filter_count(), tensor.filter_len());
    (filters * n.div_ceil(8) + 2 * size_of::<f32>() * granularity.count(filters, n)) as u64
}

/// A file that takes its name when it is complete, with errors that name its path.
struct OutputFile {
    file: AtomicFile,
    path: PathBuf,
}

impl OutputFile {
    fn create(path: &Path) -> Result<Self, WeightsError> {
        let file = AtomicFile::create(path).map_err(|error| {
            // Errors of the system are about the temporary file.
            let source = if error.kind() == io::ErrorKind::Other { error } else { error.kind().into() };
            WeightsError::Write { path: path.to_owned(), source }
        })?;
        Ok(Self { path: file.path().to_owned(), file })
    }

    fn commit(self) -> Result<u64, WeightsError> {
        self.file.commit().map_err(|source| WeightsError::Write { path: self.path, source })
    }

    fn failed(&self, source: io::Error) -> WeightsError {
        WeightsError::Write { path: self.path.clone(), source }
    }
}
