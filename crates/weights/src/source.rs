use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    ops::Range,
    path::{Path, PathBuf},
};

use crate::{Filters, Tensor, WeightsError, formats};

/// A network's file, or its several, and the tensors in them.
#[derive(Clone, Debug)]
pub struct Source {
    /// What was opened.
    pub(crate) path: PathBuf,
    /// Where tensors lie: the file itself and those beside it that an ONNX model names, or the shards of an index.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) tensors: Vec<Tensor>,
    /// Whether `path` is an index of `files`.
    pub(crate) sharded: bool,
    /// Whether it is a packed model's file, of a network that has nothing but real weights.
    pub(crate) model: bool,
    /// Files that belong to the network and are not there, or not whole.
    pub(crate) missing: Vec<PathBuf>,
}

impl Source {
    /// Opens a safetensors file, a safetensors index (`….index.json`), an ONNX model, or a folder
    /// that holds `model.safetensors` or its index. Nothing but headers is read.
    ///
    /// # Errors
    /// [`WeightsError::Read`] and [`WeightsError::Format`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        formats::open(path.as_ref())
    }

    /// The tensors: of a file with a graph weights of layers first, in the order in which these run;
    /// else in the order of the file.
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// What was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the file of a packed model whose weights are real, all of them: it knows its network.
    pub fn is_model(&self) -> bool {
        self.model
    }

    /// That `out` is none of the network's files and none of `others`, under whatever name.
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
    pub fn reader(&self) -> Result<Reader<'_>, WeightsError> {
        let open = |path: &PathBuf| File::open(path).map_err(|source| read_error(path, source));
        Ok(Reader { source: self, files: self.files.iter().map(open).collect::<Result<_, _>>()? })
    }
}

/// Reads weights of a [`Source`].
#[derive(Debug)]
pub struct Reader<'a> {
    source: &'a Source,
    files: Vec<File>,
}

impl Reader<'_> {
    /// Some filters of a tensor, one after the other whatever the order in the file.
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
            Filters::First => {
                let filter = (tensor.filter_len() * number.bytes()) as u64;
                let start = place.start + filters.start as u64 * filter;
                let bytes = self.bytes(tensor.file, start..start + filters.len() as u64 * filter)?;
                Ok(number.decode(&bytes))
            }
            Filters::Last => {
                let stored = number.decode(&self.bytes(tensor.file, place.clone())?);
                let count = tensor.filter_count();
                let filter = |index| stored.iter().copied().skip(index).step_by(count);
                Ok(filters.flat_map(filter).collect())
            }
        }
    }

    /// Bytes of one of the files.
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
