use std::time::{Duration, Instant};

use dabnet_engine::{EngineError, Model, Session};

use crate::{bench, error::CliError};

/// Sketches that one model runs before it is the next one's turn; the first warms up.
const TURN: usize = 8;
/// The fewest turns of each.
const LEAST: usize = 5;
/// How long all models together are measured.
const SECONDS: f64 = 2.0;

/// The median milliseconds of one bundled sketch on one thread, for each of `models`. They take turns, so that
/// whatever else the machine does slows all of them.
pub(super) fn milliseconds(models: &[Model]) -> Result<Vec<f64>, CliError> {
    let mut sessions: Vec<Session> = models.iter().map(Session::new).collect();
    let canvases = models.iter().map(bench::canvases).collect::<Result<Vec<_>, _>>()?;
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); models.len()];
    let (begin, mut turns) = (Instant::now(), 0);
    while turns < LEAST || begin.elapsed().as_secs_f64() < SECONDS {
        for ((session, canvases), times) in sessions.iter_mut().zip(&canvases).zip(&mut times) {
            let turn = canvases.iter().cycle().skip(turns * TURN % canvases.len()).take(TURN);
            let taken = turn.map(|canvas| timed(session, canvas)).collect::<Result<Vec<_>, _>>()?;
            times.extend(&taken[1..]);
        }
        turns += 1;
    }
    Ok(times.iter_mut().map(|times| median(times)).collect())
}

fn timed(session: &mut Session, canvas: &[f32]) -> Result<Duration, EngineError> {
    let start = Instant::now();
    std::hint::black_box(session.run(canvas)?);
    Ok(start.elapsed())
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e3
}
