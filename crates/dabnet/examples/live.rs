//! Guesses while a drawing is made, point by point: `cargo run --release -p dabnet --example live`.

use dabnet::{Drawing, RecognizeError, Recognizer, Stroke, models};

fn main() -> Result<(), RecognizeError> {
    let mut recognizer = Recognizer::new(models::quickdraw_345());
    let star = [[50., 0.], [79., 90.], [2., 35.], [98., 35.], [21., 90.], [50., 0.]];
    for count in 2..=star.len() {
        let drawn = Drawing::Strokes(vec![Stroke::new(star[..count].to_vec())]);
        let best = recognizer.recognize(&drawn, 1)?[0];
        println!("{count} points: {} {:.0} %", best.label, 100.0 * best.probability);
    }
    Ok(())
}
