//! A network of an ONNX file in ONNX Runtime, and here with real and with binary layers.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    time::Instant,
};

use dabnet_engine::{Model, PackedModel, Session};
use dabnet_graph::{ArchitectureOptions, Canvas, Policy, Preprocessing};
use dabnet_onnx::{ImportError, ImportOptions, import};
use dabnet_report::format::grouped;
use serde_json::{Value, json};

use super::{LEAST_BATCHES, TURN, canvases, milliseconds, onnx_runtime::OnnxRuntime, timed};
use crate::{error::CliError, output};

/// Median times and sizes of a network in several forms.
#[derive(Debug)]
pub(crate) struct NetworkComparison {
    runtime: String,
    forms: Vec<NetworkForm>,
}

#[derive(Debug)]
struct NetworkForm {
    name: String,
    milliseconds: f64,
    bytes: u64,
}

/// A form that is being measured.
struct TimedForm<'a> {
    name: String,
    bytes: u64,
    engine: FormEngine<'a>,
    times: Vec<f64>,
}

enum FormEngine<'a> {
    Here(Box<Session>),
    OnnxRuntime(&'a str),
}

impl NetworkComparison {
    /// Measures for so many seconds, in turns, so that whatever else the machine does slows all forms.
    pub(crate) fn new(
        network: &Path,
        side: Option<usize>,
        python: &Path,
        seconds: f64,
    ) -> Result<Self, CliError> {
        let real = imported(network, side)?;
        let graph = real.graph.with_policy(&Policy::Fbin, &ArchitectureOptions::default())?;
        // Time and size do not depend on the weights.
        let binary = PackedModel::random(graph, real.preprocessing, 0);
        let bytes = fs::metadata(network).map_or(0, |file| file.len());
        let sizes = [bytes, binary.to_bytes()?.len() as u64];
        let [real, binary] = [Model::new(real)?, Model::new(binary)?];
        let canvases = canvases(&real)?;
        let mut runtime = OnnxRuntime::start(python, network, &canvases)?;
        let form =
            |name: &str, bytes, engine| TimedForm { name: name.to_owned(), bytes, engine, times: Vec::new() };
        let mut forms = vec![
            form("dabnet, binary layers", sizes[1], FormEngine::Here(Box::new(Session::new(&binary)))),
            form("dabnet, as it is", sizes[0], FormEngine::Here(Box::new(Session::new(&real)))),
            form("ONNX Runtime, fp32", bytes, FormEngine::OnnxRuntime("fp32")),
        ];
        if let Some(bytes) = runtime.int8_bytes {
            forms.push(form("ONNX Runtime, int8", bytes, FormEngine::OnnxRuntime("int8")));
        }
        let (begin, mut turns) = (Instant::now(), 0);
        while turns < LEAST_BATCHES || begin.elapsed().as_secs_f64() < seconds {
            for form in &mut forms {
                let first = turns * TURN % canvases.len();
                let times = form.turn(&mut runtime, &canvases, first)?;
                // The first warms up.
                form.times.extend(times.into_iter().skip(1));
            }
            turns += 1;
        }
        let forms = forms.into_iter().map(TimedForm::finish).collect();
        Ok(Self { runtime: runtime.version.clone(), forms })
    }

    pub(crate) fn print(&self, network: &Path, isa: &str) -> io::Result<()> {
        let mut table = output::table(&["network", "ms", "times binary", "bytes", "times binary"]);
        let binary = &self.forms[0];
        for form in &self.forms {
            let numbers = [
                format!("{:.3}", form.milliseconds),
                format!("{:.1}", form.milliseconds / binary.milliseconds),
                grouped(form.bytes),
                format!("{:.1}", form.bytes as f64 / binary.bytes as f64),
            ];
            table.add_row(output::row(&form.name, numbers));
        }
        writeln!(
            io::stdout(),
            "{}, one thread, {isa}, ONNX Runtime {}\n{table}\nOne sketch, medians, measured in turns. Binary layers: all but the first and the last, which have \
             weights of 8 bits;\ntheir weights are random here, since time and size do not depend on them. What they cost in accuracy is known by training.",
            network.display(),
            self.runtime
        )
    }

    pub(crate) fn json(&self, network: &Path) -> Value {
        let form = |form: &NetworkForm| json!({ "name": form.name, "median_ms": form.milliseconds, "bytes": form.bytes });
        json!({
            "network": network.display().to_string(),
            "onnx_runtime": self.runtime,
            "forms": self.forms.iter().map(form).collect::<Vec<_>>(),
        })
    }
}

impl TimedForm<'_> {
    /// Milliseconds of some sketches.
    fn turn(
        &mut self,
        runtime: &mut OnnxRuntime,
        canvases: &[Vec<f32>],
        first: usize,
    ) -> Result<Vec<f64>, CliError> {
        match &mut self.engine {
            FormEngine::Here(session) => {
                let turn = canvases.iter().cycle().skip(first).take(TURN);
                Ok(turn.map(|canvas| timed(session, canvas).map(milliseconds)).collect::<Result<_, _>>()?)
            }
            FormEngine::OnnxRuntime(form) => runtime.times(form, first, TURN),
        }
    }

    fn finish(mut self) -> NetworkForm {
        self.times.sort_unstable_by(f64::total_cmp);
        let milliseconds = self.times.get(self.times.len() / 2).copied().unwrap_or(f64::NAN);
        NetworkForm { name: self.name, milliseconds, bytes: self.bytes }
    }
}

/// The network of a file, of one channel or of three equal ones.
fn imported(network: &Path, side: Option<usize>) -> Result<PackedModel, CliError> {
    let lines = |side| Preprocessing::lines(Canvas::to_measure(side));
    let options = ImportOptions::default().with_side(side);
    let cannot =
        |error: ImportError| CliError::Input(format!("cannot import {}: {error}", network.display()));
    import(network, &options, lines)
        .or_else(|error| import(network, &options.with_rgb(true), lines).map_err(|_| cannot(error)))
}
