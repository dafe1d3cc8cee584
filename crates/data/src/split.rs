//! Splits of a data set into parts for training, validation and testing.

use derive_setters::Setters;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::DataError;
use crate::manifest::write_json;

/// The name of the file that says how a data set is split.
const SPLIT: &str = "split.json";
/// The largest such file read, in bytes.
const MAX_SPLIT: u64 = 64 << 10;

/// A recipe from which the part of every sketch follows: the same data set and recipe give the same parts.
///
/// Parts are drawn in each class by itself, so that all have the classes in the same proportion. Sketches without
/// a word, which nothing can be tested by, stay where they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Setters)]
#[serde(deny_unknown_fields, default)]
#[setters(prefix = "with_")]
#[non_exhaustive]
pub struct SplitRecipe {
    /// True if sketches keep the part that their source gives them. The rest is then drawn out of
    /// those to train on.
    pub given: bool,
    /// Share of each class for validation.
    pub validation: ClassShare,
    /// Share of each class for testing.
    pub test: ClassShare,
    /// With this many folds, `fold` of them is for testing, and the rest for training.
    pub folds: Option<FoldSelection>,
    /// Decides which sketches are drawn.
    pub seed: u64,
}

/// Share of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClassShare {
    /// A part of it, from 0 to 1, rounded to the nearest number of sketches.
    Fraction(f64),
    /// So many sketches of it, or all there are.
    Count(usize),
}

/// Parts of equal size that take turns at being tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FoldSelection {
    /// Number of folds.
    pub count: usize,
    /// Fold for testing, from 0.
    pub fold: usize,
}

impl Default for ClassShare {
    fn default() -> Self {
        Self::Count(0)
    }
}

impl ClassShare {
    fn of(self, class: usize) -> usize {
        match self {
            Self::Fraction(fraction) => ((class as f64 * fraction).round() as usize).min(class),
            Self::Count(count) => count.min(class),
        }
    }
}

impl SplitRecipe {
    /// As the source says; all is for training where it says nothing.
    pub const GIVEN: Self = Self {
        given: true,
        validation: ClassShare::Count(0),
        test: ClassShare::Count(0),
        folds: None,
        seed: 0,
    };

    /// Reads the split of a data set's folder; [`GIVEN`](Self::GIVEN) if it has not been split.
    pub(crate) fn read(folder: &Path) -> Result<Self, DataError> {
        let path = folder.join(SPLIT);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::GIVEN),
            Err(source) => return Err(DataError::open(path.display(), source)),
        };
        let damaged = |reason: String| DataError::Damaged { path: path.clone(), reason };
        let mut text = String::new();
        file.take(MAX_SPLIT).read_to_string(&mut text).map_err(|error| damaged(error.to_string()))?;
        let split: Self = serde_json::from_str(&text).map_err(|error| damaged(error.to_string()))?;
        split.validate()?;
        Ok(split)
    }

    /// Keeps it in a data set's folder.
    ///
    /// # Errors
    /// [`DataError::Split`] if it makes no sense, [`DataError::Write`] if it cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), DataError> {
        self.validate()?;
        write_json(&folder.join(SPLIT), self)
    }

    /// Checks that it can be followed.
    ///
    /// # Errors
    /// [`DataError::Split`], saying why not.
    pub fn validate(&self) -> Result<(), DataError> {
        let fail = |reason: &str| Err(DataError::Split { reason: reason.to_owned() });
        let fraction = |share| if let ClassShare::Fraction(fraction) = share { fraction } else { 0.0 };
        let fractions = [self.validation, self.test].map(fraction);
        if !fractions.iter().all(|fraction| (0.0..=1.0).contains(fraction))
            || fractions.iter().sum::<f64>() > 1.0
        {
            return fail("fractions must be from 0 to 1, and so must their sum");
        }
        match self.folds {
            Some(folds) if folds.count < 2 => fail("there must be at least 2 folds"),
            Some(FoldSelection { count, fold }) if fold >= count => {
                fail(&format!("folds are counted from 0, the last of {count} is {}", count - 1))
            }
            Some(_) if self.given => {
                fail("folds are drawn from everything, so the given parts cannot be kept")
            }
            Some(_) if self.test != ClassShare::default() => {
                fail("a fold is what is tested on: give no share for testing")
            }
            _ => Ok(()),
        }
    }

    /// The part of every sketch, given its label, if any, of so many `labels`, and the part that its source
    /// gives it.
    pub(crate) fn parts(&self, sketches: &[(Option<usize>, Option<Part>)], labels: usize) -> Vec<Part> {
        let mut parts = vec![Part::Train; sketches.len()];
        let mut classes = vec![Vec::new(); labels];
        for (index, (label, given)) in sketches.iter().enumerate() {
            match given {
                Some(given) if self.given && *given != Part::Train && label.is_some() => {
                    parts[index] = *given
                }
                _ => {
                    if let Some(label) = label {
                        classes[*label].push(index);
                    }
                }
            }
        }
        for (class, mut indices) in classes.into_iter().enumerate() {
            indices.shuffle(&mut Pcg64::new(u128::from(self.seed), class as u128));
            self.draw(&indices, &mut parts);
        }
        parts
    }

    /// Gives parts to a class in random order.
    fn draw(&self, class: &[usize], parts: &mut [Part]) {
        let (test, rest) = match self.folds {
            Some(FoldSelection { count, fold }) => {
                let bound = |fold: usize| (class.len() as u128 * fold as u128 / count as u128) as usize;
                let tested = &class[bound(fold)..bound(fold + 1)];
                (tested, [&class[..bound(fold)], &class[bound(fold + 1)..]].concat())
            }
            None => {
                let (test, rest) = class.split_at(self.test.of(class.len()));
                (test, rest.to_vec())
            }
        };
        test.iter().for_each(|index| parts[*index] = Part::Test);
        // Of the whole class, not of what is left of it.
        let validation = self.validation.of(class.len()).min(rest.len());
        rest[..validation].iter().for_each(|index| parts[*index] = Part::Validation);
    }
}

/// Purpose of a sketch in a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// To learn from.
    Train,
    /// To choose by: recipes, sizes, when to stop.
    Validation,
    /// To report on, and nothing else.
    Test,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }

    /// The part that a folder or a file is named for: `train`, `t10k-images`, `test_batch`.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        name.split(|c: char| !c.is_ascii_alphanumeric()).find_map(|word| {
            Some(match word.to_ascii_lowercase().as_str() {
                "train" | "training" => Self::Train,
                "val" | "valid" | "validation" | "dev" => Self::Validation,
                "test" | "testing" | "t10k" => Self::Test,
                _ => return None,
            })
        })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
