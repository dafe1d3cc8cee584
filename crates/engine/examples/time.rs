//! Times one run of each architecture with random weights, for every policy and instruction set:
//! `cargo run --release --example time`.
use std::time::Instant;

use dabnet_engine::{Isa, Model, PackedModel, Session};
use dabnet_graph::{Canvas, Policy, Preprocessing, architectures};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{:16} {:6} {:7} {:>10} {:>10}", "architecture", "policy", "isa", "median ms", "best ms");
    for architecture in architectures::ALL {
        for policy in [Policy::Fbin, Policy::Wbin, Policy::Full] {
            for isa in Isa::supported() {
                let graph = architecture.graph(architecture.side, 250, &policy)?;
                let canvas =
                    Canvas { side: architecture.side, line_width: 0.02, margin: 0.05, mean: 0.0, std: 1.0 };
                let mut session = Session::new(&Model::with_isa(
                    PackedModel::random(graph, Preprocessing::lines(canvas), 1),
                    isa,
                )?);
                let (median, best) = time(&mut session, &strokes(architecture.side))?;
                println!(
                    "{:16} {:6} {isa:7} {median:10.3} {best:10.3}",
                    architecture.name,
                    policy.to_string()
                );
            }
        }
    }
    Ok(())
}

/// A canvas with about 5 % ink in thin lines.
fn strokes(side: usize) -> Vec<f32> {
    let mut canvas = vec![0.0; side * side];
    for line in 0..4 {
        for step in 0..side {
            let y = (step * (line + 1) / 3 + line * side / 7) % side;
            let thickness = side.div_ceil(100);
            (0..thickness).for_each(|dx| canvas[y * side + (step + dx) % side] = 1.0);
        }
    }
    canvas
}

/// Median and best milliseconds of enough runs.
fn time(session: &mut Session, canvas: &[f32]) -> Result<(f64, f64), Box<dyn std::error::Error>> {
    let begin = Instant::now();
    let mut times = Vec::new();
    while times.len() < 5 || begin.elapsed().as_secs_f64() < 0.5 {
        let start = Instant::now();
        std::hint::black_box(session.run(canvas)?);
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], times[0]))
}
