use dabnet_engine::{EmbeddingStatistics, EngineError, PackedModel, Session, energy};
use dabnet_matrix::{MatrixView, MatrixViewMut, WriteMode, multiply};

use crate::{
    EmbeddingError,
    classifier::{LinearClassifier, NewRows, with_words},
    statistics::sample,
};

/// The most drawings of a word.
pub const MAX_DRAWINGS: usize = 1000;
/// Number of views of a drawing that a word is learned from.
pub const VIEWS: usize = 4;

/// Embeddings drawn from the statistics, which stand for all that is no new word; the first of them are learned from.
const OTHERS: usize = 5000;
const LEARNED_OTHERS: usize = 1000;
/// Share of them that a new word may win from those that the model knows.
const SHARE_WON: f32 = 0.0002;
/// Share of them that a model of new words alone may take for one of these.
const SHARE_TAKEN: f32 = 0.05;
/// Embeddings that stand for each word that was taught before.
const TAUGHT_EACH: usize = 8;
/// Their distance from the word's mean, as a part of that of all embeddings from theirs.
const TAUGHT_SPREAD: f32 = 0.5;
/// Weight of all others beside that of a new word, for each of its embeddings: the more is known of a word, the further
/// it would reach.
const OTHERS_WEIGHT: f32 = 1.0;
/// Weight of the squares of the new weights.
const DECAY: f32 = 0.1;
/// Steps and step size of Adam, with its usual factors.
const STEPS: i32 = 100;
const STEP_SIZE: f32 = 0.05;
const BETAS: [f32; 2] = [0.9, 0.99];

/// A word to teach, with embeddings of drawings of it, or of several views of each.
#[derive(Clone, Debug, PartialEq)]
pub struct TaughtWord {
    /// The word.
    pub label: String,
    /// Embeddings, as [`Session::embed`](dabnet_engine::Session::embed) gives them.
    pub drawings: Vec<Vec<f32>>,
}

impl TaughtWord {
    /// Embeds the canvases of a word: [`VIEWS`] of each of its drawings.
    ///
    /// # Errors
    /// Those of [`Session::embed`].
    pub fn embed(
        session: &mut Session,
        label: impl Into<String>,
        canvases: impl IntoIterator<Item = Vec<f32>>,
    ) -> Result<Self, EngineError> {
        let embed = |canvas: Vec<f32>| session.embed(&canvas).map(<[f32]>::to_vec);
        let drawings = canvases.into_iter().map(embed).collect::<Result<_, _>>()?;
        Ok(Self { label: label.into(), drawings })
    }
}

/// Adds words to a calibrated model, from a few drawings each; those that were taught before are taught anew.
///
/// The last layer gets a row a word, by logistic regression with an L2 penalty: drawings of new words against each other,
/// against the rows that are there, and against embeddings that its calibration says are usual. Of these a new word wins at
/// most one in a thousand, so that little of what is known is taken for it.
///
/// ```no_run
/// # use dabnet_embedding::{EmbeddingError, TaughtWord, teach};
/// # use dabnet_engine::{Model, PackedModel, Session};
/// # fn taught(packed: &PackedModel, canvases: Vec<Vec<f32>>) -> Result<PackedModel, EmbeddingError> {
/// let mut session = Session::new(&Model::new(packed.clone())?);
/// teach(packed, &[TaughtWord::embed(&mut session, "our logo", canvases)?])
/// # }
/// ```
///
/// # Errors
/// [`EmbeddingError::Known`] for words from the model's training, [`EmbeddingError::NotCalibrated`],
/// [`EmbeddingError::Drawings`], [`EmbeddingError::Width`] and [`EmbeddingError::NoClassifier`].
pub fn teach(packed: &PackedModel, words: &[TaughtWord]) -> Result<PackedModel, EmbeddingError> {
    let statistics = statistics(packed)?;
    let is_new = |label: &&String| words.iter().any(|word| word.label == **label);
    if let Some(label) =
        packed.labels.iter().filter(is_new).find(|label| !statistics.taught.contains_key(*label))
    {
        return Err(EmbeddingError::Known { label: label.clone() });
    }
    let keep: Vec<usize> =
        (0..packed.labels.len()).filter(|&label| !is_new(&&packed.labels[label])).collect();
    add(packed, &keep, words)
}

/// Makes a model of these words alone out of a calibrated one. It takes for unknown what is more usual than like any of
/// them.
///
/// # Errors
/// Those of [`teach`], without [`EmbeddingError::Known`].
pub fn teach_alone(packed: &PackedModel, words: &[TaughtWord]) -> Result<PackedModel, EmbeddingError> {
    add(packed, &[], words)
}

/// Takes words from a model, whether they were taught or trained.
///
/// # Errors
/// [`EmbeddingError::Unknown`] for one that is not there, [`EmbeddingError::NoWords`] if none would be left, and
/// [`EmbeddingError::NoClassifier`].
pub fn forget(packed: &PackedModel, labels: &[String]) -> Result<PackedModel, EmbeddingError> {
    if let Some(label) = labels.iter().find(|label| !packed.labels.contains(label)) {
        return Err(EmbeddingError::Unknown { label: label.clone() });
    }
    let keep: Vec<usize> =
        (0..packed.labels.len()).filter(|&label| !labels.contains(&packed.labels[label])).collect();
    let mut packed = with_words(packed, &keep, &NewRows::default())?;
    if let Some(statistics) =
        packed.calibration.as_mut().and_then(|calibration| calibration.embedding.as_mut())
    {
        statistics.taught.retain(|label, _| !labels.contains(label));
    }
    Ok(packed)
}

fn statistics(packed: &PackedModel) -> Result<&EmbeddingStatistics, EmbeddingError> {
    let calibration = packed.calibration.as_ref().ok_or(EmbeddingError::NotCalibrated)?;
    calibration.embedding.as_ref().ok_or(EmbeddingError::NotCalibrated)
}

/// The model with the words `keep` of its own, and new ones.
fn add(packed: &PackedModel, keep: &[usize], words: &[TaughtWord]) -> Result<PackedModel, EmbeddingError> {
    let statistics = statistics(packed)?;
    let expected = statistics.width();
    check(words, expected)?;
    let known = LinearClassifier::new(packed)?.only(keep);
    let others = others(statistics, |label| keep.iter().any(|&at| packed.labels[at] == *label));
    let (learned, _) = others.split_at(others.len().min(LEARNED_OTHERS * expected));
    let mut rows = Regression::new(&known, words, learned).run();
    let least_energy = match keep.is_empty() {
        true => {
            let logits = all_logits(&rows.weights, &rows.biases, &others, expected);
            Some(quantile(logits.chunks_exact(words.len()).map(energy), 1.0 - SHARE_TAKEN))
        }
        false => {
            rows.concede(&known, &others);
            None
        }
    };
    let mut taught = with_words(packed, keep, &rows)?;
    if let Some(calibration) = &mut taught.calibration {
        calibration.least_energy = least_energy.unwrap_or(calibration.least_energy);
        if let Some(statistics) = &mut calibration.embedding {
            statistics.taught.retain(|label, _| taught.labels.contains(label));
            let means = words.iter().map(|word| (word.label.clone(), mean(&word.drawings)));
            statistics.taught.extend(means);
        }
    }
    taught.check()?;
    Ok(taught)
}

fn check(words: &[TaughtWord], expected: usize) -> Result<(), EmbeddingError> {
    for TaughtWord { label, drawings } in words {
        if drawings.is_empty() || drawings.len() > MAX_DRAWINGS {
            let (label, count) = (label.clone(), drawings.len());
            return Err(EmbeddingError::Drawings { label, count, most: MAX_DRAWINGS });
        }
        if let Some(found) = drawings.iter().map(Vec::len).find(|found| *found != expected) {
            return Err(EmbeddingError::Width { found, expected });
        }
    }
    if words.is_empty() { Err(EmbeddingError::NoWords) } else { Ok(()) }
}

fn mean(rows: &[Vec<f32>]) -> Vec<f32> {
    let value = |at: usize| rows.iter().map(|row| row[at]).sum::<f32>() / rows.len() as f32;
    (0..rows[0].len()).map(value).collect()
}

/// Embeddings of what is no new word: usual ones, and around the mean of each word that was taught and `is_kept`.
fn others(statistics: &EmbeddingStatistics, is_kept: impl Fn(&String) -> bool) -> Vec<f32> {
    let mut others = sample(statistics, OTHERS);
    let around = sample(statistics, TAUGHT_EACH);
    for (_, word) in statistics.taught.iter().filter(|(label, _)| is_kept(label)) {
        for row in around.chunks_exact(statistics.width()) {
            let offsets =
                row.iter().zip(&statistics.mean).map(|(value, mean)| TAUGHT_SPREAD * (value - mean));
            others.extend(word.iter().zip(offsets).map(|(value, offset)| value + offset));
        }
    }
    others
}

impl LinearClassifier {
    /// The rows of some labels.
    fn only(&self, keep: &[usize]) -> Self {
        let rows = keep.iter().flat_map(|&at| &self.weights[at * self.width..(at + 1) * self.width]);
        Self {
            weights: rows.copied().collect(),
            biases: keep.iter().map(|&at| self.biases[at]).collect(),
            width: self.width,
        }
    }

    /// Logits of some embeddings, a row of them each.
    fn all_logits(&self, embeddings: &[f32]) -> Vec<f32> {
        all_logits(&self.weights, &self.biases, embeddings, self.width)
    }
}

impl NewRows {
    /// Lowers all biases so that new words win no more of others than they may from known ones; raises them where they win
    /// less.
    fn concede(&mut self, known: &LinearClassifier, others: &[f32]) {
        let (new, old) =
            (all_logits(&self.weights, &self.biases, others, known.width), known.all_logits(others));
        let greatest = |row: &[f32]| row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let rows = new.chunks_exact(self.biases.len()).zip(old.chunks_exact(known.biases.len()));
        let leads = rows.map(|(new, old)| greatest(new) - greatest(old));
        let lead = quantile(leads, 1.0 - SHARE_WON * self.biases.len() as f32);
        self.biases.iter_mut().for_each(|bias| *bias -= lead);
    }
}

/// Logistic regression of rows for new words, with all known ones as one more class that does not change.
struct Regression {
    labels: Vec<String>,
    width: usize,
    /// Embeddings of drawings of new words, then of others, `[examples, width]`.
    examples: Vec<f32>,
    /// Index of the new word that each shows; none for others.
    targets: Vec<Option<usize>>,
    /// Weight of each in the loss.
    importance: Vec<f32>,
    /// Logit of all known words together for each.
    known: Vec<f32>,
}

impl Regression {
    fn new(known: &LinearClassifier, words: &[TaughtWord], others: &[f32]) -> Self {
        let width = known.width;
        let drawings: usize = words.iter().map(|word| word.drawings.len()).sum();
        let of_others = OTHERS_WEIGHT * drawings as f32 / words.len() as f32;
        let count = others.len() / width;
        let rows = words.iter().enumerate().flat_map(|(at, word)| {
            word.drawings.iter().map(move |row| (row.as_slice(), Some(at), 1.0 / word.drawings.len() as f32))
        });
        let rows = rows.chain(others.chunks_exact(width).map(|row| (row, None, of_others / count as f32)));
        let mut regression = Self {
            labels: words.iter().map(|word| word.label.clone()).collect(),
            width,
            examples: Vec::with_capacity((drawings + count) * width),
            targets: Vec::new(),
            importance: Vec::new(),
            known: Vec::new(),
        };
        for (row, target, importance) in rows {
            regression.examples.extend(row);
            regression.targets.push(target);
            regression.importance.push(importance);
        }
        regression.known = known_logits(known, &regression.examples);
        regression
    }

    /// Minimizes the loss with Adam (Kingma and Ba, ICLR 2015).
    fn run(self) -> NewRows {
        let count = self.labels.len();
        let mut parameters = vec![0.0; count * (self.width + 1)];
        let mut moments = vec![[0.0f32; 2]; parameters.len()];
        for step in 1..=STEPS {
            let gradient = self.gradient(&parameters);
            let [first, second] = BETAS.map(|beta| 1.0 - beta.powi(step));
            for ((parameter, moment), gradient) in parameters.iter_mut().zip(&mut moments).zip(gradient) {
                moment[0] = BETAS[0] * moment[0] + (1.0 - BETAS[0]) * gradient;
                moment[1] = BETAS[1] * moment[1] + (1.0 - BETAS[1]) * gradient * gradient;
                *parameter -= STEP_SIZE * (moment[0] / first) / ((moment[1] / second).sqrt() + 1e-8);
            }
        }
        let biases = parameters.split_off(count * self.width);
        NewRows { labels: self.labels, weights: parameters, biases }
    }

    /// Gradient of the loss by weights, `[words, width]`, and then biases.
    fn gradient(&self, parameters: &[f32]) -> Vec<f32> {
        let (count, width) = (self.labels.len(), self.width);
        let (weights, biases) = parameters.split_at(count * width);
        let mut logits = all_logits(weights, biases, &self.examples, width);
        for (example, row) in logits.chunks_exact_mut(count).enumerate() {
            let known = self.known[example];
            let largest = row.iter().copied().fold(known, f32::max);
            let total =
                row.iter().map(|logit| (logit - largest).exp()).sum::<f32>() + (known - largest).exp();
            for (word, logit) in row.iter_mut().enumerate() {
                let target = if self.targets[example] == Some(word) { 1.0 } else { 0.0 };
                *logit = self.importance[example] * ((*logit - largest).exp() / total - target);
            }
        }
        let mut gradient: Vec<f32> = weights.iter().map(|weight| DECAY * weight).collect();
        let errors = MatrixView::new(&logits, count).transposed();
        let product = &mut MatrixViewMut::new(&mut gradient, width);
        multiply(product, errors, MatrixView::new(&self.examples, width), WriteMode::Add);
        gradient.extend((0..count).map(|word| logits.iter().skip(word).step_by(count).sum::<f32>()));
        gradient
    }
}

/// Logit of all known words together for each embedding; 0 where there are none.
fn known_logits(known: &LinearClassifier, embeddings: &[f32]) -> Vec<f32> {
    match known.biases.len() {
        0 => vec![0.0; embeddings.len() / known.width],
        count => known.all_logits(embeddings).chunks_exact(count).map(energy).collect(),
    }
}

/// Logits of embeddings, `[embeddings, labels]`.
fn all_logits(weights: &[f32], biases: &[f32], embeddings: &[f32], width: usize) -> Vec<f32> {
    let mut logits: Vec<f32> =
        biases.iter().cycle().take(embeddings.len() / width * biases.len()).copied().collect();
    let target = &mut MatrixViewMut::new(&mut logits, biases.len());
    let (rows, columns) = (MatrixView::new(embeddings, width), MatrixView::new(weights, width).transposed());
    multiply(target, rows, columns, WriteMode::Add);
    logits
}

/// The number that so much of all is not greater than.
fn quantile(numbers: impl Iterator<Item = f32>, share: f32) -> f32 {
    let mut numbers: Vec<f32> = numbers.collect();
    numbers.sort_unstable_by(f32::total_cmp);
    let at = (share.clamp(0.0, 1.0) * numbers.len() as f32).ceil() as usize;
    numbers[at.clamp(1, numbers.len()) - 1]
}
