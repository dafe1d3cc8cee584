use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use dabnet_container::{AtomicFile, Tensor, to_bytes};
use dabnet_engine::{Isa, hamming_distances, quantize};
use safetensors::{Dtype, tensor::Metadata};

use crate::{EmbeddingError, statistics};

/// Value of metadata entry `format`, and version of the file.
const FORMAT: &str = "dabnet-index";
const VERSION: &str = "1";
/// Bits of a code at most: with every second value of 512 the same drawings are found as with all.
const CODE_BITS: usize = 256;
/// Nearest codes whose embeddings are compared, at least, and for each that is asked for.
const CANDIDATES: usize = 200;
const CANDIDATES_EACH: usize = 4;
/// Embeddings that mean and thresholds are measured on.
const MEASURED: usize = 4096;
/// Codes that are compared at a time.
const AT_ONCE: usize = 4096;
/// Bytes of codes that are read at a time.
const READ_AT_ONCE: usize = 1 << 20;
/// Largest header that is read, in bytes.
const MAX_HEADER: u64 = 1 << 20;

/// A drawing that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexMatch {
    /// Its place in the index.
    pub entry: usize,
    /// Its name.
    pub name: String,
    /// Cosine of the angle between its embedding and the one asked for, both from the mean of the index.
    pub similarity: f32,
}

/// An index that is being made, in memory: 32 bytes of code and a byte a value for each embedding.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    width: usize,
    /// Embeddings until there are enough to measure on.
    measured: Vec<f32>,
    thresholds: Option<Thresholds>,
    codes: Vec<u64>,
    embeddings: Vec<i8>,
    names: String,
    ends: Vec<u64>,
}

/// Mean that embeddings are taken from, and thresholds of their bits, `[width]`.
#[derive(Clone, Debug)]
struct Thresholds {
    mean: Vec<f32>,
    median: Vec<f32>,
}

impl Thresholds {
    fn code(&self, embedding: &[f32]) -> Vec<u64> {
        let bits = embedding.iter().zip(&self.median).step_by(step(self.mean.len()));
        let bits: Vec<bool> = bits.map(|(value, median)| value > median).collect();
        bits.chunks(64)
            .map(|bits| bits.iter().enumerate().fold(0, |word, (at, &bit)| word | u64::from(bit) << at))
            .collect()
    }

    fn centered(&self, embedding: &[f32]) -> Vec<f32> {
        embedding.iter().zip(&self.mean).map(|(value, mean)| value - mean).collect()
    }
}

/// Every how-many-th value has a bit.
fn step(width: usize) -> usize {
    width.div_ceil(CODE_BITS).max(1)
}

/// Words of a code.
fn words(width: usize) -> usize {
    width.div_ceil(step(width)).div_ceil(64)
}

impl IndexBuilder {
    /// Adds an embedding under a name.
    ///
    /// # Errors
    /// [`EmbeddingError::Width`] if it is not as long as the first.
    pub fn add(&mut self, name: &str, embedding: &[f32]) -> Result<(), EmbeddingError> {
        if self.ends.is_empty() {
            self.width = embedding.len();
        }
        if embedding.len() != self.width || embedding.is_empty() {
            return Err(EmbeddingError::Width { found: embedding.len(), expected: self.width.max(1) });
        }
        self.names.push_str(name);
        self.ends.push(self.names.len() as u64);
        match &self.thresholds {
            Some(thresholds) => {
                let thresholds = thresholds.clone();
                self.encode(&thresholds, embedding);
            }
            None => {
                self.measured.extend(embedding);
                if self.ends.len() == MEASURED {
                    self.measure();
                }
            }
        }
        Ok(())
    }

    /// Measures the embeddings so far, and encodes them.
    fn measure(&mut self) {
        let measured = std::mem::take(&mut self.measured);
        let (mean, median) = statistics::mean_and_median(&measured, self.width);
        let thresholds = Thresholds { mean, median };
        measured.chunks_exact(self.width).for_each(|embedding| self.encode(&thresholds, embedding));
        self.thresholds = Some(thresholds);
    }

    fn encode(&mut self, thresholds: &Thresholds, embedding: &[f32]) {
        self.codes.extend(thresholds.code(embedding));
        self.embeddings.extend(quantize(&thresholds.centered(embedding)).1);
    }

    /// Number of embeddings.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Writes the index to a file, atomically.
    ///
    /// # Errors
    /// [`EmbeddingError::Index`] if it is empty or cannot be written.
    pub fn save(mut self, path: &Path) -> Result<(), EmbeddingError> {
        let failed = |reason: String| EmbeddingError::Index { path: path.to_owned(), reason };
        if self.is_empty() {
            return Err(failed("an index of nothing is none".to_owned()));
        }
        if self.thresholds.is_none() {
            self.measure();
        }
        let Some(Thresholds { mean, median }) = &self.thresholds else { return Ok(()) };
        let (count, width) = (self.len(), self.width);
        let floats = |values: &[f32]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let numbers = |values: &[u64]| values.iter().flat_map(|value| value.to_le_bytes()).collect();
        let tensor = |name: &str, dtype, shape, data| Tensor { name: name.to_owned(), dtype, shape, data };
        let tensors = vec![
            tensor("codes", Dtype::U64, vec![count, words(width)], numbers(&self.codes)),
            tensor("ends", Dtype::U64, vec![count], numbers(&self.ends)),
            tensor("mean", Dtype::F32, vec![width], floats(mean)),
            tensor("median", Dtype::F32, vec![width], floats(median)),
            tensor(
                "embeddings",
                Dtype::I8,
                vec![count, width],
                self.embeddings.iter().map(|it| it.cast_unsigned()).collect(),
            ),
            tensor("names", Dtype::U8, vec![self.names.len()], self.names.as_bytes().into()),
        ];
        let metadata = BTreeMap::from([("format", FORMAT), ("version", VERSION)]);
        let written = to_bytes(&metadata, tensors).and_then(|bytes| {
            let mut file = AtomicFile::create(path)?;
            file.write_all(&bytes)?;
            file.commit()
        });
        written.map(drop).map_err(|error| failed(format!("cannot write it: {error}")))
    }
}

/// An index of embeddings: codes of one bit a value in memory, everything else in its file.
///
/// A query compares its code with all others by exclusive or and population count, and ranks the nearest by their
/// embeddings.
///
/// ```
/// use dabnet_embedding::{EmbeddingIndex, IndexBuilder};
///
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("index");
/// let mut builder = IndexBuilder::default();
/// builder.add("east", &[1.0, 0.0, 0.5])?;
/// builder.add("north", &[0.0, 1.0, 0.5])?;
/// builder.add("west", &[-1.0, 0.0, 0.5])?;
/// builder.save(&path)?;
/// let found = EmbeddingIndex::open(&path)?.find(&[0.9, 0.1, 0.5], 1)?;
/// assert_eq!(found[0].name, "east");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EmbeddingIndex {
    path: PathBuf,
    file: File,
    isa: Isa,
    thresholds: Thresholds,
    codes: Vec<u64>,
    count: usize,
    /// First bytes of tensors in the file.
    ends: u64,
    names: u64,
    embeddings: u64,
}

impl EmbeddingIndex {
    /// Opens an index.
    ///
    /// # Errors
    /// [`EmbeddingError::Index`] if it cannot be read or is none, [`EmbeddingError::Engine`] if `DABNET_ISA` names an
    /// instruction set that this machine lacks.
    pub fn open(path: &Path) -> Result<Self, EmbeddingError> {
        let fail = |reason: &str| EmbeddingError::Index { path: path.to_owned(), reason: reason.to_owned() };
        let read = |error: std::io::Error| fail(&format!("cannot read it: {error}"));
        let mut file = File::open(path).map_err(read)?;
        let size = file.metadata().map_err(read)?.len();
        let mut length = [0; 8];
        file.read_exact(&mut length).map_err(|_| fail("is no index: dabnet index makes one"))?;
        let header_len = u64::from_le_bytes(length);
        if header_len > MAX_HEADER || header_len + 8 > size {
            return Err(fail("is no index: dabnet index makes one"));
        }
        let mut header = vec![0; header_len as usize];
        file.read_exact(&mut header).map_err(read)?;
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|_| fail("is no index: dabnet index makes one"))?;
        let entries = header.metadata().clone().unwrap_or_default();
        if entries.get("format").is_none_or(|format| format != FORMAT) {
            return Err(fail("is no index: dabnet index makes one"));
        }
        if entries.get("version").is_none_or(|version| version != VERSION) {
            return Err(fail("is an index of another version: make it anew with dabnet index"));
        }
        let begin = 8 + header_len;
        let place = |name: &str, dtype: Dtype| {
            let info = header.info(name).filter(|info| info.dtype == dtype);
            let info =
                info.ok_or_else(|| fail(&format!("its tensor '{name}' is missing or of another type")))?;
            let (first, last) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
            if begin + last > size {
                return Err(fail("is shorter than it says: make it anew with dabnet index"));
            }
            Ok((begin + first, (last - first) as usize, info.shape.clone()))
        };
        let (mean_at, mean_bytes, _) = place("mean", Dtype::F32)?;
        let (median_at, median_bytes, _) = place("median", Dtype::F32)?;
        let (codes_at, code_bytes, codes) = place("codes", Dtype::U64)?;
        let (ends, _, end_shape) = place("ends", Dtype::U64)?;
        let (embeddings, _, rows) = place("embeddings", Dtype::I8)?;
        let (names, ..) = place("names", Dtype::U8)?;
        let (count, width) = (codes.first().copied().unwrap_or(0), mean_bytes / 4);
        let expected = [vec![count, words(width)], vec![count], vec![count, width]];
        if width == 0 || [codes, end_shape, rows] != expected || median_bytes != mean_bytes {
            return Err(fail("its tensors do not fit each other: make it anew with dabnet index"));
        }
        let mut bytes = |at: u64, len: usize| {
            let mut bytes = vec![0; len];
            file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut bytes)).map_err(read)?;
            Ok::<_, EmbeddingError>(bytes)
        };
        let floats =
            |bytes: Vec<u8>| bytes.as_chunks().0.iter().map(|value| f32::from_le_bytes(*value)).collect();
        let thresholds = Thresholds {
            mean: floats(bytes(mean_at, mean_bytes)?),
            median: floats(bytes(median_at, median_bytes)?),
        };
        // A part at a time, so that they are in memory once.
        let mut codes = Vec::with_capacity(code_bytes / 8);
        for part in (0..code_bytes).step_by(READ_AT_ONCE) {
            let part = bytes(codes_at + part as u64, READ_AT_ONCE.min(code_bytes - part))?;
            codes.extend(part.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)));
        }
        let isa = Isa::select()?;
        Ok(Self { path: path.to_owned(), file, isa, thresholds, codes, count, ends, names, embeddings })
    }

    /// Number of drawings in it.
    pub fn len(&self) -> usize {
        self.count
    }

    /// True if there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The `count` drawings that are most like one with this embedding, the likest first.
    ///
    /// # Errors
    /// [`EmbeddingError::Width`] for an embedding of another model, [`EmbeddingError::Index`] if the file cannot be
    /// read.
    pub fn find(&mut self, embedding: &[f32], count: usize) -> Result<Vec<IndexMatch>, EmbeddingError> {
        let expected = self.thresholds.mean.len();
        if embedding.len() != expected {
            return Err(EmbeddingError::Width { found: embedding.len(), expected });
        }
        let candidates =
            self.nearest_codes(embedding, CANDIDATES.max(CANDIDATES_EACH.saturating_mul(count)))?;
        let wanted = self.thresholds.centered(embedding);
        let mut row = vec![0; expected];
        let mut ranked = Vec::with_capacity(candidates.len());
        for entry in candidates {
            self.read(self.embeddings + (entry * expected) as u64, &mut row)?;
            let values = || row.iter().map(|byte| f32::from(byte.cast_signed()));
            let dot: f32 = values().zip(&wanted).map(|(a, b)| a * b).sum();
            let norms = values().map(|a| a * a).sum::<f32>() * wanted.iter().map(|b| b * b).sum::<f32>();
            ranked.push((if norms > 0.0 { dot / norms.sqrt() } else { 0.0 }, entry));
        }
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        ranked.truncate(count);
        let found = ranked
            .into_iter()
            .map(|(similarity, entry)| Ok(IndexMatch { entry, name: self.name(entry)?, similarity }));
        found.collect()
    }

    /// Entries whose codes are nearest, at most `count`; of equally near ones the first.
    fn nearest_codes(&self, embedding: &[f32], count: usize) -> Result<Vec<usize>, EmbeddingError> {
        let query = self.thresholds.code(embedding);
        let mut distances = vec![0; AT_ONCE.min(self.count)];
        // Nearer than that, or as near, are those that may still be among the nearest.
        let (mut near, mut farthest) = (Vec::new(), u32::MAX);
        for (chunk, codes) in self.codes.chunks(AT_ONCE * query.len()).enumerate() {
            let distances = &mut distances[..codes.len() / query.len()];
            hamming_distances(self.isa, &query, codes, distances)?;
            let places = distances.iter().enumerate().filter(|(_, distance)| **distance < farthest);
            near.extend(places.map(|(at, &distance)| (distance, chunk * AT_ONCE + at)));
            if near.len() >= 2 * count {
                near.select_nth_unstable(count - 1);
                near.truncate(count);
                farthest = near.iter().map(|(distance, _)| *distance).max().unwrap_or(farthest);
            }
        }
        near.sort_unstable();
        Ok(near.into_iter().take(count).map(|(_, entry)| entry).collect())
    }

    fn name(&mut self, entry: usize) -> Result<String, EmbeddingError> {
        let mut end = |at: usize| {
            let mut bytes = [0; 8];
            self.read(self.ends + 8 * at as u64, &mut bytes)?;
            Ok::<_, EmbeddingError>(u64::from_le_bytes(bytes))
        };
        let last = end(entry)?;
        let first = if entry == 0 { 0 } else { end(entry - 1)? };
        let length = last.checked_sub(first).filter(|length| *length <= MAX_HEADER);
        let Some(length) = length else {
            let reason = "its names make no sense: make it anew with dabnet index".to_owned();
            return Err(EmbeddingError::Index { path: self.path.clone(), reason });
        };
        let mut name = vec![0; length as usize];
        self.read(self.names + first, &mut name)?;
        Ok(String::from_utf8_lossy(&name).into_owned())
    }

    fn read(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), EmbeddingError> {
        let read = self.file.seek(SeekFrom::Start(at)).and_then(|_| self.file.read_exact(bytes));
        read.map_err(|error| EmbeddingError::Index {
            path: self.path.clone(),
            reason: format!("cannot read it: {error}"),
        })
    }
}
