//! A small network trained on the drawings that come along, packed, and run: `cargo run --release --bin train`.

use std::{collections::BTreeMap, error::Error};

use dabnet::{Model, Recognizer};
use dabnet_data::{Dataset, Part, SketchExamples};
use dabnet_graph::{Canvas, Policy, Preprocessing, architectures};
use dabnet_sketch::{Augmentation, TrainingPipeline};
use dabnet_train::{ModelMetadata, TrainConfig, Trainer, pack};

const SIDE: usize = 32;

fn main() -> Result<(), Box<dyn Error>> {
    let data = Dataset::bundled()?;
    let preprocessing = Preprocessing::lines(Canvas::to_measure(SIDE));
    let pipeline = TrainingPipeline { preprocessing, augmentation: Augmentation::light() };
    let examples = SketchExamples::new(&data, Part::Train, pipeline)?;
    let graph = architectures::find("dabnet-xs")?.graph(SIDE, data.labels().len(), &Policy::Fbin)?;
    let config = TrainConfig::default().with_epochs(4);
    let trained = Trainer::new(&graph, config, &examples)?.train(|progress| {
        if progress.step % 50 == 0 {
            println!("step {} of {}: loss {:.2}", progress.step, progress.steps, progress.loss);
        }
    })?;
    let labels = data.labels().to_vec();
    let packed = pack(&trained, ModelMetadata { labels, preprocessing, provenance: BTreeMap::new() })?;
    packed.save("trained.safetensors")?;
    let mut recognizer = Recognizer::new(Model::new(packed)?);
    let test = data.labeled_sketches(Part::Test)?;
    let mut right = 0;
    for sketch in &test {
        right += usize::from(
            recognizer.recognize(&sketch.sketch.drawing, 1)?[0].label == data.labels()[sketch.label],
        );
    }
    println!("{right} of {} test drawings, by trained.safetensors", test.len());
    Ok(())
}
