//! A checkpoint as a safetensors file.

use std::{borrow::Cow, collections::BTreeMap, fs, path::Path};

use dabnet_container::{Dtype, Tensor, replace_file, to_bytes};
use safetensors::{SafeTensors, tensor::TensorView};

use super::{
    Checkpoint,
    header::{CheckpointHeader, FORMAT, VERSION},
    layout::{CheckpointLayout, TensorSpec},
};
use crate::{Parameters, TrainError, optimizer::OptimizerState};

/// Metadata key of the [`CheckpointHeader`], stored as JSON.
const HEADER: &str = "checkpoint";
/// Name of the tensor that holds the CRC-32 of everything else.
const CHECKSUM: &str = "checksum";

impl Checkpoint {
    /// Writes the checkpoint to `path` atomically: after a crash the file holds either the old content or the
    /// new.
    ///
    /// # Errors
    /// [`TrainError::Write`] if it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TrainError> {
        let path = path.as_ref();
        replace_file(path, &self.to_bytes()?)
            .map_err(|source| TrainError::Write { path: path.to_owned(), source })
    }

    /// Reads a checkpoint from its file.
    ///
    /// # Errors
    /// [`TrainError::Read`] if it cannot be read, [`TrainError::File`] naming the field that is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TrainError> {
        let path = path.as_ref();
        let bytes = fs::read(path).map_err(|source| TrainError::Read { path: path.to_owned(), source })?;
        Self::from_bytes(&bytes)
            .map_err(|error| TrainError::File { path: path.to_owned(), reason: Box::new(error) })
    }

    /// Serializes the checkpoint; equal checkpoints give equal bytes.
    ///
    /// # Errors
    /// [`TrainError::Field`] if it has a number that is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TrainError> {
        if let Some((name, value)) = self.first_non_finite() {
            return Err(TrainError::field(name, format!("has {value}, which is not finite")));
        }
        let header = serde_json::to_string(&self.header())
            .map_err(|error| TrainError::field(HEADER, error.to_string()))?;
        let layout = CheckpointLayout::new(&self.graph, &self.config);
        let data: Vec<Vec<u8>> = self.data();
        let contents: BTreeMap<&str, &[u8]> =
            layout.slots().zip(&data).map(|(slot, data)| (slot.name.as_str(), &data[..])).collect();
        let sum = checksum(&header, &contents).to_le_bytes();
        let mut tensors: Vec<Tensor<'_>> = layout
            .slots()
            .zip(&data)
            .map(|(slot, data)| tensor(&slot.name, slot.dtype, slot.shape.clone(), data))
            .collect();
        tensors.push(tensor(CHECKSUM, Dtype::U8, vec![sum.len()], &sum));
        to_bytes(&BTreeMap::from([(HEADER, header.as_str())]), tensors)
            .map_err(|error| TrainError::field("checkpoint", error.to_string()))
    }

    /// Reads a checkpoint from the bytes of its file.
    ///
    /// # Errors
    /// [`TrainError::Field`] naming the field that is wrong, if any is.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrainError> {
        let container = |error: safetensors::SafeTensorError| {
            TrainError::field("checkpoint", format!("is damaged: {error}"))
        };
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(container)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(container)?;
        let text = metadata.metadata().as_ref().and_then(|entries| entries.get(HEADER));
        let text = text.ok_or_else(|| TrainError::field(HEADER, "is missing: this is no checkpoint"))?;
        check_sum(text, &tensors)?;
        let header = CheckpointHeader::read(text)?;
        let layout = CheckpointLayout::new(&header.graph, &header.config);
        check_names(&layout, &tensors)?;
        let bits = layout.bits.iter().map(|slot| Ok(view(slot, &tensors)?.data().to_vec()));
        let bits = bits.collect::<Result<Vec<_>, TrainError>>()?;
        let parameters = |slots: &[TensorSpec]| -> Result<Parameters, TrainError> {
            let mut buffers = floats(slots, &tensors)?.into_iter();
            Ok(Parameters::with(&header.graph, |_| buffers.next().expect("a tensor of every parameter")))
        };
        let memory = layout.optimizer.iter().map(|slots| floats(slots, &tensors));
        let memory = memory.collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            parameters: parameters(&layout.parameters)?,
            average: layout.average.as_deref().map(parameters).transpose()?,
            optimizer: OptimizerState::restored(header.config.optimizer, memory, header.updates),
            bits,
            config: header.config.into_owned(),
            graph: header.graph.into_owned(),
            labels: header.labels.into_owned(),
            origin: header.origin.into_owned(),
            counts: header.counts.into_owned(),
        })
    }

    /// The first tensor with a number that is not finite, and that number.
    pub(crate) fn first_non_finite(&self) -> Option<(String, f32)> {
        let layout = CheckpointLayout::new(&self.graph, &self.config);
        layout.slots().zip(self.floats()).find_map(|(slot, values)| {
            let value = values.iter().find(|value| !value.is_finite())?;
            Some((slot.name.clone(), *value))
        })
    }

    fn header(&self) -> CheckpointHeader<'_> {
        CheckpointHeader {
            format: FORMAT.into(),
            version: VERSION,
            config: Cow::Borrowed(&self.config),
            graph: Cow::Borrowed(&self.graph),
            labels: Cow::Borrowed(&self.labels),
            origin: Cow::Borrowed(&self.origin),
            updates: self.optimizer.updates(),
            counts: Cow::Borrowed(&self.counts),
        }
    }

    /// The data of every tensor, in the order of the layout.
    fn data(&self) -> Vec<Vec<u8>> {
        let floats = self.floats();
        let floats = floats.map(|values| values.iter().flat_map(|value| value.to_le_bytes()).collect());
        floats.chain(self.bits.iter().cloned()).collect()
    }

    /// All float buffers, in the same order.
    fn floats(&self) -> impl Iterator<Item = &Vec<f32>> {
        let averages = self.average.iter().flat_map(Parameters::buffers);
        self.parameters.buffers().chain(averages).chain(self.optimizer.slots().iter().flatten())
    }
}

fn tensor<'a>(name: &str, dtype: Dtype, shape: Vec<usize>, data: &'a [u8]) -> Tensor<'a> {
    Tensor { name: name.to_owned(), dtype, shape, data: data.into() }
}

fn checksum(header: &str, tensors: &BTreeMap<&str, &[u8]>) -> u32 {
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.as_bytes());
    for (name, data) in tensors {
        sum.update(name.as_bytes());
        sum.update(data);
    }
    sum.finalize()
}

fn check_sum(header: &str, tensors: &SafeTensors<'_>) -> Result<(), TrainError> {
    let stored = tensors.tensor(CHECKSUM);
    let stored = stored.map_err(|_| TrainError::field(CHECKSUM, "is missing: this is no checkpoint"))?;
    let views = tensors.tensors();
    let others = views.iter().filter(|(name, _)| name != CHECKSUM);
    let computed = checksum(header, &others.map(|(name, view)| (name.as_str(), view.data())).collect());
    if stored.data() == computed.to_le_bytes() {
        return Ok(());
    }
    Err(TrainError::field(CHECKSUM, "does not fit the content: the file is damaged"))
}

fn check_names(layout: &CheckpointLayout, tensors: &SafeTensors<'_>) -> Result<(), TrainError> {
    let names: std::collections::HashSet<&str> = layout.slots().map(|slot| slot.name.as_str()).collect();
    let stranger =
        tensors.names().into_iter().filter(|name| *name != CHECKSUM && !names.contains(name)).min();
    match stranger {
        Some(name) => Err(TrainError::field(name, "is no tensor of this network's checkpoint")),
        None => Ok(()),
    }
}

/// A tensor that is as the layout has it.
fn view<'a>(slot: &TensorSpec, tensors: &SafeTensors<'a>) -> Result<TensorView<'a>, TrainError> {
    let missing = |_| TrainError::field(&slot.name, "is missing");
    let view = tensors.tensor(&slot.name).map_err(missing)?;
    if (view.dtype(), view.shape()) == (slot.dtype, &slot.shape[..]) {
        return Ok(view);
    }
    let found = format!("is {} {:?}", view.dtype(), view.shape());
    Err(TrainError::field(&slot.name, format!("{found}, the network needs {} {:?}", slot.dtype, slot.shape)))
}

fn floats(slots: &[TensorSpec], tensors: &SafeTensors<'_>) -> Result<Vec<Vec<f32>>, TrainError> {
    let read = |slot: &TensorSpec| {
        let view = view(slot, tensors)?;
        let (numbers, _) = view.data().as_chunks();
        let values: Vec<f32> = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
        let wrong = |value: &f32| !value.is_finite() || slot.least.is_some_and(|least| *value < least);
        match values.iter().position(wrong) {
            Some(at) => Err(TrainError::field(&slot.name, format!("element {at} cannot be {}", values[at]))),
            None => Ok(values),
        }
    };
    slots.iter().map(read).collect()
}
