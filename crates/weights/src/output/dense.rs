use std::{
    fs,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use super::{OutputFile, TensorWriter};
use crate::{FilterAxis, Tensor, WeightReader, WeightSource, WeightsError, part::BinarizedFilters};

/// Writer that copies the files of the source byte by byte, replacing weights in place.
pub(super) struct DenseWriter {
    files: Vec<FileCopy>,
    /// Index of the files and its copy, if there is one.
    index: Option<(PathBuf, PathBuf)>,
    /// Dropped last, when the files in them are gone.
    _folders: Option<NewFolders>,
}

/// Folders that go away again unless something stays in them, the innermost first.
struct NewFolders(Vec<PathBuf>);

impl NewFolders {
    fn create(path: &Path) -> Result<Self, WeightsError> {
        let missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let folders = Self(path.ancestors().take_while(missing).map(Path::to_owned).collect());
        fs::create_dir_all(path).map_err(|source| WeightsError::Write { path: path.to_owned(), source })?;
        Ok(folders)
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        // A folder that is not empty cannot be removed, which is the point.
        self.0.iter().for_each(|folder| _ = fs::remove_dir(folder));
    }
}

struct FileCopy {
    out: BufWriter<OutputFile>,
    /// Number of bytes of the source that have been copied.
    position: u64,
    size: u64,
}

impl DenseWriter {
    pub(super) fn start(source: &WeightSource, out: &Path, replace: bool) -> Result<Self, WeightsError> {
        if !source.sharded {
            // Files beside a model are beside its copy under the names that it has for them.
            let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
            let from = folder(&source.path);
            let copy = |(index, path): (usize, &PathBuf)| {
                if index == 0 {
                    return FileCopy::start(source, index, out);
                }
                let beside = folder(out).join(path.strip_prefix(&from).unwrap_or(path));
                source.check_output(&beside, [])?;
                if beside.exists() && !replace {
                    return Err(WeightsError::Occupied { path: beside });
                }
                fs::create_dir_all(folder(&beside))
                    .map_err(|source| WeightsError::Write { path: beside.clone(), source })?;
                FileCopy::start(source, index, &beside)
            };
            let files = source.files.iter().enumerate().map(copy).collect::<Result<_, _>>()?;
            return Ok(Self { files, index: None, _folders: None });
        }
        let folders = NewFolders::create(out)?;
        let target = |path: &Path| path.file_name().map(|name| out.join(name)).unwrap_or_default();
        let index = target(&source.path);
        source.check_output(&index, [])?;
        let copy = |(index, path): (usize, &PathBuf)| FileCopy::start(source, index, &target(path));
        let files = source.files.iter().enumerate().map(copy).collect::<Result<_, _>>()?;
        Ok(Self { files, index: Some((source.path.clone(), index)), _folders: Some(folders) })
    }
}

impl FileCopy {
    fn start(source: &WeightSource, file: usize, out: &Path) -> Result<Self, WeightsError> {
        source.check_output(out, [])?;
        let path = &source.files[file];
        let size = fs::metadata(path)
            .map_err(|error| WeightsError::Read { path: path.clone(), source: error })?
            .len();
        Ok(Self { out: BufWriter::with_capacity(1 << 20, OutputFile::create(out)?), position: 0, size })
    }

    /// Copies the source up to a position.
    fn catch_up(&mut self, reader: &mut WeightReader<'_>, file: usize, to: u64) -> Result<(), WeightsError> {
        let copied = reader.copy(file, self.position..to, &mut self.out);
        copied.map_err(|error| self.out.get_ref().failed(error))?;
        self.position = to;
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

impl TensorWriter for DenseWriter {
    /// Bytes between replaced weights are copied before the next of them.
    fn keep(&mut self, _: &mut WeightReader<'_>, _: &Tensor) -> Result<(), WeightsError> {
        Ok(())
    }

    fn binarized(
        &mut self,
        reader: &mut WeightReader<'_>,
        tensor: &Tensor,
        part: &BinarizedFilters,
    ) -> Result<(), WeightsError> {
        let (Some(number), Some(place)) = (tensor.number, &tensor.bytes) else { return Ok(()) };
        let copy = &mut self.files[tensor.file];
        if copy.position < place.start {
            copy.catch_up(reader, tensor.file, place.start)?;
        }
        let values = part.values();
        let bytes = match tensor.filters {
            FilterAxis::First => number.encode(values.into_iter()),
            FilterAxis::Last => {
                let n = tensor.filter_len();
                number.encode((0..n).flat_map(|row| values.iter().copied().skip(row).step_by(n)))
            }
        };
        copy.out.write_all(&bytes).map_err(|error| copy.out.get_ref().failed(error))?;
        copy.position += bytes.len() as u64;
        Ok(())
    }

    fn finish(self: Box<Self>, reader: &mut WeightReader<'_>) -> Result<u64, WeightsError> {
        let mut complete = Vec::new();
        for (file, mut copy) in self.files.into_iter().enumerate() {
            let size = copy.size;
            copy.catch_up(reader, file, size)?;
            let path = copy.out.get_ref().path.clone();
            let flushed = copy.out.into_inner();
            complete.push(flushed.map_err(|error| WeightsError::Write { path, source: error.into_error() })?);
        }
        if let Some((from, to)) = self.index {
            let mut index = OutputFile::create(&to)?;
            let text = fs::read(&from).map_err(|source| WeightsError::Read { path: from, source })?;
            index.write_all(&text).map_err(|error| index.failed(error))?;
            complete.push(index);
        }
        complete.into_iter().map(OutputFile::commit).sum()
    }
}
