use dabnet_engine::{NodeParameters as Packed, PackedModel};
use dabnet_graph::{Graph, Node, NodeId, OpKind};

use crate::{
    EffectiveWeights, InputDistortion, Parameters, TrainConfig, TrainError, WeightHistory, backend, native,
    network::NetworkRef,
};

/// Inputs that evaluation runs at once.
const EVALUATION_BATCH: usize = 64;

/// A network as training left it.
#[derive(Clone, Debug)]
pub struct TrainedNetwork {
    graph: Graph,
    config: TrainConfig,
    parameters: Parameters,
    effective: Vec<Option<EffectiveWeights>>,
    history: WeightHistory,
}

impl TrainedNetwork {
    pub(crate) fn new(
        graph: Graph,
        config: TrainConfig,
        parameters: Parameters,
        effective: Vec<Option<EffectiveWeights>>,
        history: WeightHistory,
    ) -> Self {
        Self { graph, config, parameters, effective, history }
    }

    /// Unpacks a model into a network that can be evaluated by the trainer, with batch normalizations of mean
    /// 0 and, if their epsilon allows, standard deviation 1.
    ///
    /// # Errors
    /// [`TrainError::Engine`] if the model is not valid.
    pub fn unpacked(packed: &PackedModel) -> Result<Self, TrainError> {
        packed.check()?;
        let graph = &packed.graph;
        let mut effective = vec![None; graph.nodes().len()];
        for (id, node, _) in graph.convolutions() {
            effective[id] = Some(EffectiveWeights { weights: packed.dense(&node.name)?, splits: Vec::new() });
        }
        let parameters = Parameters::with(graph, |spec| {
            let Node { name, op, .. } = &graph.nodes()[spec.node];
            match (op.kind(), &effective[spec.node]) {
                (OpKind::BatchNorm { epsilon }, _) => unfold(&packed.parameters[name], spec.name, epsilon),
                (_, Some(EffectiveWeights { weights, .. })) => weights.clone(),
                (_, None) => packed.parameters[name].floats(spec.name).unwrap_or_default().to_vec(),
            }
        });
        let (config, history) = (TrainConfig::default(), WeightHistory::default());
        Ok(Self::new(graph.clone(), config, parameters, effective, history))
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Settings it was trained with.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Latent weights and batch normalizations.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// Statistics of the latent weights over training.
    pub fn history(&self) -> &WeightHistory {
        &self.history
    }

    /// The weights a convolution runs with; `None` for any other node.
    pub fn effective_weights(&self, id: NodeId) -> Option<&EffectiveWeights> {
        self.effective.get(id)?.as_ref()
    }

    /// Logits in evaluation mode of `inputs`, each as many values as the graph's input has
    /// elements.
    ///
    /// # Errors
    /// [`TrainError::InputLength`] if an input has the wrong length, [`TrainError::Tensor`] if the
    /// tensor library fails.
    pub fn logits(&self, inputs: &[Vec<f32>]) -> Result<Vec<Vec<f32>>, TrainError> {
        self.check_inputs(inputs)?;
        let mut all = Vec::with_capacity(inputs.len());
        for batch in inputs.chunks(EVALUATION_BATCH) {
            let rows = self.rows(&batch.concat())?;
            all.extend(rows.chunks(self.graph.outputs()).map(<[f32]>::to_vec));
        }
        Ok(all)
    }

    /// Relative error of binarizing the inputs of each convolution, in evaluation mode over `inputs`.
    ///
    /// With `I` for what a sign reads, or would read, that is `‖I − mean|I|·sign(I)‖² / ‖I‖²`. A convolution
    /// that reads real numbers has no batch normalization before a sign: for it `I` has mean 0 and variance 1 in
    /// every channel of every 64 inputs, as a fresh one would make it.
    ///
    /// # Errors
    /// [`TrainError::NoInput`], and [`TrainError::InputLength`] if one has the wrong length.
    pub fn input_distortions(&self, inputs: &[Vec<f32>]) -> Result<Vec<InputDistortion>, TrainError> {
        self.check_inputs(inputs)?;
        let network = self.network();
        let batches = inputs.chunks(EVALUATION_BATCH);
        let found = batches.map(|batch| native::input_magnitudes(network, &batch.concat()));
        let sums = found.reduce(|mut sums, found| {
            sums.iter_mut().zip(found).for_each(|(sum, found)| *sum = sum.merge(found));
            sums
        });
        let sums = sums.ok_or(TrainError::NoInput)?;
        let layers = self.graph.convolutions().zip(sums);
        Ok(layers
            .map(|((_, node, _), sum)| InputDistortion { layer: node.name.clone(), error: sum.sign_error() })
            .collect())
    }

    fn check_inputs(&self, inputs: &[Vec<f32>]) -> Result<(), TrainError> {
        inputs.iter().try_for_each(|input| check_input(&self.graph, input))
    }

    pub(crate) fn network(&self) -> NetworkRef<'_> {
        NetworkRef { graph: &self.graph, parameters: &self.parameters, effective: &self.effective }
    }

    /// Logits of consecutive inputs, row by row.
    pub(crate) fn rows(&self, inputs: &[f32]) -> Result<Vec<f32>, TrainError> {
        backend::logits(self.config.device, self.network(), inputs)
    }

    /// CRC-32 of all parameters, which identifies a trained network.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        for value in self.parameters.buffers().flatten() {
            sum.update(&value.to_le_bytes());
        }
        sum.finalize()
    }
}

/// Checks that an input has as many values as the network's input shape.
pub(crate) fn check_input(graph: &Graph, input: &[f32]) -> Result<(), TrainError> {
    let expected = graph.input_shape().elements();
    if input.len() == expected {
        return Ok(());
    }
    Err(TrainError::InputLength { found: input.len(), expected })
}

/// Returns the outputs of all nodes of a packed model for one canvas, each `channels × height × width`, in
/// the order of the nodes, computed by the trainer's forward pass without any fusion.
///
/// # Errors
/// [`TrainError::Engine`] if the model is not valid, [`TrainError::InputLength`] if the canvas has not as many
/// values as the network sees.
pub fn node_outputs(packed: &PackedModel, canvas: &[f32]) -> Result<Vec<Vec<f32>>, TrainError> {
    let trained = TrainedNetwork::unpacked(packed)?;
    check_input(trained.graph(), canvas)?;
    Ok(native::outputs(trained.network(), canvas))
}

/// Parameter `name` of a batch normalization that computes `scale · x + shift`, with mean 0 and, if `epsilon`
/// allows, standard deviation 1.
fn unfold(packed: &Packed, name: &str, epsilon: f32) -> Vec<f32> {
    let of = |name: &str| packed.floats(name).unwrap_or_default();
    let variance = (1.0 - epsilon).max(0.0);
    let deviation = (f64::from(variance) + f64::from(epsilon)).sqrt();
    match name {
        "gamma" => of("scale").iter().map(|&scale| (f64::from(scale) * deviation) as f32).collect(),
        "beta" => of("shift").to_vec(),
        "variance" => vec![variance; of("shift").len()],
        _ => vec![0.0; of("shift").len()],
    }
}
