//! An index of several safetensors files, as large networks are published.

use std::{collections::BTreeMap, fs, path::Path};

use serde::Deserialize;

use super::{damaged, safetensors};
use crate::{Source, WeightsError, roles, source::read_error};

#[derive(Deserialize)]
#[serde(expecting = "an index as {\"weight_map\": {tensor: file}}")]
struct Index {
    weight_map: BTreeMap<String, String>,
}

pub(super) fn open(path: &Path) -> Result<Source, WeightsError> {
    let text = fs::read(path).map_err(|source| read_error(path, source))?;
    let index: Index = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format!("is no index of safetensors files: {error}")))?;
    let mut names: Vec<&String> = index.weight_map.values().collect();
    names.sort();
    names.dedup();
    let (mut files, mut tensors) = (Vec::new(), Vec::new());
    for name in names {
        let file = safetensors::beside(path, name)
            .ok_or_else(|| damaged(path, format!("names '{name}', which is not beside it")))?;
        tensors.extend(safetensors::tensors(&file, files.len())?);
        files.push(file);
    }
    for (tensor, file) in &index.weight_map {
        let there = |found: &crate::Tensor| found.name == *tensor && files[found.file].ends_with(file);
        if !tensors.iter().any(there) {
            return Err(damaged(path, format!("tells of tensor '{tensor}', which is not in '{file}'")));
        }
    }
    roles::assign(&mut tensors);
    Ok(Source { path: path.to_owned(), files, tensors, sharded: true, outside: Vec::new() })
}
