use dabnet_graph::{Graph, InitialValues, NodeId, ParameterRole, ParameterSpec};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Trainable state of a network: one buffer for each of a graph's [parameters](Graph::parameters), in the
/// same order.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    specs: Vec<ParameterSpec>,
    buffers: Vec<Vec<f32>>,
}

/// Parameters of one node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NodeParameters<'a> {
    parameters: &'a Parameters,
    node: NodeId,
}

/// Collects the gradients of trained parameters, in any order.
#[derive(Debug)]
pub(crate) struct GradientBuffers {
    specs: Vec<ParameterSpec>,
    found: Vec<Option<Vec<f32>>>,
}

impl Parameters {
    /// Fresh parameters, where the table has random ones drawn from `seed`.
    pub fn new(graph: &Graph, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        Self::with(graph, |spec| match spec.initial {
            InitialValues::Constant(value) => vec![value; spec.elements()],
            InitialValues::Uniform(bound) => {
                (0..spec.elements()).map(|_| rng.random_range(-bound..bound)).collect()
            }
        })
    }

    /// Parameters with the values that `values` gives, as many as the entry has.
    pub(crate) fn with(graph: &Graph, mut values: impl FnMut(&ParameterSpec) -> Vec<f32>) -> Self {
        let specs = graph.parameters();
        let buffers = specs
            .iter()
            .map(|spec| {
                let values = values(spec);
                assert_eq!(values.len(), spec.elements(), "values of {} of node {}", spec.name, spec.node);
                values
            })
            .collect();
        Self { specs, buffers }
    }

    /// Values of parameter `name` of a node.
    ///
    /// # Panics
    /// If the node has no such parameter.
    pub fn get(&self, node: NodeId, name: &str) -> &[f32] {
        &self.buffers[index(&self.specs, node, name)]
    }

    /// Mutable values of parameter `name` of a node.
    pub(crate) fn get_mut(&mut self, node: NodeId, name: &str) -> &mut [f32] {
        &mut self.buffers[index(&self.specs, node, name)]
    }

    /// All parameters of a node.
    pub(crate) fn node(&self, node: NodeId) -> NodeParameters<'_> {
        NodeParameters { parameters: self, node }
    }

    /// All entries of the table, and their values.
    pub fn iter(&self) -> impl Iterator<Item = (&ParameterSpec, &[f32])> {
        self.specs.iter().zip(self.buffers().map(Vec::as_slice))
    }

    /// All entries of the table, and their mutable values.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&ParameterSpec, &mut [f32])> {
        self.specs.iter().zip(self.buffers.iter_mut().map(Vec::as_mut_slice))
    }

    /// Entries that the optimizer updates, and their mutable values.
    pub(crate) fn trained_mut(&mut self) -> impl Iterator<Item = (ParameterRole, &mut [f32])> {
        self.iter_mut().filter(|(spec, _)| spec.role.is_trained()).map(|(spec, values)| (spec.role, values))
    }

    pub(crate) fn buffers(&self) -> impl Iterator<Item = &Vec<f32>> {
        self.buffers.iter()
    }
}

impl<'a> NodeParameters<'a> {
    /// Values of one parameter.
    ///
    /// # Panics
    /// If the node has no such parameter.
    pub(crate) fn get(self, name: &str) -> &'a [f32] {
        self.parameters.get(self.node, name)
    }

    /// All of them, by name.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'static str, &'a [f32])> {
        let own = self.parameters.iter().filter(move |(spec, _)| spec.node == self.node);
        own.map(|(spec, values)| (spec.name, values))
    }
}

impl GradientBuffers {
    /// None so far.
    pub(crate) fn new(graph: &Graph) -> Self {
        let specs: Vec<_> = graph.parameters().into_iter().filter(|spec| spec.role.is_trained()).collect();
        Self { found: vec![None; specs.len()], specs }
    }

    /// Stores the gradient of parameter `name` of a node.
    ///
    /// # Panics
    /// If the node has no such parameter that is trained, or one of another length.
    pub(crate) fn set(&mut self, node: NodeId, name: &str, gradient: Vec<f32>) {
        let index = index(&self.specs, node, name);
        assert_eq!(gradient.len(), self.specs[index].elements(), "gradient of {name} of node {node}");
        self.found[index] = Some(gradient);
    }

    /// The gradients in the order of the table.
    ///
    /// # Panics
    /// If one was not found.
    pub(crate) fn into_buffers(self) -> Vec<Vec<f32>> {
        let found = self.specs.iter().zip(self.found);
        let gradient = |(spec, gradient): (&ParameterSpec, Option<_>)| {
            gradient.unwrap_or_else(|| panic!("{} of node {} has no gradient", spec.name, spec.node))
        };
        found.map(gradient).collect()
    }
}

/// Index of a node's parameter in a table that lists node by node.
fn index(specs: &[ParameterSpec], node: NodeId, name: &str) -> usize {
    let first = specs.partition_point(|spec| spec.node < node);
    let own = specs[first..].iter().take_while(|spec| spec.node == node).position(|spec| spec.name == name);
    first + own.unwrap_or_else(|| panic!("node {node} has no parameter '{name}'"))
}

#[cfg(test)]
mod tests {
    use dabnet_graph::{ConvSpec, GraphBuilder, Op, Policy, Shape};

    use super::*;

    fn graph() -> Graph {
        let mut net = GraphBuilder::new("two", &Policy::Full, Shape::new(1, 4, 4));
        net.full_layer("conv1", ConvSpec::new(2, 3));
        net.push("bent", Op::RPReLU);
        net.build().unwrap()
    }

    #[test]
    fn parameters_are_found_by_node_and_name() {
        let graph = graph();
        let mut parameters = Parameters::new(&graph, 0);
        assert_eq!(parameters.get(1, "weight").len(), 18);
        assert_eq!(
            (parameters.get(2, "variance"), parameters.get(4, "slope")),
            (&[1.0; 2][..], &[0.25; 2][..])
        );
        parameters.get_mut(4, "shift")[1] = 3.0;
        let names = ["threshold", "slope", "shift"];
        let own: Vec<_> = parameters.node(4).iter().collect();
        assert_eq!(own.iter().map(|(name, _)| *name).collect::<Vec<_>>(), names);
        assert_eq!(own[2].1, [0.0, 3.0]);
        assert_eq!(parameters.trained_mut().count(), 6);
    }

    #[test]
    fn gradients_come_in_the_order_of_the_table() {
        let graph = graph();
        let mut found = GradientBuffers::new(&graph);
        for (value, name) in ["shift", "threshold", "slope"].into_iter().enumerate() {
            found.set(4, name, vec![value as f32; 2]);
        }
        found.set(2, "beta", vec![3.0; 2]);
        found.set(1, "weight", vec![4.0; 18]);
        found.set(2, "gamma", vec![5.0; 2]);
        let firsts: Vec<f32> = found.into_buffers().iter().map(|gradient| gradient[0]).collect();
        assert_eq!(firsts, [4.0, 5.0, 3.0, 1.0, 2.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "gamma of node 2 has no gradient")]
    fn a_missing_gradient_is_noticed() {
        let mut found = GradientBuffers::new(&graph());
        found.set(1, "weight", vec![0.0; 18]);
        found.into_buffers();
    }
}
