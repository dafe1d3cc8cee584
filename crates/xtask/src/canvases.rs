//! Canvases of a data set as a model sees them, for other programs.

use std::path::Path;

use dabnet_data::{Dataset, Part};
use dabnet_engine::Model;
use dabnet_sketch::Preprocess;
use safetensors::{Dtype, serialize_to_file, tensor::TensorView};

use crate::error::XtaskError;

/// Writes `canvases`, `[sketches, channels, side, side]`, and `labels`.
pub(crate) fn write(
    data: &Path,
    model: &Path,
    part: Part,
    count: Option<usize>,
    out: &Path,
) -> Result<(), XtaskError> {
    let (data, model) = (Dataset::open(data)?, Model::load(model)?);
    let place = |word: &String| model.labels().iter().position(|label| label == word);
    let places: Vec<Option<usize>> = data.labels().iter().map(place).collect();
    let indices = data.indices(part)?;
    let step = count.map_or(1, |count| indices.len() / count.max(1)).max(1);
    let (mut canvases, mut labels) = (Vec::new(), Vec::new());
    for index in indices.into_iter().step_by(step).take(count.unwrap_or(usize::MAX)) {
        let Some(label) = data.label(index)?.and_then(|label| places[label]) else { continue };
        let input = model.preprocessing().apply(&data.sketch(index)?.drawing);
        canvases.extend(input.iter().flat_map(|value| value.to_le_bytes()));
        labels.extend((label as i64).to_le_bytes());
    }
    let shape = model.graph().input_shape();
    let sketches = labels.len() / size_of::<i64>();
    let fail = |source| XtaskError::Tensors { path: out.to_owned(), source };
    let dims = vec![sketches, shape.channels, shape.height, shape.width];
    let tensors = [
        ("canvases", TensorView::new(Dtype::F32, dims, &canvases).map_err(fail)?),
        ("labels", TensorView::new(Dtype::I64, vec![sketches], &labels).map_err(fail)?),
    ];
    serialize_to_file(tensors, None, out).map_err(fail)
}
