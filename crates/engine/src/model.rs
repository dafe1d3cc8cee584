use dabnet_graph::{Graph, Preprocessing};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, sync::Arc};

use crate::{
    error::EngineError,
    format::{Calibration, EmbeddingStatistics, PackedModel},
    program::CompiledProgram,
    simd::{Isa, SimdKernels},
};

/// A packed model compiled for this machine. Cheap to clone, and shared by any number of
/// [sessions](crate::Session) on any number of threads.
///
/// ```no_run
/// use dabnet_engine::{Isa, Model, PackedModel};
///
/// # fn main() -> Result<(), dabnet_engine::EngineError> {
/// let packed = PackedModel::load("models/quickdraw-20")?;
/// let model = Model::with_isa(packed, Isa::Scalar)?;
/// println!("{} classes on {}", model.labels().len(), model.isa());
/// # Ok(())
/// # }
/// ```
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
    calibration: Option<Calibration>,
    pub(crate) program: CompiledProgram,
}

impl Model {
    /// Loads a model from its file, or from a folder that contains `model.safetensors`, and compiles it for
    /// [`Isa::select`].
    ///
    /// # Errors
    /// Those of [`PackedModel::load`] and of [`Model::new`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, EngineError> {
        Self::new(PackedModel::load(path)?)
    }

    /// Compiles a packed model for [`Isa::select`].
    ///
    /// # Errors
    /// [`EngineError::Field`] if the model is not [valid](PackedModel::check), [`EngineError::TooLarge`] if
    /// running it would take too much memory, [`EngineError::Isa`] if `DABNET_ISA` names an instruction set
    /// that this machine lacks.
    pub fn new(packed: PackedModel) -> Result<Self, EngineError> {
        Self::with_isa(packed, Isa::select()?)
    }

    /// Compiles a packed model for one instruction set. The background, the outputs of all steps for a blank
    /// canvas, is computed here once, so that a run only has to compute positions that ink reaches.
    ///
    /// # Errors
    /// Those of [`Model::new`], with `isa` in place of `DABNET_ISA`.
    pub fn with_isa(packed: PackedModel, isa: Isa) -> Result<Self, EngineError> {
        let kernels = SimdKernels::new(isa)?;
        packed.check()?;
        let program = CompiledProgram::new(&packed, kernels)?;
        let PackedModel { graph, labels, preprocessing, provenance, parameters: _, calibration } = packed;
        let compiled = CompiledModel { graph, labels, preprocessing, provenance, calibration, program };
        Ok(Self { compiled: Arc::new(compiled) })
    }

    /// Class labels, one per output, in order.
    pub fn labels(&self) -> &[String] {
        &self.compiled.labels
    }

    /// Preprocessing that turns a sketch into the model's input.
    pub fn preprocessing(&self) -> &Preprocessing {
        &self.compiled.preprocessing
    }

    /// Network graph.
    pub fn graph(&self) -> &Graph {
        &self.compiled.graph
    }

    /// Origin of the model.
    pub fn provenance(&self) -> &BTreeMap<String, Value> {
        &self.compiled.provenance
    }

    /// Measurements of how sure it is; none where it was not calibrated.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.compiled.calibration.as_ref()
    }

    /// Statistics of its embeddings; none where it was not calibrated, or has no embedding.
    pub fn embedding_statistics(&self) -> Option<&EmbeddingStatistics> {
        self.calibration()?.embedding.as_ref()
    }

    /// Instruction set that it is compiled for.
    pub fn isa(&self) -> Isa {
        self.compiled.program.kernels.isa()
    }

    /// Number of values of a canvas: channels × height × width.
    pub fn input_len(&self) -> usize {
        self.compiled.graph.input_shape().elements()
    }

    /// Number of values of an [embedding](crate::Session::embed); 0 for networks that have none.
    pub fn embedding_len(&self) -> usize {
        self.compiled.program.embedding_len()
    }

    /// State shared by sessions.
    pub(crate) fn compiled(&self) -> &Arc<CompiledModel> {
        &self.compiled
    }
}
