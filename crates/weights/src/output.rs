//! What is written, and how it gets there whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use dabnet_binarize::Granularity;
use tempfile::NamedTempFile;

use crate::{Binarize, Reader, Source, Tensor, WeightsError, part::Part};

mod dense;
mod packed;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One bit a weight and two values a group of them, in a safetensors file of their own kind.
    Packed,
    /// The input again, each weight replaced by its value: for whatever reads the input.
    Dense,
}

/// Takes tensors in the order of the files they come from.
pub(crate) trait Output {
    /// A tensor that stays as it is.
    fn keep(&mut self, reader: &mut Reader<'_>, tensor: &Tensor) -> Result<(), WeightsError>;
    /// The next filters of a tensor.
    fn binarized(
        &mut self,
        reader: &mut Reader<'_>,
        tensor: &Tensor,
        part: &Part,
    ) -> Result<(), WeightsError>;
    /// Puts everything in its place; how many bytes it has.
    fn finish(self: Box<Self>, reader: &mut Reader<'_>) -> Result<u64, WeightsError>;
}

pub(crate) fn start(
    source: &Source,
    out: &Path,
    options: &Binarize,
    reasons: &[Option<&'static str>],
) -> Result<Box<dyn Output>, WeightsError> {
    if let (Form::Dense, Some(missing)) = (options.form, source.missing.first()) {
        let reason = format!("keeps weights in {}, which is not there, or not whole", missing.display());
        return Err(WeightsError::Format { path: source.path.clone(), reason });
    }
    Ok(match options.form {
        Form::Packed => Box::new(packed::Packed::start(source, out, options, reasons)?),
        Form::Dense => Box::new(dense::Dense::start(source, out)?),
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
