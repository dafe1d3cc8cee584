//! One file per format, and the one place that tells them apart.

use std::{fs::File, io::Read, path::Path};

use crate::{
    WeightSource, WeightsError,
    source::{damaged, read_error},
};

mod onnx;
mod safetensors;
mod shards;
mod wire;

/// Files that a folder is asked for.
const IN_FOLDER: [&str; 2] = ["model.safetensors", "model.safetensors.index.json"];

impl WeightSource {
    /// Opens a safetensors file, a safetensors index (`….index.json`), an ONNX model, or a folder that holds
    /// `model.safetensors` or its index. Only headers are read.
    ///
    /// # Errors
    /// [`WeightsError::Read`] and [`WeightsError::Format`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WeightsError> {
        open(path.as_ref())
    }
}

fn open(path: &Path) -> Result<WeightSource, WeightsError> {
    if path.is_dir() {
        let inside = IN_FOLDER.map(|name| path.join(name)).into_iter().find(|file| file.is_file());
        return match inside {
            Some(file) => open(&file),
            None => Err(damaged(path, "is a folder without model.safetensors or its index: name a file")),
        };
    }
    if path.extension().is_some_and(|extension| extension == "json") {
        return shards::open(path);
    }
    let metadata = path.metadata().map_err(|source| read_error(path, source))?;
    if !metadata.is_file() {
        return Err(damaged(path, "is no regular file, of which parts can be read: name one"));
    }
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(9).read_to_end(&mut head));
    read.map_err(|source| read_error(path, source))?;
    match head[..] {
        [] => Err(damaged(path, "is empty: give a safetensors file, its index, or an ONNX model")),
        [b'P', b'K', ..] => {
            Err(damaged(path, "is a zip file, such as PyTorch saves: save the weights as safetensors"))
        }
        [0x80, 2..=5, ..] => Err(damaged(path, "is a pickle: save the weights as safetensors")),
        [.., b'{'] if head.len() == 9 => safetensors::open(path),
        // The version, the first field of a model.
        [0x08, ..] => onnx::open(path),
        _ => Err(damaged(path, "is no safetensors file, no index of such, and no ONNX model")),
    }
}
