//! Throughput of whole training steps, in sketches per second: `cargo bench -p dabnet-train --bench step --
//! ARCHITECTURE SIDE BATCH DEVICE [mixed]`.

use std::time::{Duration, Instant};

use dabnet_binarize::Scheme;
use dabnet_data::{DataError, Dataset, Part};
use dabnet_graph::{Canvas, Policy, Preprocessing, architectures};
use dabnet_sketch::Preprocess;
use dabnet_train::{Device, Examples, TrainConfig, Trainer};
use rand::Rng;

/// Real sketches, drawn once.
struct Drawn(Vec<Vec<f32>>);

impl Examples for Drawn {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn label(&self, index: usize) -> usize {
        index % 20
    }

    fn draw(&self, index: usize, _: &mut dyn Rng) -> Result<Vec<f32>, DataError> {
        Ok(self.0[index].clone())
    }
}

fn main() {
    let given: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let at = |index: usize, default: &str| given.get(index).cloned().unwrap_or_else(|| default.to_owned());
    let (architecture, side, batch): (_, usize, usize) =
        (at(0, "sketch-a-net"), at(1, "225").parse().unwrap(), at(2, "32").parse().unwrap());
    let device: Device = at(3, "cpu").parse().unwrap();
    let mixed_precision = given.get(4).is_some_and(|word| word == "mixed");
    let canvas = Canvas { side, line_width: 0.02, margin: 0.03, mean: 0.0, std: 1.0 };
    let data = Dataset::bundled().unwrap();
    let drawn = data.labeled_sketches(Part::Train).unwrap().into_iter().take(8 * batch);
    let examples = Drawn(drawn.map(|it| Preprocessing::lines(canvas).apply(&it.sketch.drawing)).collect());
    for (policy, scheme) in [("full", Scheme::Dab), ("fbin", Scheme::Sign), ("fbin", Scheme::Dab)] {
        let policy: Policy = policy.parse().unwrap();
        let graph = architectures::find(&architecture).unwrap().graph(side, 250, &policy).unwrap();
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let config = TrainConfig::default()
            .with_scheme(scheme)
            .with_epochs(1)
            .with_batch(batch)
            .with_learning_rate(1e-3)
            .with_center(false)
            .with_label_smoothing(0.0)
            .with_seed(0)
            .with_threads(threads)
            .with_device(device)
            .with_mixed_precision(mixed_precision);
        let (mut last, mut steps): (Instant, Vec<Duration>) = (Instant::now(), Vec::new());
        let observe = |_: &_| {
            steps.push(last.elapsed());
            last = Instant::now();
        };
        Trainer::new(&graph, config, &examples).unwrap().train(observe).unwrap();
        steps.remove(0);
        steps.sort();
        let rate = |time: Duration| batch as f64 / time.as_secs_f64();
        println!(
            "{architecture} {policy} {scheme}: {:.1} sketches/s in the median step, {:.1} in the fastest",
            rate(steps[steps.len() / 2]),
            rate(steps[0])
        );
    }
}
