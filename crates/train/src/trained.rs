use dabnet_graph::{Graph, NodeId};

use crate::{
    Effective, History, InputError, Parameters, TrainConfig, TrainError, backend, native, network::Network,
};

/// Inputs that evaluation runs at once.
const EVALUATION_BATCH: usize = 64;

/// A network as training left it.
#[derive(Clone, Debug)]
pub struct Trained {
    graph: Graph,
    config: TrainConfig,
    parameters: Parameters,
    effective: Vec<Option<Effective>>,
    history: History,
}

impl Trained {
    pub(crate) fn new(
        graph: Graph,
        config: TrainConfig,
        parameters: Parameters,
        effective: Vec<Option<Effective>>,
        history: History,
    ) -> Self {
        Self { graph, config, parameters, effective, history }
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// How it was trained.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Latent weights and batch normalisations.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// What the latent weights went through.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The weights a convolution runs with; `None` for any other node.
    pub fn effective(&self, id: NodeId) -> Option<&Effective> {
        self.effective.get(id)?.as_ref()
    }

    /// Logits in evaluation mode of `inputs`, each as many values as the graph's input has
    /// elements.
    ///
    /// # Errors
    /// [`TrainError::Config`] if an input has the wrong length, [`TrainError::Tensor`] if the
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

    /// What binarizing what each convolution reads would lose, and loses already where that is binary, in
    /// evaluation mode, over `inputs`.
    ///
    /// With `I` for what a sign reads, or would read, that is `‖I − mean|I|·sign(I)‖² / ‖I‖²`. A convolution
    /// that reads real numbers has no batch normalisation before a sign: for it `I` has mean 0 and variance 1 in
    /// every channel of every 64 inputs, as a fresh one would make it.
    ///
    /// # Errors
    /// [`TrainError::Config`] if there is no input, or one has the wrong length.
    pub fn input_errors(&self, inputs: &[Vec<f32>]) -> Result<Vec<InputError>, TrainError> {
        self.check_inputs(inputs)?;
        let network = self.network();
        let batches = inputs.chunks(EVALUATION_BATCH);
        let found = batches.map(|batch| native::input_magnitudes(network, &batch.concat()));
        let sums = found.reduce(|mut sums, found| {
            sums.iter_mut().zip(found).for_each(|(sum, found)| *sum = sum.plus(found));
            sums
        });
        let sums = sums.ok_or_else(|| TrainError::Config("there is no input to measure with".to_owned()))?;
        let layers = self.graph.convolutions().zip(sums);
        Ok(layers
            .map(|((_, node, _), sum)| InputError { layer: node.name.clone(), error: sum.sign_error() })
            .collect())
    }

    fn check_inputs(&self, inputs: &[Vec<f32>]) -> Result<(), TrainError> {
        inputs.iter().try_for_each(|input| check_input(&self.graph, input))
    }

    pub(crate) fn network(&self) -> Network<'_> {
        Network { graph: &self.graph, parameters: &self.parameters, effective: &self.effective }
    }

    /// Logits of inputs that follow each other, one row after another.
    pub(crate) fn rows(&self, inputs: &[f32]) -> Result<Vec<f32>, TrainError> {
        backend::logits(self.config.device, self.network(), inputs)
    }

    /// CRC-32 of all parameters: what tells one trained network from another.
    pub(crate) fn fingerprint(&self) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        for value in self.parameters.buffers().flatten() {
            sum.update(&value.to_le_bytes());
        }
        sum.finalize()
    }
}

/// That an input has as many values as a network sees.
pub(crate) fn check_input(graph: &Graph, input: &[f32]) -> Result<(), TrainError> {
    let expected = graph.input_shape().elements();
    if input.len() == expected {
        return Ok(());
    }
    let reason = format!("an input has {} values, the network sees {expected}", input.len());
    Err(TrainError::Config(reason))
}
