use dabnet_engine::{NodeParameters as Packed, PackedModel};
use dabnet_graph::{Graph, Node, NodeId, OpKind};

use crate::{Parameters, TrainError, TrainedNetwork};

/// Pretrained weights that a network is initialized with, from a run or a packed model.
///
/// A run provides the latent weights of convolutions. A packed model provides the effective weights of convolutions,
/// the parameters of pointwise ops, and batch normalizations folded into `scale · x + shift`: their means and variances
/// are estimated on the training examples, so that the network computes the same function as the model.
///
/// ```
/// use dabnet_engine::PackedModel;
/// use dabnet_graph::Graph;
/// use dabnet_train::{PretrainedWeights, TrainError};
///
/// fn matching_layers(model: PackedModel, graph: &Graph) -> Result<usize, TrainError> {
///     Ok(PretrainedWeights::from_model(model)?.matching_layers(graph))
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PretrainedWeights {
    trained: TrainedNetwork,
    labels: Vec<String>,
    /// The packed model, if that is the source.
    packed: Option<PackedModel>,
}

/// A batch normalization folded into `scale · x + shift`.
#[derive(Clone, Debug)]
pub(crate) struct FoldedNorm {
    pub node: NodeId,
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

impl PretrainedWeights {
    /// Weights of a training run; `labels` names its outputs and may be empty.
    pub fn from_run(trained: TrainedNetwork, labels: Vec<String>) -> Self {
        Self { trained, labels, packed: None }
    }

    /// Weights of a packed model.
    ///
    /// # Errors
    /// [`TrainError::Engine`] if it is not valid.
    pub fn from_model(packed: PackedModel) -> Result<Self, TrainError> {
        let (trained, labels) = (TrainedNetwork::unpacked(&packed)?, packed.labels.clone());
        Ok(Self { trained, labels, packed: Some(packed) })
    }

    /// The pretrained network.
    pub fn trained(&self) -> &TrainedNetwork {
        &self.trained
    }

    /// True if the last layer of `graph`, whose outputs are `labels`, is initialized from here. If labels are
    /// unknown, their number decides.
    pub fn matches_head(&self, graph: &Graph, labels: &[String]) -> bool {
        let known = !self.labels.is_empty() && !labels.is_empty();
        self.trained.graph().outputs() == graph.outputs() && (!known || self.labels == labels)
    }

    /// Number of convolutions of `graph` that are initialized from here, without the last.
    pub fn matching_layers(&self, graph: &Graph) -> usize {
        let head = head(graph);
        graph.convolutions().filter(|(id, ..)| *id < head && self.weights(graph, *id).is_some()).count()
    }

    /// Writes the weights into `parameters`. Returns the folded batch normalizations to recalibrate, if the
    /// source is a packed model.
    pub(crate) fn apply(
        &self,
        graph: &Graph,
        labels: &[String],
        parameters: &mut Parameters,
    ) -> Option<Vec<FoldedNorm>> {
        let end = if self.matches_head(graph, labels) { graph.nodes().len() } else { head(graph) };
        let convolutions = graph.convolutions().filter(|(id, ..)| *id < end);
        for (id, weights) in convolutions.filter_map(|(id, ..)| Some((id, self.weights(graph, id)?))) {
            parameters.get_mut(id, "weight").copy_from_slice(weights);
        }
        let packed = self.packed.as_ref()?;
        let mut folded = Vec::new();
        for (id, node) in graph.nodes().iter().enumerate().take(end) {
            let Some(values) = self.twin(graph, id).and_then(|_| packed.parameters.get(&node.name)) else {
                continue;
            };
            match (node.op.kind(), values) {
                (OpKind::BatchNorm { .. }, Packed::Channels(values)) => {
                    let of = |name| values.get(name).cloned().unwrap_or_default();
                    folded.push(FoldedNorm { node: id, scale: of("scale"), shift: of("shift") });
                }
                (OpKind::Pointwise(_), Packed::Channels(values)) => {
                    values.iter().for_each(|(name, from)| parameters.get_mut(id, name).copy_from_slice(from));
                }
                _ => {}
            }
        }
        Some(folded)
    }

    /// Weights of the convolution of the same name and shape.
    fn weights(&self, graph: &Graph, id: NodeId) -> Option<&[f32]> {
        let theirs = self.trained.graph();
        let shape = |graph: &Graph, id: NodeId| {
            graph.parameters().into_iter().find(|spec| spec.node == id).map(|spec| spec.shape)
        };
        let name = &graph.nodes()[id].name;
        let (twin, ..) = theirs.convolutions().find(|(_, node, _)| node.name == *name)?;
        (shape(theirs, twin) == shape(graph, id)).then(|| self.trained.parameters().get(twin, "weight"))
    }

    /// The corresponding node: same name, op, number of channels and names of inputs.
    fn twin(&self, graph: &Graph, id: NodeId) -> Option<NodeId> {
        let (ours, theirs) = (&graph.nodes()[id], self.trained.graph());
        let sources = |graph: &Graph, node: &Node| -> Vec<String> {
            node.inputs.iter().map(|&input| graph.nodes()[input].name.clone()).collect()
        };
        let twin = theirs.nodes().iter().position(|node| node.name == ours.name)?;
        let node = &theirs.nodes()[twin];
        let alike = node.op == ours.op
            && theirs.shape(twin).channels == graph.shape(id).channels
            && sources(theirs, node) == sources(graph, ours);
        alike.then_some(twin)
    }
}

/// The last convolution: with what follows it, the layer that answers.
fn head(graph: &Graph) -> NodeId {
    graph.convolutions().last().map_or(graph.nodes().len(), |(id, ..)| id)
}

#[cfg(test)]
mod tests {
    use dabnet_data::{DataError, Examples};
    use dabnet_graph::{Canvas, ConvSpec, GraphBuilder, Policy, Preprocessing, Shape};
    use rand::{Rng, RngExt};

    use super::*;
    use crate::{TrainConfig, Trainer, WeightHistory};

    const SIDE: usize = 12;

    /// Random canvases with three meaningless labels.
    struct NoiseExamples;

    impl Examples for NoiseExamples {
        fn len(&self) -> usize {
            96
        }

        fn label(&self, index: usize) -> usize {
            index % 3
        }

        fn draw(&self, _: usize, rng: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
            Ok((0..SIDE * SIDE).map(|_| rng.random()).collect())
        }
    }

    fn network(policy: &str, classes: usize) -> Graph {
        let policy: Policy = policy.parse().unwrap();
        let mut net = GraphBuilder::new("some", &policy, Shape::new(1, SIDE, SIDE));
        net.full_layer("conv1", ConvSpec::new(8, 3));
        net.layer("conv2", ConvSpec::new(8, 3).padding(1));
        net.push("bent", dabnet_graph::Op::RPReLU);
        net.layer("conv3", ConvSpec::new(8, 3));
        net.conv("conv4", ConvSpec::new(classes, 8));
        net.build().unwrap()
    }

    fn model(graph: Graph) -> PackedModel {
        let labels = ["a", "b", "c"].map(str::to_owned).into();
        let preprocessing = Preprocessing::lines(Canvas::to_measure(SIDE));
        PackedModel { labels, ..PackedModel::random(graph, preprocessing, 4) }
    }

    /// The network before the first step.
    fn initial_checkpoint(graph: &Graph, start: &PretrainedWeights, labels: &[&str]) -> TrainedNetwork {
        let config = TrainConfig { batch: 16, threads: 2, ..TrainConfig::default() };
        let labels = labels.iter().map(|label| label.to_string()).collect();
        let trainer = Trainer::new(graph, config, &NoiseExamples).unwrap().labels(labels).unwrap();
        trainer
            .starting_from(start)
            .initial_checkpoint_for_test()
            .unwrap()
            .trained(WeightHistory::default())
            .unwrap()
    }

    fn inputs() -> Vec<Vec<f32>> {
        let mut rng = rand_pcg::Pcg64::new(1, 2);
        (0..10).map(|_| NoiseExamples.draw(0, &mut rng).unwrap()).collect()
    }

    #[test]
    fn a_packed_model_is_reproduced_before_the_first_step() {
        for policy in ["full", "wbin", "fbin", "hybrid:conv3"] {
            let graph = network(policy, 3);
            let start = PretrainedWeights::from_model(model(graph.clone())).unwrap();
            let before = start.trained().logits(&inputs()).unwrap();
            let trained = initial_checkpoint(&graph, &start, &["a", "b", "c"]);
            let after = trained.logits(&inputs()).unwrap();
            let close = |(before, after): (&Vec<f32>, &Vec<f32>)| {
                before.iter().zip(after).all(|(a, b)| (a - b).abs() < 1e-3)
            };
            let same = before.iter().zip(&after).filter(|pair| close(*pair)).count();
            // What a sign reads may be within rounding of 0, fall either way, and move all logits of an input.
            let enough = if policy.contains("bin") || policy.contains("hybrid") { 9 } else { 10 };
            assert!(10 * same >= enough * before.len(), "{policy}: {same} of {} inputs", before.len());
            // Means and variances are those of what is read, so that training goes on from the same.
            let (id, _) =
                graph.nodes().iter().enumerate().find(|(_, node)| node.name == "conv1.norm").unwrap();
            assert!(trained.parameters().get(id, "mean").iter().all(|mean| *mean != 0.0));
        }
    }

    #[test]
    fn other_labels_get_a_fresh_last_layer() {
        let graph = network("full", 3);
        let start = PretrainedWeights::from_model(model(graph.clone())).unwrap();
        let weights = |labels: &[&str], layer: &str| {
            let trained = initial_checkpoint(&graph, &start, labels);
            let (id, ..) = graph.convolutions().find(|(_, node, _)| node.name == layer).unwrap();
            trained.parameters().get(id, "weight").to_vec()
        };
        let theirs = |layer: &str| start.packed.as_ref().unwrap().dense(layer).unwrap();
        assert_eq!(weights(&["a", "b", "c"], "conv4"), theirs("conv4"));
        assert_ne!(weights(&["a", "b", "d"], "conv4"), theirs("conv4"));
        assert_eq!(weights(&["a", "b", "d"], "conv3"), theirs("conv3"));
        assert!(!start.matches_head(&network("full", 4), &[]));
        assert_eq!(start.matching_layers(&graph), 3);
    }

    /// Binary layers normalize before the sign, real ones after the convolution: the two do not correspond.
    #[test]
    fn only_corresponding_nodes_are_initialized() {
        let graph = network("fbin", 3);
        let start = PretrainedWeights::from_model(model(network("full", 3))).unwrap();
        let folded = start.apply(&graph, &[], &mut Parameters::new(&graph, 0)).unwrap();
        let names: Vec<&str> = folded.iter().map(|folded| graph.nodes()[folded.node].name.as_str()).collect();
        assert_eq!(names, ["conv1.norm"]);
        assert!(initial_checkpoint(&graph, &start, &["a", "b", "c"]).logits(&inputs()).is_ok());
    }
}
