//! Safetensors: a JSON header, then the tensors, one after the other.
//!
//! <https://huggingface.co/docs/safetensors>

use std::{fs::File, io::Read, path::Path};

use safetensors::{Dtype, tensor::Metadata};

use crate::{
    FilterAxis, LayerRole, NumberFormat, Tensor, WeightSource, WeightsError, roles,
    source::{damaged, read_error},
};

/// Upper bound of the header's length, as in other readers of the format.
const MAX_HEADER: u64 = 100_000_000;

pub(super) fn open(path: &Path) -> Result<WeightSource, WeightsError> {
    let (metadata, data) = header(path)?;
    let model = own_format(&metadata).is_some();
    let mut tensors = listed(path, 0, &metadata, data)?;
    roles::assign(&mut tensors);
    let (path, files) = (path.to_owned(), vec![path.to_owned()]);
    Ok(WeightSource { path, files, tensors, sharded: false, model, missing: Vec::new() })
}

/// The tensors of one file, in the order in which they lie there, without roles.
pub(super) fn tensors(path: &Path, file: usize) -> Result<Vec<Tensor>, WeightsError> {
    let (metadata, data) = header(path)?;
    listed(path, file, &metadata, data)
}

fn listed(path: &Path, file: usize, metadata: &Metadata, data: u64) -> Result<Vec<Tensor>, WeightsError> {
    let names = metadata.offset_keys();
    let tensor = |name: String| {
        let info =
            metadata.info(&name).ok_or_else(|| damaged(path, "has a header that contradicts itself"))?;
        let (start, end) = info.data_offsets;
        let dtype = info.dtype.to_string();
        Ok(Tensor {
            name,
            shape: info.shape.clone(),
            number: NumberFormat::named(&dtype),
            dtype,
            filters: FilterAxis::First,
            role: LayerRole::Inner,
            file,
            bytes: Some(data + start as u64..data + end as u64),
        })
    };
    names.into_iter().map(tensor).collect()
}

/// Reads and checks the header of a file. Returns it with the offset of the data.
fn header(path: &Path) -> Result<(Metadata, u64), WeightsError> {
    let failed = |source| read_error(path, source);
    let mut file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length).map_err(failed)?;
    let length = u64::from_le_bytes(length);
    if length > MAX_HEADER || length > size - 8 {
        return Err(damaged(
            path,
            format!("is cut short, or no safetensors file: its header should have {length} bytes"),
        ));
    }
    let mut text = vec![0; length as usize];
    file.read_exact(&mut text).map_err(failed)?;
    // Reading it checks that tensors neither overlap nor leave gaps and have the size of their shape.
    let metadata: Metadata = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format!("has a header that is not right: {error}")))?;
    let real = metadata.tensors().values().all(|info| info.dtype == Dtype::F32);
    if let Some(format) = own_format(&metadata).filter(|_| !real) {
        let reason =
            format!("is packed already ({format}): give the real weights, such as latent.safetensors");
        return Err(damaged(path, reason));
    }
    let (data, expected) = (8 + length, metadata.data_len() as u64);
    if data + expected != size {
        let reason =
            format!("has {} bytes of tensors, its header tells of {expected}: is it whole?", size - data);
        return Err(damaged(path, reason));
    }
    Ok((metadata, data))
}

/// Format of this project that a file states, if any.
fn own_format(metadata: &Metadata) -> Option<&str> {
    let format = metadata.metadata().as_ref()?.get("format")?;
    format.starts_with("dabnet").then_some(format)
}
