use std::sync::{Mutex, PoisonError};

use dabnet_data::Batch;
use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::Preprocessing;
use rayon::prelude::*;

use crate::{Device, ModelMetadata, TrainError, TrainedNetwork, backend, pack};

/// A network whose answers another one learns (knowledge distillation), of any precision and preprocessing.
///
/// ```
/// use dabnet_engine::PackedModel;
/// use dabnet_train::{Teacher, TrainError};
///
/// fn teacher(model: PackedModel, labels: &[String]) -> Result<Teacher, TrainError> {
///     Teacher::new(model, labels)
/// }
/// ```
#[derive(Debug)]
pub struct Teacher {
    model: Model,
    /// The same network for devices other than the processor.
    trained: TrainedNetwork,
    /// Index of its [viewer](dabnet_data::Examples::viewers); `None` if it sees the student's canvases.
    viewer: Option<usize>,
    /// Output for each of the student's labels.
    label_outputs: Vec<usize>,
    /// CRC-32 of its parameters.
    parameters: u32,
    /// Buffers that wait to be used again.
    sessions: Mutex<Vec<Session>>,
}

impl Teacher {
    /// A packed model, whose labels may be more than the student's `labels`, and in another order.
    ///
    /// # Errors
    /// [`TrainError::UnknownTeacherLabel`] for the first label that it does not know; [`TrainError::Engine`] if the model
    /// is not valid.
    pub fn new(packed: PackedModel, labels: &[String]) -> Result<Self, TrainError> {
        let trained = TrainedNetwork::unpacked(&packed)?;
        let parameters = trained.fingerprint();
        Self::with(trained, parameters, packed, labels)
    }

    /// A teacher from a training run, with the metadata of its packed model.
    ///
    /// # Errors
    /// As [`Teacher::new`].
    pub fn from_run(
        trained: TrainedNetwork,
        about: ModelMetadata,
        labels: &[String],
    ) -> Result<Self, TrainError> {
        let (packed, parameters) = (pack(&trained, about)?, trained.fingerprint());
        Self::with(trained, parameters, packed, labels)
    }

    fn with(
        trained: TrainedNetwork,
        parameters: u32,
        packed: PackedModel,
        labels: &[String],
    ) -> Result<Self, TrainError> {
        let output = |label: &String| {
            packed
                .labels
                .iter()
                .position(|theirs| theirs == label)
                .ok_or_else(|| TrainError::UnknownTeacherLabel { label: label.clone() })
        };
        let label_outputs = labels.iter().map(output).collect::<Result<_, _>>()?;
        let model = Model::new(packed)?;
        Ok(Self { model, trained, viewer: None, label_outputs, parameters, sessions: Mutex::default() })
    }

    /// Lets the teacher see the canvases of a [viewer](dabnet_data::Examples::viewers), counted from 0.
    #[must_use]
    pub fn with_viewer(self, viewer: usize) -> Self {
        Self { viewer: Some(viewer), ..self }
    }

    /// Preprocessing that turns sketches into the teacher's input.
    pub fn preprocessing(&self) -> &Preprocessing {
        self.model.preprocessing()
    }

    /// Checks that the teacher fits a student of `inputs` values and `outputs` labels, and examples with so
    /// many viewers.
    pub(crate) fn check(&self, inputs: usize, outputs: usize, viewers: usize) -> Result<(), TrainError> {
        let fail = |reason| Err(TrainError::TeacherMismatch(reason));
        match self.viewer {
            None if self.model.input_len() != inputs => {
                return fail("sees another canvas than the network");
            }
            Some(viewer) if viewer >= viewers => {
                return fail("sees what the examples do not show");
            }
            _ => {}
        }
        if self.label_outputs.len() == outputs { Ok(()) } else { fail("has other outputs than the network") }
    }

    /// Logits of the student's labels for the examples of a batch, row by row, independent of the number of
    /// threads.
    pub(crate) fn logits(&self, device: Device, batch: &Batch) -> Result<Vec<f32>, TrainError> {
        let canvases = self.viewer.map_or(&batch.values, |viewer| &batch.views[viewer]);
        let rows = match device {
            Device::Cpu => self.engine_logits(canvases)?,
            _ => backend::logits(device, self.trained.network(), canvases)?,
        };
        let rows = rows.chunks_exact(self.model.graph().outputs());
        Ok(rows.flat_map(|row| self.label_outputs.iter().map(|&output| row[output])).collect())
    }

    /// Logits of consecutive canvases, each run by the engine on one thread of the current pool.
    fn engine_logits(&self, canvases: &[f32]) -> Result<Vec<f32>, TrainError> {
        let run = |canvas: &[f32]| {
            let waiting = self.lock().pop();
            let mut session = waiting.unwrap_or_else(|| Session::new(&self.model));
            let row = session.run(canvas)?.to_vec();
            self.lock().push(session);
            Ok(row)
        };
        let rows = canvases.par_chunks(self.model.input_len()).map(run);
        Ok(rows.collect::<Result<Vec<_>, TrainError>>()?.concat())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checksum that identifies the teacher's answers.
    fn fingerprint(&self) -> u32 {
        let as_student = self.viewer.is_none();
        if as_student && self.label_outputs.iter().copied().eq(0..self.model.graph().outputs()) {
            return self.parameters;
        }
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.parameters.to_le_bytes());
        sum.update(self.preprocessing().to_string().as_bytes());
        self.label_outputs.iter().for_each(|output| sum.update(&(*output as u64).to_le_bytes()));
        sum.finalize()
    }
}

/// Checksum that identifies a set of teachers; `None` without teachers.
pub(crate) fn fingerprint(teachers: &[Teacher]) -> Option<u32> {
    if let [teacher] = teachers {
        return Some(teacher.fingerprint());
    }
    let mut sum = crc32fast::Hasher::new();
    teachers.iter().for_each(|teacher| sum.update(&teacher.fingerprint().to_le_bytes()));
    (!teachers.is_empty()).then(|| sum.finalize())
}
