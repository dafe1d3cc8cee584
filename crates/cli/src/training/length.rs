//! The length of a run and of its steps, where nobody has said them: by how many sketches there are.

use dabnet_train::TrainConfig;
use toml::{Table, Value};

/// Steps that a network takes to learn, however few sketches there are.
const LEAST_STEPS: usize = 650;
/// The smallest batch: batch normalisation wants several sketches.
const LEAST_BATCH: usize = 8;
/// Batches that an epoch has at least, where there are enough sketches for that.
const LEAST_BATCHES: usize = 5;
/// Steps up to which the peak of the learning rate is the default's; it is less in longer runs.
const SHORT: usize = 1000;
/// The least peak of the learning rate.
const LEAST_RATE: f64 = 2e-3;

/// Fills in batch, epochs and learning rate in a table of settings for so many sketches to train on.
pub(super) fn fill(table: &mut Table, sketches: usize) {
    let tuned = table.contains_key("start_from");
    let train = table.entry("train").or_insert_with(|| Value::Table(Table::new()));
    let Some(train) = train.as_table_mut() else { return };
    let standard = TrainConfig::default();
    let whole =
        |train: &Table, key| train.get(key).and_then(Value::as_integer).and_then(|n| n.try_into().ok());
    let batch: usize = whole(train, "batch").unwrap_or_else(|| batch(sketches, standard.batch));
    let steps = (sketches / batch.max(1)).max(1);
    let epochs: usize =
        whole(train, "epochs").unwrap_or_else(|| standard.epochs.max(LEAST_STEPS.div_ceil(steps)));
    let mut put = |key: &str, value: Value| _ = train.entry(key).or_insert(value);
    put("batch", Value::Integer(batch as i64));
    put("epochs", Value::Integer(epochs as i64));
    put("learning_rate", Value::Float(learning_rate(steps.saturating_mul(epochs), tuned)));
}

/// The largest power of two of which an epoch has enough.
fn batch(sketches: usize, most: usize) -> usize {
    let power = 1 << (sketches / LEAST_BATCHES).max(1).ilog2();
    power.clamp(LEAST_BATCH, most)
}

/// The peak of the learning rate of so many steps: long runs diverge with that of short ones, and weights that were
/// learned before are to be kept.
fn learning_rate(steps: usize, tuned: bool) -> f64 {
    // As it is written, and not with the digits that single precision adds.
    let standard: f64 = TrainConfig::default().learning_rate.to_string().parse().unwrap_or(LEAST_RATE);
    let shrink = (SHORT as f64 / steps.max(1) as f64).sqrt().min(1.0);
    if tuned { LEAST_RATE } else { (standard * shrink * 1e5).round().max(LEAST_RATE * 1e5) / 1e5 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str, sketches: usize) -> (i64, i64, f64) {
        let mut table: Table = text.parse().unwrap();
        fill(&mut table, sketches);
        let train = table["train"].as_table().unwrap();
        let whole = |key: &str| train[key].as_integer().unwrap();
        (whole("batch"), whole("epochs"), train["learning_rate"].as_float().unwrap())
    }

    #[test]
    fn few_sketches_get_small_steps_and_many_epochs() {
        assert_eq!(filled("", 85), (16, 130, 0.006));
        assert_eq!(filled("", 3400), (64, 13, 0.006));
        assert_eq!(filled("", 1), (8, 650, 0.006));
        let (batch, epochs, rate) = filled("", 58_650);
        assert!((batch, epochs) == (64, 13) && rate == 0.002, "{rate}");
    }

    #[test]
    fn what_was_said_stands() {
        assert_eq!(filled("[train]\nbatch = 32\nepochs = 4\nlearning_rate = 0.5", 85), (32, 4, 0.5));
        assert_eq!(filled("[train]\nbatch = 85", 85), (85, 650, 0.006));
        assert_eq!(filled("start_from = \"quickdraw-20\"", 85).2, 0.002);
    }
}
