use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{FilterAxis, Tensor, WeightsError};

/// Weights of a network, in one or several files.
///
/// ```no_run
/// # fn main() -> Result<(), dabnet_weights::WeightsError> {
/// let source = dabnet_weights::WeightSource::open("resnet18.safetensors")?;
/// for tensor in source.tensors() {
///     println!("{} {:?} {}", tensor.name, tensor.shape, tensor.dtype);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WeightSource {
    /// Path of the opened file.
    pub(crate) path: PathBuf,
    /// Files with tensors: the file itself and those that an ONNX model refers to, or the shards of an index.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) tensors: Vec<Tensor>,
    /// True if `path` is an index of `files`.
    pub(crate) sharded: bool,
    /// True for a packed model file of a network with real weights only.
    pub(crate) model: bool,
    /// Files that belong to the network and are not there, or not whole.
    pub(crate) missing: Vec<PathBuf>,
}

impl WeightSource {
    /// All tensors. In a file with a graph, weights of layers come first, in execution order; otherwise they
    /// are in the order of the file.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Path of the opened file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// True for a packed model file whose weights are all real, which describes its network.
    pub fn is_model(&self) -> bool {
        self.model
    }

    /// Checks that `out` is none of the network's files and none of `others`, under any name.
    ///
    /// # Errors
    /// [`WeightsError::SameFile`].
    pub fn check_output<'a>(
        &'a self,
        out: &Path,
        others: impl IntoIterator<Item = &'a Path>,
    ) -> Result<(), WeightsError> {
        let Ok(target) = fs::canonicalize(out) else { return Ok(()) };
        let own = self.files.iter().chain([&self.path]).map(PathBuf::as_path);
        if own.chain(others).any(|path| fs::canonicalize(path).is_ok_and(|path| path == target)) {
            return Err(WeightsError::SameFile { path: out.to_owned() });
        }
        Ok(())
    }

    /// A way to read weights.
    ///
    /// # Errors
    /// [`WeightsError::Read`].
    pub fn reader(&self) -> Result<WeightReader<'_>, WeightsError> {
        let open = |path: &PathBuf| File::open(path).map_err(|source| read_error(path, source));
        Ok(WeightReader { source: self, files: self.files.iter().map(open).collect::<Result<_, _>>()? })
    }
}

/// Reader of a [`WeightSource`]'s weights.
#[derive(Debug)]
pub struct WeightReader<'a> {
    source: &'a WeightSource,
    files: Vec<File>,
}

impl WeightReader<'_> {
    /// Reads consecutive filters of a tensor, one after the other regardless of the order in the file.
    ///
    /// # Errors
    /// [`WeightsError::Read`], and [`WeightsError::Format`] for a tensor that
    /// [cannot be binarized](Tensor::obstacle).
    pub fn filters(&mut self, tensor: &Tensor, filters: Range<usize>) -> Result<Vec<f32>, WeightsError> {
        let (Some(number), Some(place), None) = (tensor.number, &tensor.bytes, tensor.obstacle()) else {
            let reason = format!("has no weights to read in tensor '{}'", tensor.name);
            return Err(WeightsError::Format { path: self.source.path.clone(), reason });
        };
        match tensor.filters {
            FilterAxis::First => {
                let filter = (tensor.filter_len() * number.bytes()) as u64;
                let start = place.start + filters.start as u64 * filter;
                let bytes = self.bytes(tensor.file, start..start + filters.len() as u64 * filter)?;
                Ok(number.decode(&bytes))
            }
            FilterAxis::Last => {
                let stored = number.decode(&self.bytes(tensor.file, place.clone())?);
                let count = tensor.filter_count();
                let filter = |index| stored.iter().copied().skip(index).step_by(count);
                Ok(filters.flat_map(filter).collect())
            }
        }
    }

    /// Reads bytes of one of the files.
    pub(crate) fn bytes(&mut self, file: usize, range: Range<u64>) -> Result<Vec<u8>, WeightsError> {
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.at(file, range.start)
            .and_then(|file| file.read_exact(&mut bytes))
            .map_err(|source| read_error(&self.source.files[file], source))?;
        Ok(bytes)
    }

    /// Copies bytes of one of the files.
    pub(crate) fn copy(
        &mut self,
        file: usize,
        range: Range<u64>,
        out: &mut impl io::Write,
    ) -> io::Result<()> {
        let len = range.end - range.start;
        let copied = io::copy(&mut self.at(file, range.start)?.take(len), out)?;
        if copied == len { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    fn at(&mut self, file: usize, position: u64) -> io::Result<&mut File> {
        self.files[file].seek(SeekFrom::Start(position))?;
        Ok(&mut self.files[file])
    }
}

pub(crate) fn read_error(path: &Path, source: io::Error) -> WeightsError {
    WeightsError::Read { path: path.to_owned(), source }
}

pub(crate) fn damaged(path: &Path, reason: impl Into<String>) -> WeightsError {
    WeightsError::Format { path: path.to_owned(), reason: reason.into() }
}
