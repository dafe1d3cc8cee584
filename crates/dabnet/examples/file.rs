//! Recognizes what is in files: `cargo run --release -p dabnet --example file -- data/examples/butterfly.png`.

use dabnet::{RecognizeError, Recognizer, models};

fn main() -> Result<(), RecognizeError> {
    let mut recognizer = Recognizer::new(models::quickdraw_20());
    for path in std::env::args().skip(1) {
        for guesses in recognizer.recognize_file(&path, 3)? {
            let guesses: Vec<String> = guesses
                .iter()
                .map(|(label, probability)| format!("{label} {:.1} %", 100.0 * probability))
                .collect();
            println!("{path}: {}", guesses.join(", "));
        }
    }
    Ok(())
}
