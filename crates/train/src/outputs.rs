use dabnet_engine::{NodeParameters as Packed, PackedModel};
use dabnet_graph::{Node, OpKind};

use crate::{Effective, History, Parameters, TrainConfig, TrainError, Trained, native, trained::check_input};

/// Outputs of all nodes of a packed model for one canvas, each `channels × height × width`, in the order of
/// the nodes. Nothing is fused: this is the trainer's own forward pass.
///
/// # Errors
/// [`TrainError::Engine`] if the model is not valid, [`TrainError::Config`] if the canvas has not as many
/// values as the network sees.
pub fn node_outputs(packed: &PackedModel, canvas: &[f32]) -> Result<Vec<Vec<f32>>, TrainError> {
    let trained = Trained::unpacked(packed)?;
    check_input(trained.graph(), canvas)?;
    Ok(native::outputs(trained.network(), canvas))
}

impl Trained {
    /// A packed model as training would have left it: weights as they run, and batch normalisations of mean 0 and,
    /// if their epsilon allows, standard deviation 1.
    ///
    /// # Errors
    /// [`TrainError::Engine`] if the model is not valid.
    pub fn unpacked(packed: &PackedModel) -> Result<Self, TrainError> {
        packed.check()?;
        let graph = &packed.graph;
        let mut effective = vec![None; graph.nodes().len()];
        for (id, node, _) in graph.convolutions() {
            effective[id] = Some(Effective { weights: packed.dense(&node.name)?, splits: Vec::new() });
        }
        let parameters = Parameters::with(graph, |spec| {
            let Node { name, op, .. } = &graph.nodes()[spec.node];
            match (op.kind(), &effective[spec.node]) {
                (OpKind::BatchNorm { epsilon }, _) => unfold(&packed.parameters[name], spec.name, epsilon),
                (_, Some(Effective { weights, .. })) => weights.clone(),
                (_, None) => packed.parameters[name].floats(spec.name).unwrap_or_default().to_vec(),
            }
        });
        let (config, history) = (TrainConfig::default(), History::default());
        Ok(Self::new(graph.clone(), config, parameters, effective, history))
    }
}

/// Parameter `name` of the batch normalisation that is `scale · x + shift`: its mean is 0, and its variance, if
/// `epsilon` allows, such that its standard deviation is 1.
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
