use std::path::PathBuf;

use dabnet::{Drawing, PackedModel, RecognizeError, Recognizer, Teacher};
use dabnet_engine::{Session, top};
use dabnet_sketch::Preprocess;
use numpy::{IntoPyArray, PyArray1, PyArray2, PyArray3, PyArrayMethods, PyReadonlyArray2};
use pyo3::{
    exceptions::{PyFileNotFoundError, PyOSError, PyValueError},
    prelude::*,
};
use rayon::prelude::*;

use crate::{arrow, drawing};

/// A packed model, compiled and as it is in its file.
#[pyclass(frozen, module = "dabnet")]
pub(crate) struct Model(dabnet::Model, PackedModel);

impl Model {
    fn compiled(packed: PackedModel) -> PyResult<Self> {
        let model = dabnet::Model::new(packed.clone()).map_err(|error| failed(error.into()))?;
        Ok(Self(model, packed))
    }
}

fn failed(error: RecognizeError) -> PyErr {
    match error {
        RecognizeError::UnknownModel { .. } | RecognizeError::NoModel { .. } => {
            PyFileNotFoundError::new_err(error.to_string())
        }
        error => PyValueError::new_err(error.to_string()),
    }
}

#[pymethods]
impl Model {
    #[new]
    fn new(model: PathBuf) -> PyResult<Self> {
        Self::compiled(dabnet::models::packed(model).map_err(failed)?)
    }

    #[getter]
    fn labels(&self) -> Vec<String> {
        self.0.labels().to_vec()
    }

    /// Shape of an input: channels, rows, columns.
    #[getter]
    fn input_shape(&self) -> (usize, usize, usize) {
        let side = self.0.preprocessing().canvas.side;
        (self.0.input_len() / (side * side), side, side)
    }

    /// Preprocessing of sketches, for people.
    #[getter]
    fn preprocessing(&self) -> String {
        self.0.preprocessing().to_string()
    }

    /// Provenance of the model, as JSON.
    #[getter]
    fn provenance(&self) -> PyResult<String> {
        serde_json::to_string(self.0.provenance()).map_err(|error| PyValueError::new_err(error.to_string()))
    }

    fn __repr__(&self) -> String {
        format!("<dabnet.Model of {} labels>", self.0.labels().len())
    }

    /// The likeliest labels of a drawing.
    fn recognize(
        &self,
        python: Python<'_>,
        drawing: &Bound<'_, PyAny>,
        top: usize,
        views: usize,
    ) -> PyResult<Vec<(String, f32)>> {
        let drawing = drawing::one(drawing)?;
        python.detach(|| self.guesses(&drawing, top, views))
    }

    /// The likeliest labels of every sketch in a file.
    fn recognize_file(
        &self,
        python: Python<'_>,
        file: &Bound<'_, PyAny>,
        top: usize,
        views: usize,
    ) -> PyResult<Vec<Vec<(String, f32)>>> {
        let drawings = drawing::all(file)?;
        python.detach(|| drawings.iter().map(|drawing| self.guesses(drawing, top, views)).collect())
    }

    /// Classes and probabilities `[drawings, top]` of many drawings.
    #[expect(clippy::type_complexity, reason = "two arrays")]
    fn recognize_batch<'py>(
        &self,
        python: Python<'py>,
        drawings: &Bound<'py, PyAny>,
        top: usize,
        views: usize,
        threads: usize,
    ) -> PyResult<(Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>)> {
        self.batch(python, &several(python, drawings)?, top, views, threads)
    }

    /// Classes and probabilities `[rows, top]` of the drawings of a column of Arrow.
    #[expect(clippy::type_complexity, reason = "two arrays")]
    #[expect(clippy::too_many_arguments, reason = "Python names them")]
    fn recognize_arrow<'py>(
        &self,
        python: Python<'py>,
        data: &Bound<'py, PyAny>,
        column: &str,
        top: usize,
        views: usize,
        threads: usize,
    ) -> PyResult<(Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>)> {
        self.batch(python, &arrow::drawings(data, column)?, top, views, threads)
    }

    /// The network's answer to a drawing, a number a label.
    fn logits<'py>(
        &self,
        python: Python<'py>,
        drawing: &Bound<'py, PyAny>,
        views: usize,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let drawing = drawing::one(drawing)?;
        let logits = python.detach(|| self.recognizer(views)?.logits(&drawing).map_err(failed))?;
        Ok(logits.into_pyarray(python))
    }

    /// Whether a drawing is of no word that the model knows; none where that was not measured.
    fn is_unknown(&self, python: Python<'_>, drawing: &Bound<'_, PyAny>) -> PyResult<Option<bool>> {
        let drawing = drawing::one(drawing)?;
        python.detach(|| Recognizer::new(self.0.clone()).is_unknown(&drawing).map_err(failed))
    }

    /// Energy from which on a drawing is of a word that the model knows; none where that was not measured.
    #[getter]
    fn least_energy(&self) -> Option<f32> {
        self.0.calibration().map(|calibration| calibration.least_energy)
    }

    /// Embedding `[values]` of a drawing.
    fn embed<'py>(
        &self,
        python: Python<'py>,
        drawing: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray1<f32>>> {
        let drawing = drawing::one(drawing)?;
        let embedding = python.detach(|| Recognizer::new(self.0.clone()).embed(&drawing).map_err(failed))?;
        Ok(embedding.into_pyarray(python))
    }

    /// Embedding of a drawing by one bit a value, `[bytes]`; none where the model was not calibrated.
    fn embed_bits<'py>(
        &self,
        python: Python<'py>,
        drawing: &Bound<'py, PyAny>,
    ) -> PyResult<Option<Bound<'py, PyArray1<u8>>>> {
        let drawing = drawing::one(drawing)?;
        let bits = python.detach(|| Recognizer::new(self.0.clone()).embed_bits(&drawing).map_err(failed))?;
        Ok(bits.map(|bits| bits.into_pyarray(python)))
    }

    /// The model with more words, each with its drawings.
    fn teach(&self, python: Python<'_>, words: Vec<(String, Bound<'_, PyAny>)>) -> PyResult<Self> {
        let mut drawings = Vec::new();
        for (word, all) in words {
            let all = several(python, &all)?;
            if all.is_empty() {
                return Err(PyValueError::new_err(format!(
                    "the word '{word}' has no drawings: give from 1 to some 50"
                )));
            }
            drawings.push((word, all));
        }
        python.detach(|| {
            let mut teacher = Teacher::new(self.1.clone()).map_err(failed)?;
            for (word, all) in &drawings {
                all.iter().try_for_each(|drawing| teacher.add(word, drawing)).map_err(failed)?;
            }
            Self::compiled(teacher.teach().map_err(failed)?)
        })
    }

    /// Words that the model was taught.
    #[getter]
    fn taught(&self) -> Vec<String> {
        self.0
            .calibration()
            .into_iter()
            .flat_map(|calibration| calibration.taught())
            .map(str::to_owned)
            .collect()
    }

    /// Saves the model to a file, atomically.
    fn save(&self, file: PathBuf) -> PyResult<()> {
        self.1.save(file).map_err(|error| PyOSError::new_err(error.to_string()))
    }

    /// Embeddings `[drawings, values]` of drawings.
    fn embed_batch<'py>(
        &self,
        python: Python<'py>,
        drawings: &Bound<'py, PyAny>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let drawings = several(python, drawings)?;
        let found = python.detach(|| self.each(&drawings, 1, threads, Recognizer::embed))?;
        found.concat().into_pyarray(python).reshape([drawings.len(), self.0.embedding_len()])
    }

    /// Canvas of a drawing, `[channels, side, side]`: the input of the model.
    fn canvas<'py>(
        &self,
        python: Python<'py>,
        drawing: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyArray3<f32>>> {
        let drawing = drawing::one(drawing)?;
        let canvas = python.detach(|| self.0.preprocessing().apply(&drawing));
        let (channels, rows, columns) = self.input_shape();
        canvas.into_pyarray(python).reshape([channels, rows, columns])
    }

    /// Logits `[canvases, labels]` of canvases `[canvases, values]`.
    fn run<'py>(
        &self,
        python: Python<'py>,
        canvases: PyReadonlyArray2<'py, f32>,
        threads: usize,
    ) -> PyResult<Bound<'py, PyArray2<f32>>> {
        let values = canvases.as_slice()?;
        let (length, labels) = (self.0.input_len(), self.0.labels().len());
        if !values.len().is_multiple_of(length) {
            return Err(PyValueError::new_err(format!("a canvas of this model has {length} values")));
        }
        let logits = python.detach(|| {
            in_pool(threads, || {
                let of_one = |session: &mut Session, canvas: &[f32]| Ok(session.run(canvas)?.to_vec());
                let rows = values.par_chunks(length).map_init(|| Session::new(&self.0), of_one);
                rows.collect::<Result<Vec<_>, RecognizeError>>().map_err(failed)
            })
        })?;
        let rows = logits.len();
        logits.concat().into_pyarray(python).reshape([rows, labels])
    }
}

impl Model {
    fn recognizer(&self, views: usize) -> PyResult<Recognizer> {
        Recognizer::new(self.0.clone()).with_views(views).map_err(failed)
    }

    /// Of each drawing what `of_one` makes of it, on so many threads.
    fn each<R: Send>(
        &self,
        drawings: &[Drawing],
        views: usize,
        threads: usize,
        of_one: impl Fn(&mut Recognizer, &Drawing) -> Result<R, RecognizeError> + Send + Sync,
    ) -> PyResult<Vec<R>> {
        in_pool(threads, || {
            let of_one = |recognizer: &mut PyResult<Recognizer>, (index, drawing): (usize, &Drawing)| {
                let recognizer =
                    recognizer.as_mut().map_err(|error| PyValueError::new_err(error.to_string()))?;
                let found = of_one(recognizer, drawing);
                found.map_err(|error| PyValueError::new_err(format!("drawing {index}: {error}")))
            };
            drawings.par_iter().enumerate().map_init(|| self.recognizer(views), of_one).collect()
        })
    }

    #[expect(clippy::type_complexity, reason = "two arrays")]
    fn batch<'py>(
        &self,
        python: Python<'py>,
        drawings: &[Drawing],
        top: usize,
        views: usize,
        threads: usize,
    ) -> PyResult<(Bound<'py, PyArray2<i64>>, Bound<'py, PyArray2<f32>>)> {
        let top = top.min(self.0.labels().len());
        let best =
            |recognizer: &mut Recognizer, drawing: &Drawing| Ok(self::top(&recognizer.logits(drawing)?, top));
        let found = python.detach(|| self.each(drawings, views, threads, best))?;
        let rows = found.len();
        let (classes, probabilities): (Vec<i64>, Vec<f32>) =
            found.into_iter().flatten().map(|guess| (guess.class as i64, guess.probability)).unzip();
        Ok((
            classes.into_pyarray(python).reshape([rows, top])?,
            probabilities.into_pyarray(python).reshape([rows, top])?,
        ))
    }

    fn guesses(&self, drawing: &Drawing, top: usize, views: usize) -> PyResult<Vec<(String, f32)>> {
        let mut recognizer = self.recognizer(views)?;
        let guesses = recognizer.recognize(drawing, top).map_err(failed)?;
        Ok(guesses.iter().map(|guess| (guess.label.to_owned(), guess.probability)).collect())
    }
}

/// Drawings of anything that can be gone through.
fn several<'py>(python: Python<'py>, drawings: &Bound<'py, PyAny>) -> PyResult<Vec<Drawing>> {
    let of_one = |(index, drawing): (usize, PyResult<Bound<'py, PyAny>>)| {
        drawing::one(&drawing?).map_err(|error| drawing::at(python, index, &error))
    };
    drawings.try_iter()?.enumerate().map(of_one).collect()
}

/// Runs work on so many threads, 0 for one per core.
fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> PyResult<R> + Send) -> PyResult<R> {
    if threads == 0 {
        // The pool that there is anyway has as many.
        return work();
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map_err(|error| PyValueError::new_err(error.to_string()))?.install(work)
}
