use std::sync::{Mutex, PoisonError};

use dabnet_data::Batch;
use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::Preprocessing;
use rayon::prelude::*;

use crate::{Description, Device, TrainError, Trained, backend, pack};

/// A network that another learns from, of any precision and any look.
#[derive(Debug)]
pub struct Teacher {
    model: Model,
    /// The same for other devices than the processor.
    trained: Trained,
    /// Which of the [viewers](dabnet_data::Examples::viewers) it is; none where it sees what the student does.
    viewer: Option<usize>,
    /// The output that stands for each of the student's labels.
    places: Vec<usize>,
    /// CRC-32 of its parameters.
    parameters: u32,
    /// Buffers that wait to be used again.
    sessions: Mutex<Vec<Session>>,
}

impl Teacher {
    /// A packed model, whose labels may be more than the student's `labels`, and in another order.
    ///
    /// # Errors
    /// [`TrainError::Config`], naming the first label that it does not know; [`TrainError::Engine`] if the model
    /// is not valid.
    pub fn new(packed: PackedModel, labels: &[String]) -> Result<Self, TrainError> {
        let trained = Trained::unpacked(&packed)?;
        let parameters = trained.fingerprint();
        Self::with(trained, parameters, packed, labels)
    }

    /// The network that a run came to, with what its packed model would say.
    ///
    /// # Errors
    /// As [`Teacher::new`].
    pub fn of_run(trained: Trained, about: Description, labels: &[String]) -> Result<Self, TrainError> {
        let (packed, parameters) = (pack(&trained, about)?, trained.fingerprint());
        Self::with(trained, parameters, packed, labels)
    }

    fn with(
        trained: Trained,
        parameters: u32,
        packed: PackedModel,
        labels: &[String],
    ) -> Result<Self, TrainError> {
        let place = |label: &String| {
            packed.labels.iter().position(|theirs| theirs == label).ok_or_else(|| {
                TrainError::Config(format!("the teacher does not know the label '{label}' of the data"))
            })
        };
        let places = labels.iter().map(place).collect::<Result<_, _>>()?;
        let model = Model::new(packed)?;
        Ok(Self { model, trained, viewer: None, places, parameters, sessions: Mutex::default() })
    }

    /// The same seeing what one of the [viewers](dabnet_data::Examples::viewers) does, counted from 0.
    #[must_use]
    pub fn seeing(self, viewer: usize) -> Self {
        Self { viewer: Some(viewer), ..self }
    }

    /// How it sees sketches.
    pub fn preprocessing(&self) -> &Preprocessing {
        self.model.preprocessing()
    }

    /// Whether it sees, and answers, what a network of so many values and outputs does, where there are so many
    /// viewers.
    pub(crate) fn check(&self, inputs: usize, outputs: usize, viewers: usize) -> Result<(), TrainError> {
        let fail = |reason: &str| Err(TrainError::Config(reason.to_owned()));
        match self.viewer {
            None if self.model.input_len() != inputs => {
                return fail("the teacher sees another canvas than the network");
            }
            Some(viewer) if viewer >= viewers => {
                return fail("the teacher sees what the examples do not show");
            }
            _ => {}
        }
        if self.places.len() == outputs {
            Ok(())
        } else {
            fail("the teacher has other outputs than the network")
        }
    }

    /// Logits of the student's labels for the examples of a batch, one row after another. They do not depend on
    /// the number of threads.
    pub(crate) fn answers(&self, device: Device, batch: &Batch) -> Result<Vec<f32>, TrainError> {
        let canvases = self.viewer.map_or(&batch.values, |viewer| &batch.views[viewer]);
        let rows = match device {
            Device::Cpu => self.rows(canvases)?,
            _ => backend::logits(device, self.trained.network(), canvases)?,
        };
        let rows = rows.chunks_exact(self.model.graph().outputs());
        Ok(rows.flat_map(|row| self.places.iter().map(|&place| row[place])).collect())
    }

    /// Logits of canvases that follow each other, each run by the engine on one thread of the pool that this runs
    /// in.
    fn rows(&self, canvases: &[f32]) -> Result<Vec<f32>, TrainError> {
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

    /// What tells what is learned from one from what is learned from another.
    fn fingerprint(&self) -> u32 {
        let as_student = self.viewer.is_none();
        if as_student && self.places.iter().copied().eq(0..self.model.graph().outputs()) {
            return self.parameters;
        }
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.parameters.to_le_bytes());
        sum.update(self.preprocessing().to_string().as_bytes());
        self.places.iter().for_each(|place| sum.update(&(*place as u64).to_le_bytes()));
        sum.finalize()
    }
}

/// What tells teachers from others; none of none.
pub(crate) fn fingerprint(teachers: &[Teacher]) -> Option<u32> {
    if let [teacher] = teachers {
        return Some(teacher.fingerprint());
    }
    let mut sum = crc32fast::Hasher::new();
    teachers.iter().for_each(|teacher| sum.update(&teacher.fingerprint().to_le_bytes()));
    (!teachers.is_empty()).then(|| sum.finalize())
}
