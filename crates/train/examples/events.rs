//! Writes events for `scripts/tensorboard/check.py`: `events FOLDER [FIRST_STEP]`.

use std::{env, io};

use dabnet_train::{EventWriter, Histogram};

/// Steps of the whole run.
const STEPS: u64 = 20;

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let folder = arguments.next().expect("a folder");
    let first_step = arguments.next().map(|step| step.parse().expect("a step"));
    let mut events = EventWriter::create(folder, first_step)?;
    for step in first_step.unwrap_or(0)..STEPS {
        // What goes on says so by another value, and leaves out one tag.
        let part = if first_step.is_some() { 0.5 } else { 0.0 };
        events.scalar("loss/train", step, step as f32 + part)?;
        if first_step.is_none() {
            events.scalar("first", step, 1.0)?;
        }
        let weights = [-1.0, -1.0, 0.0, 1.0 + part, f32::NAN];
        events.histogram("conv1", step, &Histogram::of(&weights))?;
    }
    events.flush()
}
