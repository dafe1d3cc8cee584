//! The networks of `benches/peers`: what every engine there is given, and what ours makes of it.

use std::{fs, path::Path};

use dabnet_data::{Dataset, Part};
use dabnet_engine::{Model, NodeParameters, PackedModel, Session};
use dabnet_graph::{ArchitectureOptions, Canvas, Policy, Preprocessing, architectures};
use dabnet_sketch::Preprocess;
use safetensors::{Dtype, SafeTensorError, serialize_to_file, tensor::TensorView};

use crate::error::XtaskError;

/// By name of their files, of which policy they are and the bits of what binary layers read; `sign` is `fbin`
/// with opposite values.
const MODELS: [(&str, Policy, &str); 6] = [
    ("full", Policy::Full, "1"),
    ("wbin", Policy::Wbin, "1"),
    ("fbin", Policy::Fbin, "1"),
    ("sign", Policy::Fbin, "1"),
    ("w1a2", Policy::Fbin, "2"),
    ("w1a4", Policy::Fbin, "4"),
];
const ARCHITECTURES: [&str; 2] = ["sketch-a-net", "resnet-18"];
const CLASSES: usize = 250;
/// Every seventh sketch: of every word, and as many as differ.
const STEP: usize = 7;

/// Writes, into a folder of its own for each architecture, a model of each kind, and
/// `sketches.safetensors` with drawn sketches (`canvases`) and the logits of each model for them
/// (`logits.MODEL`).
pub(crate) fn write(out: &Path) -> Result<(), XtaskError> {
    ARCHITECTURES.iter().try_for_each(|name| write_architecture(out, name))
}

fn write_architecture(out: &Path, name: &str) -> Result<(), XtaskError> {
    let folder = out.join(name);
    fs::create_dir_all(&folder).map_err(|source| XtaskError::Write { path: folder.clone(), source })?;
    let architecture = architectures::find(name)?;
    let side = architecture.side;
    let preprocessing = Preprocessing::lines(Canvas::to_measure(side));
    let canvases = canvases(&preprocessing)?;
    let mut tensors = vec![Tensor::new("canvases", &[canvases.len(), 1, side, side], &canvases)];
    for (model, policy, input_bits) in MODELS {
        let options = ArchitectureOptions::default().with_input_bits(input_bits.parse()?);
        let graph = architecture.graph_with(side, CLASSES, &policy, options)?;
        let mut packed = PackedModel::random(graph, preprocessing, 0);
        if model == "sign" {
            make_opposite(&mut packed);
        }
        save(&folder.join(model).with_extension("safetensors"), &packed)?;
        let logits = logits(packed, &canvases)?;
        tensors.push(Tensor::new(&format!("logits.{model}"), &[logits.len(), CLASSES], &logits));
    }
    save_tensors(&folder.join("sketches.safetensors"), &tensors)
}

/// Sketches as `dabnet bench` takes them.
fn canvases(preprocessing: &Preprocessing) -> Result<Vec<Vec<f32>>, XtaskError> {
    let test = Dataset::bundled()?.labeled_sketches(Part::Test)?;
    Ok(test.iter().step_by(STEP).map(|example| preprocessing.apply(&example.sketch.drawing)).collect())
}

/// Makes every filter's two values opposite, which is all that other binary engines can express.
fn make_opposite(packed: &mut PackedModel) {
    for parameters in packed.parameters.values_mut() {
        if let NodeParameters::Binary { alpha, beta, .. } = parameters {
            *beta = alpha.iter().map(|alpha| -alpha).collect();
        }
    }
}

fn logits(packed: PackedModel, canvases: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, XtaskError> {
    let model = Model::new(packed)?;
    let mut session = Session::new(&model);
    canvases.iter().map(|canvas| Ok(session.run(canvas)?.to_vec())).collect()
}

fn save(path: &Path, packed: &PackedModel) -> Result<(), XtaskError> {
    println!("{}", path.display());
    let write = |source| XtaskError::Write { path: path.to_owned(), source };
    fs::write(path, packed.to_bytes()?).map_err(write)
}

struct Tensor {
    name: String,
    shape: Vec<usize>,
    data: Vec<u8>,
}

impl Tensor {
    fn new(name: &str, shape: &[usize], rows: &[Vec<f32>]) -> Self {
        let data = rows.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        Self { name: name.to_owned(), shape: shape.to_vec(), data }
    }

    fn view(&self) -> Result<(&str, TensorView<'_>), SafeTensorError> {
        Ok((&self.name, TensorView::new(Dtype::F32, self.shape.clone(), &self.data)?))
    }
}

fn save_tensors(path: &Path, tensors: &[Tensor]) -> Result<(), XtaskError> {
    println!("{}", path.display());
    let fail = |source| XtaskError::Tensors { path: path.to_owned(), source };
    let views = tensors.iter().map(Tensor::view).collect::<Result<Vec<_>, _>>().map_err(fail)?;
    serialize_to_file(views, None, path).map_err(fail)
}
