use dabnet_graph::{Graph, OpKind, PackedTensor, Preprocessing};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

use super::{
    calibration::Calibration,
    parameters::NodeParameters,
    schema::{expected, key},
};
use crate::error::EngineError;

/// A trained network with packed binary weights, and everything needed to run it: the content of a model
/// file.
///
/// ```no_run
/// use dabnet_engine::PackedModel;
///
/// # fn main() -> Result<(), dabnet_engine::EngineError> {
/// let mut packed = PackedModel::load("models/quickdraw-20")?;
/// println!("{} nodes, {} labels", packed.graph.nodes().len(), packed.labels.len());
/// packed.labels[0] = "feline".to_owned();
/// packed.save("model.safetensors")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PackedModel {
    /// Network graph.
    pub graph: Graph,
    /// Class labels, one per output, in order.
    pub labels: Vec<String>,
    /// Preprocessing that turns a sketch into the network's input.
    pub preprocessing: Preprocessing,
    /// Origin of the model: data set, recipe, seed, measured accuracy.
    pub provenance: BTreeMap<String, Value>,
    /// Parameters by node name; nodes without parameters have no entry.
    pub parameters: BTreeMap<String, NodeParameters>,
    /// Measurements of how sure it is; none where it was not calibrated.
    pub calibration: Option<Calibration>,
}

impl PackedModel {
    /// Checks that labels, preprocessing and parameters fit the graph and each other.
    ///
    /// # Errors
    /// [`EngineError::Field`], naming the first field that does not.
    pub fn check(&self) -> Result<(), EngineError> {
        self.check_preprocessing()?;
        let outputs = self.graph.outputs();
        if self.labels.len() != outputs {
            let reason = format!("has {} labels, the graph has {outputs} outputs", self.labels.len());
            return Err(EngineError::field(key::LABELS, reason));
        }
        let mut told = HashSet::new();
        if let Some(label) = self.labels.iter().find(|label| label.is_empty() || !told.insert(label.as_str()))
        {
            let reason =
                format!("has '{label}', which is empty or there twice: no answer could be told from another");
            return Err(EngineError::field(key::LABELS, reason));
        }
        let mut known = 0;
        for (name, expected) in expected(&self.graph) {
            self.parameters(name)?.check(name, &expected)?;
            known += 1;
        }
        self.check_steps()?;
        let calibration = self.calibration.as_ref();
        calibration.map_or(Ok(()), |calibration| calibration.check(self.graph.embedding_len()))?;
        if known == self.parameters.len() {
            return Ok(());
        }
        let strangers =
            self.parameters.keys().find(|name| !expected(&self.graph).iter().any(|(node, _)| node == name));
        Err(EngineError::field(
            strangers.map_or("parameters", String::as_str),
            "no node of the graph has these parameters; remove them",
        ))
    }

    /// Returns the real weights of convolution `name`, `[out, in, kernel, kernel]` row-major; those of a
    /// binary convolution are the two values of each filter.
    ///
    /// # Errors
    /// [`EngineError::Field`] if there is no such convolution, or its parameters do not fit it.
    pub fn dense(&self, name: &str) -> Result<Vec<f32>, EngineError> {
        let not_conv = || EngineError::field(name, "is not a convolution of this model");
        let (id, _, conv) =
            self.graph.convolutions().find(|(_, node, _)| node.name == name).ok_or_else(not_conv)?;
        let parameters = self.parameters(name)?;
        let tensors = self.graph.packed_tensors();
        let expected: Vec<PackedTensor> = tensors.into_iter().filter(|tensor| tensor.node == id).collect();
        parameters.check(name, &expected)?;
        parameters.dense(conv, self.graph.filter_channels(id)).ok_or_else(not_conv)
    }

    /// Returns parameter `parameter` of node `name`, one value per channel.
    pub(crate) fn channel_values(&self, name: &str, parameter: &str) -> Result<Vec<f32>, EngineError> {
        let missing = || EngineError::field(format!("{name}.{parameter}"), "is missing");
        Ok(self.parameters(name)?.floats(parameter).ok_or_else(missing)?.to_vec())
    }

    /// Returns the parameters of node `name`.
    pub(crate) fn parameters(&self, name: &str) -> Result<&NodeParameters, EngineError> {
        self.parameters.get(name).ok_or_else(|| EngineError::field(name, "its parameters are missing"))
    }

    /// Checks that quantizer steps are positive and not subnormal.
    fn check_steps(&self) -> Result<(), EngineError> {
        let quantizers =
            self.graph.nodes().iter().filter(|node| matches!(node.op.kind(), OpKind::Quantize { .. }));
        for node in quantizers {
            let step = self.channel_values(&node.name, "step")?[0];
            if step < f32::MIN_POSITIVE {
                let reason = format!("is {step:e}; give a number of at least {:e}", f32::MIN_POSITIVE);
                return Err(EngineError::field(format!("{}.step", node.name), reason));
            }
        }
        Ok(())
    }

    fn check_preprocessing(&self) -> Result<(), EngineError> {
        let fail = |reason| EngineError::field(key::PREPROCESSING, reason);
        let fail_with = |reason| Err(fail(reason));
        self.preprocessing.validate().map_err(|error| fail(error.to_string()))?;
        let (side, input) = (self.preprocessing.canvas.side, self.graph.input_shape());
        let channels = self.preprocessing.channels;
        if !channels.is_ink() && input.channels != channels.count() {
            let count = channels.count();
            return fail_with(format!("its channels '{channels}' are {count}, the graph's input is {input}"));
        }
        if (input.height, input.width) == (side, side) {
            return Ok(());
        }
        fail_with(format!("its side is {side}, the graph's input is {input}"))
    }
}
