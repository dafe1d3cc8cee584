use std::{io, path::PathBuf};

use dabnet_binarize::SplitError;
use thiserror::Error;

use crate::Device;

/// Errors of training.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A filter cannot be split, most often because training diverged.
    #[error("layer '{layer}', filter {filter}: {reason}; a lower learning rate may help")]
    Split {
        /// The convolution.
        layer: String,
        /// Index of the filter.
        filter: usize,
        /// The reason.
        reason: SplitError,
    },
    /// Something is no longer a finite number.
    #[error("training diverged: {what} became {value} in epoch {epoch}; try a lower learning rate")]
    Diverged {
        /// The loss, or the tensor that holds the value.
        what: String,
        /// The value.
        value: f32,
        /// Epoch, from 1.
        epoch: usize,
    },
    /// A setting is out of range.
    #[error("train.{name} {reason}")]
    Setting {
        /// Name of the setting, as a file has it below `train`.
        name: &'static str,
        /// Its range.
        reason: &'static str,
    },
    /// Unknown name of a device.
    #[error("'{name}' is no device: cpu, libtorch, cuda, cuda:1")]
    UnknownDevice {
        /// The name.
        name: String,
    },
    /// The system does not start threads.
    #[error("cannot start threads: {0}")]
    Threads(String),
    /// There are too few examples to train on.
    #[error("{count} training examples are too few: {needed} are needed")]
    TooFewExamples {
        /// Number of examples.
        count: usize,
        /// Number of examples required.
        needed: usize,
    },
    /// The number of labels is not the number of the network's outputs.
    #[error("there are {labels} labels, the network has {outputs} outputs")]
    LabelCount {
        /// Number of labels.
        labels: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// An example's label has no output.
    #[error("{kind} {index} has label {label}, the network {outputs} outputs")]
    LabelOutOfRange {
        /// Kind of the example.
        kind: &'static str,
        /// Index of the example.
        index: usize,
        /// Its label.
        label: usize,
        /// Number of outputs.
        outputs: usize,
    },
    /// There are teachers, and distillation is not configured.
    #[error("there is a teacher, but the configuration has no distillation")]
    NoDistillation,
    /// Distillation is configured, and there is no teacher.
    #[error("the configuration has distillation, but there is no teacher")]
    NoTeacher,
    /// Some examples have no label, and there is no teacher.
    #[error("there are examples without labels, but no teacher says what to learn from them")]
    UnlabeledExamples,
    /// A label of the data is not an output of the teacher.
    #[error("the teacher does not know the label '{label}' of the data")]
    UnknownTeacherLabel {
        /// The label.
        label: String,
    },
    /// Inputs or outputs of a teacher do not fit the network.
    #[error("the teacher {0}")]
    TeacherMismatch(&'static str),
    /// An input has the wrong length.
    #[error("an input has {found} values, the network sees {expected}")]
    InputLength {
        /// Number of values.
        found: usize,
        /// Number of values that the network reads.
        expected: usize,
    },
    /// There are no inputs to measure with.
    #[error("there is no input to measure with")]
    NoInput,
    /// The network to measure with lacks a layer, or its activations are not finite.
    #[error("of layer '{layer}' the network to measure with says nothing")]
    UnmeasuredLayer {
        /// The layer.
        layer: String,
    },
    /// More layers are to keep real inputs than there are with binary ones.
    #[error("{keep} layers cannot keep real inputs: only {count} have binary ones")]
    TooManyRealLayers {
        /// Number of layers to keep.
        keep: usize,
        /// Number of layers with binary inputs.
        count: usize,
    },
    /// The gains of layers cannot be clustered.
    #[error("the gains of the layers: {0}")]
    LayerGains(SplitError),
    /// A folder holds no training run.
    #[error("{path} is no run that has been trained: it has no {file}", path = path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
        /// Name of the missing checkpoint.
        file: &'static str,
    },
    /// An observer ended training.
    #[error("{0}")]
    Observer(String),
    /// The checkpoint belongs to another run.
    #[error("cannot resume: {what} is {checkpoint} in the checkpoint and {run} now")]
    Mismatch {
        /// The property that differs.
        what: String,
        /// As the checkpoint has it.
        checkpoint: String,
        /// Its value in this run.
        run: String,
    },
    /// A run cannot be extended, since its learning rate schedule ends with the original number of epochs.
    #[error(
        "cannot resume: the run was begun with {begun} epochs and its learning rate comes down by then; for {now}, begin \
         another run that starts from this one"
    )]
    Longer {
        /// Epochs that the run was started with.
        begun: usize,
        /// Epochs that are asked for.
        now: usize,
    },
    /// A checkpoint makes no sense.
    #[error("'{field}' {reason}")]
    Field {
        /// The field that is wrong.
        field: String,
        /// The reason.
        reason: String,
    },
    /// A file of a run is invalid.
    #[error("{path}: {reason}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: Box<TrainError>,
    },
    /// A file of a run cannot be read.
    #[error("cannot read {path}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// A file of a run cannot be written.
    #[error("cannot write {path}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// Another process trains the run.
    #[error("{path}: another process trains this run", path = path.display())]
    Busy {
        /// The folder of the run.
        path: PathBuf,
    },
    /// An example cannot be read.
    #[error(transparent)]
    Data(#[from] dabnet_data::DataError),
    /// The device cannot be used.
    #[error("device '{device}': {reason}")]
    Device {
        /// The device.
        device: Device,
        /// The reason.
        reason: String,
    },
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensor(String),
    /// The trained network does not make a valid model file.
    #[error(transparent)]
    Engine(#[from] dabnet_engine::EngineError),
}

impl TrainError {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Field { field: field.into(), reason: reason.into() }
    }
}
