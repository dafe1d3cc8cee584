//! A microcontroller that is told strokes and answers words.
//!
//! A line of its input is a drawing: strokes with `;` between, of points with spaces between, of whole numbers with `,`
//! between. A line of its output is a word, the instructions of drawing, and those of all.
#![no_std]
#![no_main]
#![forbid(unsafe_code)]

mod clock;
mod drawing;

use dabnet_micro::{ImageError, Network, image_words};
use semihosting::{println, process};

use crate::{
    clock::Clock,
    drawing::{Drawing, Input},
};

const MODEL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/model.bin"));
static IMAGE: [u32; MODEL.len() / 4] = image_words(MODEL);

#[cfg_attr(target_arch = "arm", cortex_m_rt::entry)]
#[cfg_attr(target_arch = "riscv32", riscv_rt::entry)]
fn main() -> ! {
    match answer() {
        Ok(()) => process::exit(0),
        Err(error) => {
            println!("{error}");
            process::exit(1)
        }
    }
}

fn answer() -> Result<(), ImageError> {
    let network = Network::new(&IMAGE)?;
    let mut memory = [0; Network::memory_len(&IMAGE)];
    let mut ink = [0; Network::ink_len(&IMAGE)];
    let (mut input, mut drawing, clock) = (Input::new(), Drawing::new(), Clock::new());
    while input.read(&mut drawing) {
        let begin = clock.now();
        network.draw(drawing.strokes(), &mut memory, &mut ink)?;
        let drawn = clock.since(begin);
        let logits = network.run(&ink, &mut memory)?;
        println!("{}\t{drawn}\t{}", network.label(logits.best()), clock.since(begin));
    }
    Ok(())
}
