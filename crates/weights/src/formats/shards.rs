//! Index of several safetensors files, as large networks are published.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::safetensors;
use crate::{
    WeightSource, WeightsError, roles,
    source::{damaged, read_error},
};

#[derive(Deserialize)]
#[serde(expecting = "an index as {\"weight_map\": {tensor: file}}")]
struct ShardIndex {
    weight_map: BTreeMap<String, String>,
}

pub(super) fn open(path: &Path) -> Result<WeightSource, WeightsError> {
    let text = fs::read(path).map_err(|source| read_error(path, source))?;
    let index: ShardIndex = serde_json::from_slice(&text)
        .map_err(|error| damaged(path, format!("is no index of safetensors files: {error}")))?;
    let names: BTreeSet<&String> = index.weight_map.values().collect();
    let (mut files, mut tensors, mut found) = (Vec::new(), Vec::new(), BTreeSet::new());
    for name in names {
        let file = beside(path, name)
            .ok_or_else(|| damaged(path, format!("names '{name}', which is not beside it")))?;
        let inside = safetensors::tensors(&file, files.len())?;
        found.extend(inside.iter().map(|tensor| (tensor.name.clone(), name)));
        tensors.extend(inside);
        files.push(file);
    }
    let missing = |(tensor, file): &(&String, &String)| !found.contains(&(tensor.to_string(), *file));
    if let Some((tensor, file)) = index.weight_map.iter().find(missing) {
        return Err(damaged(path, format!("tells of tensor '{tensor}', which is not in '{file}'")));
    }
    roles::assign(&mut tensors);
    let (path, missing) = (path.to_owned(), Vec::new());
    Ok(WeightSource { path, files, tensors, sharded: true, model: false, missing })
}

/// Path of a shard beside its index.
fn beside(index: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let plain = name.file_name().is_some_and(|file| file == name.as_os_str());
    plain.then(|| index.with_file_name(name))
}
