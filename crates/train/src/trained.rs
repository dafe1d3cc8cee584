use dabnet_graph::{Graph, NodeId};

use crate::{Effective, History, Parameters, TrainConfig, TrainError, backend, network::Network};

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
        let expected = self.graph.input_shape().elements();
        if let Some(input) = inputs.iter().find(|input| input.len() != expected) {
            let reason = format!("an input has {} values, the network sees {expected}", input.len());
            return Err(TrainError::Config(reason));
        }
        let mut all = Vec::with_capacity(inputs.len());
        for batch in inputs.chunks(EVALUATION_BATCH) {
            let rows = self.rows(&batch.concat(), batch.len())?;
            all.extend(rows.chunks(self.graph.outputs()).map(<[f32]>::to_vec));
        }
        Ok(all)
    }

    /// Logits of `count` inputs, one row after another.
    pub(crate) fn rows(&self, inputs: &[f32], count: usize) -> Result<Vec<f32>, TrainError> {
        let network =
            Network { graph: &self.graph, parameters: &self.parameters, effective: &self.effective };
        backend::logits(self.config.device, network, inputs, count)
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
