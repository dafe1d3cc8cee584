//! Writers of binarized weights.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use dabnet_binarize::Granularity;
use tempfile::NamedTempFile;

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
        OutputFormat::Dense => Box::new(dense::DenseWriter::start(source, out)?),
    })
}

/// The size of a tensor as bits and values.
pub(crate) fn packed_bytes(tensor: &Tensor, granularity: Granularity) -> u64 {
    let (filters, n) = (tensor.filter_count(), tensor.filter_len());
    (filters * n.div_ceil(8) + 2 * size_of::<f32>() * granularity.count(filters, n)) as u64
}

/// A file that takes its name when it is complete.
struct Pending {
    file: NamedTempFile,
    path: PathBuf,
}

impl Pending {
    fn create(path: &Path) -> Result<Self, WeightsError> {
        let failed = |source| WeightsError::Write { path: path.to_owned(), source };
        // What a link names is written, not the link; and a device or a pipe is not replaced.
        let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.exists() && !path.is_file() {
            return Err(failed(io::Error::other("it is there and no regular file")));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        // Like any new file: what the user's mask allows.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.prefix(".dabnet-").tempfile_in(folder);
        // What the system said, without the temporary name.
        let file = file.map_err(|error| failed(error.kind().into()))?;
        Ok(Self { file, path: path.to_owned() })
    }

    fn persist(self) -> Result<u64, WeightsError> {
        let Self { file, path } = self;
        let failed = |source| WeightsError::Write { path: path.clone(), source };
        file.as_file().sync_all().map_err(failed)?;
        let bytes = file.as_file().metadata().map_err(failed)?.len();
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(bytes)
    }

    fn failed(&self, source: io::Error) -> WeightsError {
        WeightsError::Write { path: self.path.clone(), source }
    }
}
