//! Damaged checkpoints are errors that name the field.

use std::collections::HashMap;

use crate::common::{LineExamples, config, network};
use dabnet_train::{Checkpoint, Progress, RunControl, TrainError, Trainer, TrainingObserver};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde_json::Value;

struct Keep(Option<Checkpoint>);

impl TrainingObserver for Keep {
    fn step(&mut self, progress: &Progress) -> Result<RunControl, TrainError> {
        Ok(if progress.step == 3 { RunControl::Stop } else { RunControl::Continue })
    }

    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<(), TrainError> {
        self.0 = Some(checkpoint.clone());
        Ok(())
    }
}

fn checkpoint() -> Checkpoint {
    let config = config().with_ema(Some(0.99));
    let labels = ["level", "upright", "crossed"].map(str::to_owned).to_vec();
    let mut keep = Keep(None);
    let graph = network("fbin");
    let trainer = Trainer::new(&graph, config, &LineExamples).unwrap().labels(labels).unwrap();
    trainer.train_with(&mut keep).unwrap();
    keep.0.unwrap()
}

type Tensors = Vec<(String, Dtype, Vec<usize>, Vec<u8>)>;

/// The bytes with something changed, and the checksum made to fit.
fn changed(bytes: &[u8], change: impl FnOnce(&mut Value, &mut Tensors)) -> Vec<u8> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).unwrap();
    let text = &metadata.metadata().as_ref().unwrap()["checkpoint"];
    let mut header: Value = serde_json::from_str(text).unwrap();
    let read = SafeTensors::deserialize(bytes).unwrap();
    let mut tensors: Tensors = read
        .tensors()
        .into_iter()
        .filter(|(name, _)| name != "checksum")
        .map(|(name, view)| (name, view.dtype(), view.shape().to_vec(), view.data().to_vec()))
        .collect();
    change(&mut header, &mut tensors);
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let header = header.to_string();
    let mut sum = crc32fast::Hasher::new();
    sum.update(header.as_bytes());
    for (name, _, _, data) in &tensors {
        sum.update(name.as_bytes());
        sum.update(data);
    }
    tensors.push(("checksum".into(), Dtype::U8, vec![4], sum.finalize().to_le_bytes().to_vec()));
    let views = tensors
        .iter()
        .map(|(name, dtype, shape, data)| (name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    safetensors::serialize(views, Some(HashMap::from([("checkpoint".to_owned(), header)]))).unwrap()
}

#[test]
fn is_written_and_read_again() {
    let checkpoint = checkpoint();
    let bytes = checkpoint.to_bytes().unwrap();
    let read = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(read.to_bytes().unwrap(), bytes);
    assert_eq!((read.step(), read.epochs_done(), read.labels().len()), (3, 0, 3));
    assert_eq!(Checkpoint::from_bytes(&changed(&bytes, |_, _| ())).unwrap().step(), 3);
}

#[test]
fn every_torn_or_flipped_file_is_an_error() {
    let bytes = checkpoint().to_bytes().unwrap();
    for len in (0..bytes.len()).step_by(997).chain([bytes.len() - 1]) {
        Checkpoint::from_bytes(&bytes[..len]).unwrap_err();
    }
    for at in (0..bytes.len()).step_by(499) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 0x10;
        Checkpoint::from_bytes(&flipped).unwrap_err();
    }
}

#[test]
fn what_is_wrong_is_named() {
    let bytes = checkpoint().to_bytes().unwrap();
    let refuse = |field: &str, change: fn(&mut Value, &mut Tensors)| {
        let error = Checkpoint::from_bytes(&changed(&bytes, change)).unwrap_err().to_string();
        assert!(error.contains(field), "{field}: {error}");
    };
    let names = SafeTensors::deserialize(&bytes).unwrap();
    assert!(names.names().contains(&"average.conv1.weight"), "{:?}", names.names());

    refuse("format", |header, _| header["format"] = "other".into());
    refuse("format", |header, _| header["version"] = 1.into());
    refuse("config", |header, _| header["config"]["batch"] = 0.into());
    refuse("unknown field `pace`", |header, _| header["config"]["pace"] = 0.into());
    refuse("labels", |header, _| header["labels"] = serde_json::json!(["one"]));
    refuse("updates", |header, _| header["updates"] = 4.into());
    refuse("counts.step", |header, _| header["counts"]["step"] = u64::MAX.into());
    refuse("counts.steps_per_epoch", |header, _| header["counts"]["steps_per_epoch"] = 0.into());
    refuse("counts.correct", |header, _| header["counts"]["correct"] = 193.into());
    refuse("counts", |header, _| header["counts"]["seconds"] = (-1.0).into());
    refuse("bits.conv2", |_, tensors| tensors.retain(|tensor| tensor.0 != "bits.conv2"));
    refuse("stranger", |_, tensors| tensors.push(("stranger".into(), Dtype::U8, vec![1], vec![0])));
    fn tensor<'a>(tensors: &'a mut Tensors, name: &str) -> &'a mut (String, Dtype, Vec<usize>, Vec<u8>) {
        tensors.iter_mut().find(|tensor| tensor.0 == name).unwrap()
    }
    refuse("parameters.conv2.weight", |_, tensors| tensor(tensors, "parameters.conv2.weight").2.reverse());
    refuse("average.conv1.weight", |_, tensors| tensor(tensors, "average.conv1.weight").1 = Dtype::I32);
    refuse("parameters.conv3.quantize.step' element 0", |_, tensors| {
        tensor(tensors, "parameters.conv3.quantize.step").3.copy_from_slice(&0.0_f32.to_le_bytes());
    });
    refuse("optimizer.first.conv1.weight' element 1", |_, tensors| {
        tensor(tensors, "optimizer.first.conv1.weight").3[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    });
    refuse("optimizer.second.conv1.weight' element 0", |_, tensors| {
        tensor(tensors, "optimizer.second.conv1.weight").3[..4].copy_from_slice(&(-1.0_f32).to_le_bytes());
    });
}

/// A header that claims a huge network gets no memory for it.
#[test]
fn a_network_larger_than_the_file_is_refused() {
    let bytes = checkpoint().to_bytes().unwrap();
    let huge = changed(&bytes, |header, _| {
        let text = header["graph"].to_string().replace("\"out_channels\":32", "\"out_channels\":512");
        header["graph"] = serde_json::from_str(&text).unwrap();
    });
    let error = Checkpoint::from_bytes(&huge).unwrap_err().to_string();
    assert!(error.contains("conv2"), "{error}");
}
