use std::{
    collections::BTreeMap,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use dabnet_binarize::Granularity;
use dabnet_container::frame_header;
use serde_json::{Value, json};

use super::{OutputFile, TensorWriter};
use crate::{
    BinarizeOptions, FilterAxis, Tensor, WeightReader, WeightSource, WeightsError, part::BinarizedFilters,
};

/// Value of `format` in the file's metadata.
const FORMAT: &str = "dabnet-weights";
const VERSION: &str = "1";

/// A safetensors file: `NAME.bits`, `NAME.alpha` and `NAME.beta` for each binarized tensor, all others
/// as they were. See `docs/file-format.md`.
pub(super) struct PackedWriter {
    out: OutputFile,
    /// Offset of each tensor in the file.
    starts: BTreeMap<String, u64>,
    /// Number of bytes written of each tensor.
    written: BTreeMap<String, u64>,
}

/// A tensor to write.
struct TensorEntry {
    name: String,
    dtype: String,
    shape: Vec<usize>,
    bytes: u64,
    /// Alignment, in bytes.
    align: u64,
}

impl PackedWriter {
    pub(super) fn start(
        source: &WeightSource,
        out: &Path,
        options: &BinarizeOptions,
        reasons: &[Option<&'static str>],
    ) -> Result<Self, WeightsError> {
        source.check_output(out, [])?;
        let mut entries = Vec::new();
        let mut originals = BTreeMap::new();
        for (tensor, reason) in source.tensors.iter().zip(reasons) {
            if reason.is_none() {
                entries.extend(packed_entries(tensor, options.granularity));
                let filters = if tensor.filters == FilterAxis::First { "first" } else { "last" };
                originals.insert(
                    tensor.name.as_str(),
                    json!({ "shape": tensor.shape, "dtype": tensor.dtype, "filters": filters }),
                );
            } else if tensor.bytes.is_some() {
                entries.push(kept_entry(tensor));
            }
        }
        // As other writers do it: wide numbers first, so that each is aligned, then by name.
        entries.sort_by(|a, b| b.align.cmp(&a.align).then_with(|| a.name.cmp(&b.name)));
        let metadata = json!({
            "format": FORMAT,
            "version": VERSION,
            "scheme": options.scheme.name(),
            "granularity": options.granularity.to_string(),
            "tensors": json!(originals).to_string(),
        });
        let (header, starts) = layout(source, metadata, &entries)?;
        let mut packed = Self { out: OutputFile::create(out)?, starts, written: BTreeMap::new() };
        packed.out.file.write_all(&header).map_err(|error| packed.out.failed(error))?;
        Ok(packed)
    }

    /// Appends bytes to a tensor.
    fn append(&mut self, name: String, bytes: &[u8]) -> Result<(), WeightsError> {
        self.seek(&name)
            .and_then(|()| self.out.file.write_all(bytes))
            .map_err(|error| self.out.failed(error))?;
        *self.written.entry(name).or_default() += bytes.len() as u64;
        Ok(())
    }

    fn seek(&mut self, name: &str) -> io::Result<()> {
        let start = self.starts[name] + self.written.get(name).copied().unwrap_or(0);
        self.out.file.seek(SeekFrom::Start(start)).map(drop)
    }
}

impl TensorWriter for PackedWriter {
    fn keep(&mut self, reader: &mut WeightReader<'_>, tensor: &Tensor) -> Result<(), WeightsError> {
        let Some(bytes) = tensor.bytes.clone() else { return Ok(()) };
        let copied = self.seek(&tensor.name).and_then(|()| reader.copy(tensor.file, bytes, &mut self.out));
        copied.map_err(|error| self.out.failed(error))
    }

    fn binarized(
        &mut self,
        _: &mut WeightReader<'_>,
        tensor: &Tensor,
        part: &BinarizedFilters,
    ) -> Result<(), WeightsError> {
        let alpha: Vec<u8> = part.splits.iter().flat_map(|split| split.alpha.to_le_bytes()).collect();
        let beta: Vec<u8> = part.splits.iter().flat_map(|split| split.beta.to_le_bytes()).collect();
        self.append(format!("{}.bits", tensor.name), &part.bits())?;
        self.append(format!("{}.alpha", tensor.name), &alpha)?;
        self.append(format!("{}.beta", tensor.name), &beta)
    }

    fn finish(self: Box<Self>, _: &mut WeightReader<'_>) -> Result<u64, WeightsError> {
        self.out.commit()
    }
}

fn packed_entries(tensor: &Tensor, granularity: Granularity) -> [TensorEntry; 3] {
    let (filters, n) = (tensor.filter_count(), tensor.filter_len());
    let values = match granularity {
        Granularity::Filter => vec![filters],
        Granularity::Group(len) => vec![filters, n.div_ceil(len.get())],
        Granularity::Tensor => vec![1],
    };
    let entry = |suffix: &str, dtype: &str, shape: Vec<usize>, align: u64| TensorEntry {
        name: format!("{}.{suffix}", tensor.name),
        dtype: dtype.to_owned(),
        bytes: shape.iter().product::<usize>() as u64 * align,
        shape,
        align,
    };
    [
        entry("bits", "U8", vec![filters, n.div_ceil(8)], 1),
        entry("alpha", "F32", values.clone(), 4),
        entry("beta", "F32", values, 4),
    ]
}

fn kept_entry(tensor: &Tensor) -> TensorEntry {
    let bytes = tensor.byte_len();
    TensorEntry {
        name: tensor.name.clone(),
        dtype: tensor.dtype.clone(),
        shape: tensor.shape.clone(),
        bytes,
        align: bytes.checked_div(tensor.len() as u64).unwrap_or(0),
    }
}

/// Returns the file up to its data, and the offset of each tensor in the file.
fn layout(
    source: &WeightSource,
    metadata: Value,
    entries: &[TensorEntry],
) -> Result<(Vec<u8>, BTreeMap<String, u64>), WeightsError> {
    let mut header = serde_json::Map::from_iter([("__metadata__".to_owned(), metadata)]);
    let (mut starts, mut end) = (BTreeMap::new(), 0);
    for TensorEntry { name, dtype, shape, bytes, .. } in entries {
        let info = json!({ "dtype": dtype, "shape": shape, "data_offsets": [end, end + bytes] });
        if header.insert(name.clone(), info).is_some() {
            let reason = format!("would have two tensors called '{name}' once packed: exclude one");
            return Err(WeightsError::Format { path: source.path.clone(), reason });
        }
        starts.insert(name.clone(), end);
        end += bytes;
    }
    let beginning = frame_header(Value::Object(header).to_string().into_bytes());
    starts.values_mut().for_each(|start| *start += beginning.len() as u64);
    Ok((beginning, starts))
}
