use std::{borrow::Cow, collections::BTreeMap, io};

use safetensors::Dtype;
use serde::{Serialize, Serializer};

/// A tensor of a file.
#[derive(Clone, Debug)]
pub struct Tensor<'a> {
    /// Name in the file.
    pub name: String,
    /// Type of its elements.
    pub dtype: Dtype,
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// Elements, row-major and little-endian.
    pub data: Cow<'a, [u8]>,
}

/// Serializes a safetensors file; equal content gives equal bytes.
///
/// Tensors are ordered by the size of their elements, largest first, so that each is aligned, and then by name. The
/// safetensors crate keeps metadata in a hash map, and orders its entries differently every time.
///
/// # Errors
/// Any error of serializing the header as JSON.
pub fn to_bytes(metadata: &BTreeMap<&str, &str>, mut tensors: Vec<Tensor<'_>>) -> io::Result<Vec<u8>> {
    tensors.sort_by(|a, b| b.dtype.bitsize().cmp(&a.dtype.bitsize()).then_with(|| a.name.cmp(&b.name)));
    let mut bytes = frame_header(serde_json::to_vec(&Header { metadata, tensors: &tensors })?);
    bytes.reserve_exact(tensors.iter().map(|tensor| tensor.data.len()).sum());
    tensors.iter().for_each(|tensor| bytes.extend_from_slice(&tensor.data));
    Ok(bytes)
}

/// Returns the beginning of a safetensors file with the given header: its length, and the JSON itself, padded with
/// spaces so that data is aligned to 8 bytes.
pub fn frame_header(mut json: Vec<u8>) -> Vec<u8> {
    json.resize(json.len().next_multiple_of(8), b' ');
    json.splice(..0, (json.len() as u64).to_le_bytes());
    json
}

struct Header<'a> {
    metadata: &'a BTreeMap<&'a str, &'a str>,
    tensors: &'a [Tensor<'a>],
}

#[derive(Serialize)]
#[serde(untagged)]
enum HeaderEntry<'a> {
    Metadata(&'a BTreeMap<&'a str, &'a str>),
    Tensor { dtype: Dtype, shape: &'a [usize], data_offsets: [usize; 2] },
}

impl Serialize for Header<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut end = 0;
        let tensors = self.tensors.iter().map(|Tensor { name, dtype, shape, data }| {
            let start = end;
            end += data.len();
            (name.as_str(), HeaderEntry::Tensor { dtype: *dtype, shape, data_offsets: [start, end] })
        });
        let metadata =
            (!self.metadata.is_empty()).then_some(("__metadata__", HeaderEntry::Metadata(self.metadata)));
        serializer.collect_map(metadata.into_iter().chain(tensors))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use safetensors::tensor::TensorView;

    use super::*;

    #[test]
    fn bytes_are_those_of_the_safetensors_crate() {
        let tensors = [("b", Dtype::U8, vec![3]), ("a", Dtype::U8, vec![1, 2]), ("c", Dtype::F32, vec![2])];
        let data = [0, 1, 2, 3, 4, 5, 6, 7];
        let bytes =
            |dtype: Dtype, shape: &[usize]| &data[..shape.iter().product::<usize>() * dtype.bitsize() / 8];
        for metadata in [None, Some(("key", "value \"quoted\""))] {
            let views = tensors.iter().map(|(name, dtype, shape)| {
                (*name, TensorView::new(*dtype, shape.clone(), bytes(*dtype, shape)).unwrap())
            });
            let entries = metadata.map(|(key, value)| HashMap::from([(key.to_owned(), value.to_owned())]));
            let expected = safetensors::serialize(views, entries).unwrap();
            let ours = tensors.iter().map(|(name, dtype, shape)| Tensor {
                name: (*name).to_owned(),
                dtype: *dtype,
                shape: shape.clone(),
                data: bytes(*dtype, shape).into(),
            });
            assert_eq!(to_bytes(&metadata.into_iter().collect(), ours.collect()).unwrap(), expected);
        }
    }
}
