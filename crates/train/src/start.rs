use dabnet_engine::{PackedModel, Parameters as Packed};
use dabnet_graph::{Graph, Node, NodeId, OpKind};

use crate::{Parameters, TrainError, Trained};

/// Weights that a network may begin with: those of a run, or of a packed model.
///
/// Of a run these are the latent weights of convolutions. Of a model they are the weights its convolutions run
/// with, the parameters of its pointwise ops, and its batch normalisations, which a file has as `scale · x + shift`:
/// their means and variances are found again on the sketches that are trained on, so that all of the network gives
/// what it gave.
#[derive(Clone, Debug)]
pub struct Start {
    trained: Trained,
    labels: Vec<String>,
    /// What only a packed model has.
    packed: Option<PackedModel>,
}

/// A batch normalisation as `scale · x + shift`.
#[derive(Clone, Debug)]
pub(crate) struct Folded {
    pub node: NodeId,
    pub scale: Vec<f32>,
    pub shift: Vec<f32>,
}

impl Start {
    /// What a run came to, with the names of its outputs, or none where they are not known.
    pub fn of_run(trained: Trained, labels: Vec<String>) -> Self {
        Self { trained, labels, packed: None }
    }

    /// A packed model.
    ///
    /// # Errors
    /// [`TrainError::Engine`] if it is not valid.
    pub fn of_model(packed: PackedModel) -> Result<Self, TrainError> {
        let (trained, labels) = (Trained::unpacked(&packed)?, packed.labels.clone());
        Ok(Self { trained, labels, packed: Some(packed) })
    }

    /// The network as something to measure with.
    pub fn trained(&self) -> &Trained {
        &self.trained
    }

    /// Whether the last layer of `graph`, which answers with `labels`, begins with weights from here, if it has
    /// them. Where no labels are known, their number decides.
    pub fn has_head_of(&self, graph: &Graph, labels: &[String]) -> bool {
        let known = !self.labels.is_empty() && !labels.is_empty();
        self.trained.graph().outputs() == graph.outputs() && (!known || self.labels == labels)
    }

    /// How many convolutions of `graph` begin with weights from here, the last not counted.
    pub fn layers_of(&self, graph: &Graph) -> usize {
        let head = head(graph);
        graph.convolutions().filter(|(id, ..)| *id < head && self.weights(graph, *id).is_some()).count()
    }

    /// Puts weights into `parameters`, and gives the batch normalisations that have to be found again, if any.
    pub(crate) fn put_into(
        &self,
        graph: &Graph,
        labels: &[String],
        parameters: &mut Parameters,
    ) -> Option<Vec<Folded>> {
        let end = if self.has_head_of(graph, labels) { graph.nodes().len() } else { head(graph) };
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
                    folded.push(Folded { node: id, scale: of("scale"), shift: of("shift") });
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

    /// The node of the same name that does the same to as many channels of nodes of the same names.
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
    use dabnet_graph::{Builder, Canvas, Filters, Policy, Preprocessing, Shape};
    use rand::{Rng, RngExt};

    use super::*;
    use crate::{History, TrainConfig, Trainer};

    const SIDE: usize = 12;

    /// Noise, of three kinds of no meaning.
    struct Noise;

    impl Examples for Noise {
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
        let mut net = Builder::new("some", &policy, Shape::new(1, SIDE, SIDE));
        net.full_layer("conv1", Filters::new(8, 3));
        net.layer("conv2", Filters::new(8, 3).padding(1));
        net.push("bent", dabnet_graph::Op::RPReLU);
        net.layer("conv3", Filters::new(8, 3));
        net.conv("conv4", Filters::new(classes, 8));
        net.build().unwrap()
    }

    fn model(graph: Graph) -> PackedModel {
        let labels = ["a", "b", "c"].map(str::to_owned).into();
        let preprocessing = Preprocessing::lines(Canvas::to_measure(SIDE));
        PackedModel { labels, ..PackedModel::random(graph, preprocessing, 4) }
    }

    /// The network before the first step.
    fn beginning(graph: &Graph, start: &Start, labels: &[&str]) -> Trained {
        let config = TrainConfig { batch: 16, threads: 2, ..TrainConfig::default() };
        let labels = labels.iter().map(|label| label.to_string()).collect();
        let trainer = Trainer::new(graph, config, &Noise).unwrap().labels(labels).unwrap();
        trainer.starting_from(start).begun().unwrap().trained(History::default()).unwrap()
    }

    fn inputs() -> Vec<Vec<f32>> {
        let mut rng = rand_pcg::Pcg64::new(1, 2);
        (0..10).map(|_| Noise.draw(0, &mut rng).unwrap()).collect()
    }

    #[test]
    fn a_packed_model_says_at_the_start_what_it_said() {
        for policy in ["full", "wbin", "fbin", "hybrid:conv3"] {
            let graph = network(policy, 3);
            let start = Start::of_model(model(graph.clone())).unwrap();
            let before = start.trained().logits(&inputs()).unwrap();
            let trained = beginning(&graph, &start, &["a", "b", "c"]);
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
    fn other_labels_begin_anew() {
        let graph = network("full", 3);
        let start = Start::of_model(model(graph.clone())).unwrap();
        let weights = |labels: &[&str], layer: &str| {
            let trained = beginning(&graph, &start, labels);
            let (id, ..) = graph.convolutions().find(|(_, node, _)| node.name == layer).unwrap();
            trained.parameters().get(id, "weight").to_vec()
        };
        let theirs = |layer: &str| start.packed.as_ref().unwrap().dense(layer).unwrap();
        assert_eq!(weights(&["a", "b", "c"], "conv4"), theirs("conv4"));
        assert_ne!(weights(&["a", "b", "d"], "conv4"), theirs("conv4"));
        assert_eq!(weights(&["a", "b", "d"], "conv3"), theirs("conv3"));
        assert!(!start.has_head_of(&network("full", 4), &[]));
        assert_eq!(start.layers_of(&graph), 3);
    }

    /// Binary layers normalise before they sign: what a real one normalises after it is something else.
    #[test]
    fn only_what_reads_the_same_is_taken() {
        let graph = network("fbin", 3);
        let start = Start::of_model(model(network("full", 3))).unwrap();
        let folded = start.put_into(&graph, &[], &mut Parameters::new(&graph, 0)).unwrap();
        let names: Vec<&str> = folded.iter().map(|folded| graph.nodes()[folded.node].name.as_str()).collect();
        assert_eq!(names, ["conv1.norm"]);
        assert!(beginning(&graph, &start, &["a", "b", "c"]).logits(&inputs()).is_ok());
    }
}
