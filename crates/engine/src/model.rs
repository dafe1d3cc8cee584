use dabnet_graph::{Graph, Preprocessing};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    error::EngineError,
    format::PackedModel,
    program::CompiledProgram,
    simd::{Isa, SimdKernels},
};

/// A packed model compiled for this machine. Cheap to clone, and shared by any number of
/// [sessions](crate::Session) on any number of threads.
#[derive(Clone, Debug)]
pub struct Model {
    compiled: Arc<CompiledModel>,
}

#[derive(Debug)]
pub(crate) struct CompiledModel {
    graph: Graph,
    labels: Vec<String>,
    preprocessing: Preprocessing,
    provenance: BTreeMap<String, Value>,
    pub(crate) program: CompiledProgram,
}

impl Model {
    /// Loads a model from its file, or from a folder that holds `model.safetensors`, for the
    /// instruction set that [`Isa::select`] gives.
    ///
    /// # Errors
    /// Those of [`PackedModel::load`] and of [`Model::new`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        Self::new(PackedModel::load(path)?)
    }

    /// Compiles a packed model for the instruction set that [`Isa::select`] gives.
    ///
    /// # Errors
    /// [`EngineError::Field`] if the model is not [valid](PackedModel::check),
    /// [`EngineError::TooLarge`] if running it would take too much memory, [`EngineError::Isa`] if
    /// `DABNET_ISA` names an instruction set that this machine lacks.
    pub fn new(packed: PackedModel) -> Result<Self, EngineError> {
        Self::with_isa(packed, Isa::select()?)
    }

    /// Compiles a packed model for one instruction set. What it gives for blank paper is computed here,
    /// once, so that a run has to compute only what ink reaches.
    ///
    /// # Errors
    /// Those of [`Model::new`], `isa` standing for `DABNET_ISA`.
    pub fn with_isa(packed: PackedModel, isa: Isa) -> Result<Self, EngineError> {
        let kernels = SimdKernels::new(isa)?;
        packed.check()?;
        let program = CompiledProgram::new(&packed, kernels)?;
        let PackedModel { graph, labels, preprocessing, provenance, parameters: _ } = packed;
        Ok(Self { compiled: Arc::new(CompiledModel { graph, labels, preprocessing, provenance, program }) })
    }

    /// One label an output, in order.
    pub fn labels(&self) -> &[String] {
        &self.compiled.labels
    }

    /// How a sketch becomes this model's input.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.compiled.preprocessing
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.compiled.graph
    }

    /// Where the model comes from.
    pub fn provenance(&self) -> &BTreeMap<String, Value> {
        &self.compiled.provenance
    }

    /// The instruction set it is compiled for.
    pub fn isa(&self) -> Isa {
        self.compiled.program.kernels.isa()
    }

    /// Values of a canvas: channels × height × width.
    pub fn input_len(&self) -> usize {
        self.compiled.graph.input_shape().elements()
    }

    /// What sessions share.
    pub(crate) fn compiled(&self) -> &Arc<CompiledModel> {
        &self.compiled
    }
}
