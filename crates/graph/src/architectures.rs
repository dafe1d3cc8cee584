//! The networks this project knows, one file each.

mod alexnet;
mod dabnet;
mod densenet_121;
mod googlenet;
mod mobilenet;
mod nin;
mod resnet_18;
mod sketch_a_net;
mod sketch_a_net_64;
mod squeezenet;
mod vgg_16;
mod vgg_small;

use crate::{ArchitectureOptions, Graph, GraphBuilder, GraphError, Policy, Shape};

/// A named architecture, which builds graphs.
#[derive(Clone, Copy, Debug)]
pub struct Architecture {
    /// Name on the command line.
    pub name: &'static str,
    /// Side of the canvas it was designed for.
    pub side: usize,
    build: fn(net: GraphBuilder, classes: usize) -> Result<Graph, GraphError>,
}

impl Architecture {
    /// The graph for a one-channel canvas of `side` pixels and `classes` labels.
    ///
    /// # Errors
    /// [`GraphError`] if the canvas is too small for the layers, or the policy names a layer
    /// that is not there.
    pub fn graph(&self, side: usize, classes: usize, policy: &Policy) -> Result<Graph, GraphError> {
        self.graph_with(side, classes, policy, ArchitectureOptions::default())
    }

    /// Builds the network with the given options.
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn graph_with(
        &self,
        side: usize,
        classes: usize,
        policy: &Policy,
        options: ArchitectureOptions,
    ) -> Result<Graph, GraphError> {
        self.graph_on(Shape::new(1, side, side), classes, policy, options)
    }

    /// Builds the network for an input with any number of channels.
    ///
    /// # Errors
    /// Those of [`Architecture::graph`].
    pub fn graph_on(
        &self,
        input: Shape,
        classes: usize,
        policy: &Policy,
        options: ArchitectureOptions,
    ) -> Result<Graph, GraphError> {
        (self.build)(GraphBuilder::new(self.name, policy, input).options(options), classes)
    }
}

/// Every architecture, in the order in which help lists them.
pub const ALL: &[Architecture] = &[
    Architecture { name: sketch_a_net::NAME, side: 225, build: sketch_a_net::build },
    Architecture { name: sketch_a_net_64::NAME, side: 64, build: sketch_a_net_64::build },
    Architecture { name: dabnet::smallest::NAME, side: 64, build: dabnet::smallest::build },
    Architecture { name: dabnet::tiny::NAME, side: 64, build: dabnet::tiny::build },
    Architecture { name: dabnet::small::NAME, side: 64, build: dabnet::small::build },
    Architecture { name: dabnet::medium::NAME, side: 64, build: dabnet::medium::build },
    Architecture { name: dabnet::large::NAME, side: 96, build: dabnet::large::build },
    Architecture { name: resnet_18::NAME, side: 224, build: resnet_18::build },
    Architecture { name: googlenet::NAME, side: 224, build: googlenet::build },
    Architecture { name: squeezenet::NAME, side: 224, build: squeezenet::build },
    Architecture { name: alexnet::NAME, side: 224, build: alexnet::build },
    Architecture { name: nin::NAME, side: 224, build: nin::build },
    Architecture { name: vgg_16::NAME, side: 224, build: vgg_16::build },
    Architecture { name: vgg_small::NAME, side: 32, build: vgg_small::build },
    Architecture { name: densenet_121::NAME, side: 224, build: densenet_121::build },
    Architecture { name: mobilenet::NAME, side: 224, build: mobilenet::build },
];

/// Names of all architectures, with commas between them.
pub fn names() -> String {
    ALL.iter().map(|architecture| architecture.name).collect::<Vec<_>>().join(", ")
}

/// The architecture called `name`.
///
/// # Errors
/// [`GraphError::Architecture`], listing those there are.
pub fn find(name: &str) -> Result<&'static Architecture, GraphError> {
    ALL.iter()
        .find(|architecture| architecture.name == name)
        .ok_or_else(|| GraphError::Architecture { name: name.to_owned(), known: names() })
}
