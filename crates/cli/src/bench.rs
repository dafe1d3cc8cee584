//! Benchmark of a model: time, memory and energy.

mod comparison;
mod onnx_runtime;

use std::{
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use dabnet_data::{Dataset, Part};
use dabnet_engine::{EngineError, Model, Session, peak_bit_macs};
use dabnet_graph::{LayerCost, Precision};
use dabnet_report::format::grouped;
use dabnet_sketch::Preprocess;
use serde_json::{Value, json};

use crate::{
    energy::{self, EnergyMeter, MeterError},
    error::CliError,
    output,
};

pub(crate) use comparison::NetworkComparison;

/// Options of a benchmark.
#[derive(Debug)]
pub(crate) struct BenchOptions {
    pub threads: usize,
    pub batch: usize,
    pub seconds: f64,
    pub per_layer: bool,
}

/// Results of a benchmark.
#[derive(Debug)]
pub(crate) struct BenchResult {
    /// Time of each batch, in ascending order.
    times: Vec<Duration>,
    /// Number of threads per sketch.
    threads: usize,
    /// Joules per sketch, as the processor counts them.
    energy: Result<f64, MeterError>,
    /// Mean share of the canvas that is not paper.
    ink: f64,
    /// Times of the convolutions, if asked for.
    layers: Vec<LayerTime>,
    /// Peak of one core in one-bit multiply-accumulates per second, if asked for.
    peak: Option<f64>,
}

/// Time of a layer, with all that follows it up to the next.
#[derive(Debug)]
struct LayerTime {
    account: LayerCost,
    /// Median over runs.
    median: Duration,
}

/// Least number of batches before the measurement.
const WARM_UP: usize = 3;
/// Duration of the warm-up as a share of the measurement, until caches, clocks and memory are steady.
const WARM_UP_SHARE: f64 = 0.5;
/// Sketches that a model runs before it is the next one's turn; the first warms up.
const TURN: usize = 8;
/// Seconds that all models together are measured for, in turns.
const TURN_SECONDS: f64 = 2.0;
/// Least number of measured batches, however long they take.
const LEAST_BATCHES: usize = 5;

impl BenchResult {
    /// Runs a model on bundled sketches.
    pub(crate) fn new(model: &Model, load: &BenchOptions) -> Result<Self, CliError> {
        let canvases = canvases(model)?;
        let (times, energy) = batches(model, load, &canvases)?;
        let ink = ink_share(model, &canvases);
        if !load.per_layer {
            return Ok(Self { times, threads: load.threads, energy, ink, layers: Vec::new(), peak: None });
        }
        let peak = peak_bit_macs(model.isa())?;
        let layers = layers(model, load, &canvases)?;
        Ok(Self { times, threads: load.threads, energy, ink, layers, peak: Some(peak) })
    }

    fn quantile(&self, share: f64) -> Duration {
        let last = self.times.len() - 1;
        self.times[(last as f64 * share).round() as usize]
    }

    /// Share of the peak of all threads that a binary layer reaches.
    fn share(&self, layer: &LayerTime) -> Option<f64> {
        let binary = layer.account.precision == Precision::Fbin;
        self.peak.filter(|_| binary).map(|peak| layer.macs_per_second() / (peak * self.threads as f64))
    }
}

impl LayerTime {
    fn macs_per_second(&self) -> f64 {
        self.account.macs as f64 / self.median.as_secs_f64().max(1e-12)
    }
}

/// Canvases of bundled sketches of every word.
fn canvases(model: &Model) -> Result<Vec<Vec<f32>>, CliError> {
    let test = Dataset::bundled()?.labeled_sketches(Part::Test)?;
    let some = test.iter().step_by(7);
    Ok(some.map(|example| model.preprocessing().apply(&example.sketch.drawing)).collect())
}

fn ink_share(model: &Model, canvases: &[Vec<f32>]) -> f64 {
    let paper = model.preprocessing().canvas.normalize(0);
    let inked = |canvas: &Vec<f32>| canvas.iter().filter(|&&value| value != paper).count() as f64;
    canvases.iter().map(inked).sum::<f64>() / (canvases.len() * model.input_len()) as f64
}

/// Times of the batches in ascending order, and the energy per sketch.
fn batches(
    model: &Model,
    load: &BenchOptions,
    canvases: &[Vec<f32>],
) -> Result<(Vec<Duration>, Result<f64, MeterError>), EngineError> {
    let mut sessions = sessions(model, load)?;
    // Another sketch each time, as in use.
    let batch_from = |first| -> Vec<&[f32]> {
        canvases.iter().map(Vec::as_slice).cycle().skip(first).take(load.batch).collect()
    };
    let (begin, mut warm) = (Instant::now(), 0);
    while warm < WARM_UP || begin.elapsed().as_secs_f64() < load.seconds * WARM_UP_SHARE {
        run_batch(&mut sessions, &batch_from(warm * load.batch % canvases.len()))?;
        warm += 1;
    }
    let mut meter = EnergyMeter::new(Path::new(energy::FOLDER));
    let (begin, mut times, mut next) = (Instant::now(), Vec::new(), 0);
    while times.len() < LEAST_BATCHES || begin.elapsed().as_secs_f64() < load.seconds {
        let batch = batch_from(next);
        next = (next + load.batch) % canvases.len();
        let start = Instant::now();
        run_batch(&mut sessions, &batch)?;
        times.push(start.elapsed());
        meter = meter.and_then(EnergyMeter::tick);
    }
    let sketches = (times.len() * load.batch) as f64;
    let energy = meter.and_then(EnergyMeter::finish).map(|joules| joules / sketches);
    times.sort_unstable();
    Ok((times, energy))
}

/// One session for all threads if a batch is one sketch, else one per thread.
fn sessions(model: &Model, load: &BenchOptions) -> Result<Vec<Session>, EngineError> {
    if load.batch == 1 {
        return Ok(vec![Session::with_threads(model, load.threads)?]);
    }
    Ok((0..load.threads.min(load.batch)).map(|_| Session::new(model)).collect())
}

fn run_batch(sessions: &mut [Session], batch: &[&[f32]]) -> Result<(), EngineError> {
    let run = |session: &mut Session, part: &[&[f32]]| -> Result<(), EngineError> {
        part.iter().try_for_each(|canvas| session.run(canvas).map(|logits| _ = std::hint::black_box(logits)))
    };
    if let [session] = sessions {
        return run(session, batch);
    }
    let (mut rest, mut left) = (batch, sessions.len());
    std::thread::scope(|scope| {
        let threads: Vec<_> = sessions
            .iter_mut()
            .map(|session| {
                let (part, others) = rest.split_at(rest.len().div_ceil(left));
                (rest, left) = (others, left - 1);
                scope.spawn(move || run(session, part))
            })
            .collect();
        let join = |thread: std::thread::ScopedJoinHandle<'_, _>| match thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        };
        threads.into_iter().try_for_each(join)
    })
}

/// Median time of each layer over runs of single sketches.
fn layers(model: &Model, load: &BenchOptions, canvases: &[Vec<f32>]) -> Result<Vec<LayerTime>, EngineError> {
    let accounts = model.graph().cost().layers;
    let mut session = Session::with_threads(model, load.threads)?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); accounts.len()];
    let begin = Instant::now();
    for canvas in canvases.iter().cycle() {
        if times[0].len() >= LEAST_BATCHES && begin.elapsed().as_secs_f64() >= load.seconds {
            break;
        }
        let mut run = vec![Duration::ZERO; accounts.len()];
        session.run_profiled(canvas, |name, time| {
            if let Some(layer) = accounts.iter().position(|account| account.name == name) {
                run[layer] += time;
            }
        })?;
        times.iter_mut().zip(run).for_each(|(times, time)| times.push(time));
    }
    let layer = |(account, times): (LayerCost, Vec<Duration>)| LayerTime { account, median: median(times) };
    Ok(accounts.into_iter().zip(times).map(layer).collect())
}

/// Median time of one bundled sketch on one thread, in milliseconds, for each of `models`. They take turns, so that
/// whatever else the machine does slows all of them.
pub(crate) fn median_milliseconds(models: &[Model]) -> Result<Vec<f64>, CliError> {
    let mut sessions: Vec<Session> = models.iter().map(Session::new).collect();
    let canvases = models.iter().map(canvases).collect::<Result<Vec<_>, _>>()?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); models.len()];
    let (begin, mut turns) = (Instant::now(), 0);
    while turns < LEAST_BATCHES || begin.elapsed().as_secs_f64() < TURN_SECONDS {
        for ((session, canvases), times) in sessions.iter_mut().zip(&canvases).zip(&mut times) {
            let turn = canvases.iter().cycle().skip(turns * TURN % canvases.len()).take(TURN);
            let taken = turn.map(|canvas| timed(session, canvas)).collect::<Result<Vec<_>, _>>()?;
            times.extend(&taken[1..]);
        }
        turns += 1;
    }
    Ok(times.into_iter().map(|times| milliseconds(median(times))).collect())
}

fn timed(session: &mut Session, canvas: &[f32]) -> Result<Duration, EngineError> {
    let start = Instant::now();
    std::hint::black_box(session.run(canvas)?);
    Ok(start.elapsed())
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

pub(crate) fn print(
    name: &str,
    model: &Model,
    load: &BenchOptions,
    measurement: &BenchResult,
    file_bytes: u64,
) -> io::Result<()> {
    let median = measurement.quantile(0.5);
    let memory =
        peak_memory().map_or("not known here".to_owned(), |bytes| format!("{} bytes", grouped(bytes)));
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{name}, {}, {} of {} on {}",
        model.isa(),
        count(load.batch, "sketch"),
        model.graph().input_shape(),
        count(load.threads, "thread")
    )?;
    writeln!(out, "median      {:.3} ms", milliseconds(median))?;
    writeln!(out, "p99         {:.3} ms", milliseconds(measurement.quantile(0.99)))?;
    writeln!(out, "throughput  {:.0} sketches/s", load.batch as f64 / median.as_secs_f64())?;
    writeln!(out, "memory      {memory} at most")?;
    writeln!(out, "energy      {}", energy(&measurement.energy))?;
    writeln!(out, "ink         {:.1} % of the canvas", 100.0 * measurement.ink)?;
    writeln!(out, "file        {} bytes", grouped(file_bytes))?;
    let Some(peak) = measurement.peak else { return Ok(()) };
    let mut table = output::table(&["layer", "precision", "µs", "MACs", "G MAC/s", "of peak"]);
    for layer in &measurement.layers {
        let account = &layer.account;
        let share = measurement.share(layer).map(|share| format!("{:.0} %", 100.0 * share));
        let numbers = [
            format!("{:?}", account.precision).to_lowercase(),
            format!("{:.1}", 1e6 * layer.median.as_secs_f64()),
            grouped(account.macs),
            format!("{:.1}", layer.macs_per_second() / 1e9),
            share.unwrap_or_default(),
        ];
        table.add_row(output::row(&account.name, numbers));
    }
    writeln!(
        out,
        "{table}\nOne sketch at a time. A layer's time includes what follows it up to the next. Peak: {:.0} G one-bit MAC/s a thread, in registers.",
        peak / 1e9
    )
}

fn energy(measured: &Result<f64, MeterError>) -> String {
    match measured {
        Ok(joules) => format!("{:.3} mJ a sketch, all of the processor", 1e3 * joules),
        Err(reason) => reason.to_string(),
    }
}

fn count(count: usize, what: &str) -> String {
    let plural = if what.ends_with('h') { "es" } else { "s" };
    format!("{count} {what}{}", if count == 1 { "" } else { plural })
}

fn milliseconds(time: Duration) -> f64 {
    1e3 * time.as_secs_f64()
}

pub(crate) fn summary(
    name: &str,
    model: &Model,
    load: &BenchOptions,
    measurement: &BenchResult,
    file_bytes: u64,
) -> Value {
    let median = measurement.quantile(0.5);
    let layer = |layer: &LayerTime| {
        json!({
            "name": layer.account.name,
            "precision": layer.account.precision,
            "macs": layer.account.macs,
            "median_us": 1e6 * layer.median.as_secs_f64(),
            "share_of_peak": measurement.share(layer),
        })
    };
    json!({
        "model": name,
        "isa": model.isa().name(),
        "threads": load.threads,
        "batch": load.batch,
        "batches": measurement.times.len(),
        "median_ms": milliseconds(median),
        "p99_ms": milliseconds(measurement.quantile(0.99)),
        "images_per_s": load.batch as f64 / median.as_secs_f64(),
        "peak_rss_bytes": peak_memory(),
        "joules_per_image": measurement.energy.as_ref().ok(),
        "file_bytes": file_bytes,
        "ink_share": measurement.ink,
        "peak_bit_macs_per_s": measurement.peak,
        "layers": measurement.peak.map(|_| measurement.layers.iter().map(layer).collect::<Vec<_>>()),
    })
}

/// Peak memory of this process in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kilobytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))?;
    Some(1024 * kilobytes.parse::<u64>().ok()?)
}
