//! Messages and drawings on a terminal.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

/// True if standard error is a terminal: progress bars are drawn only then.
pub(crate) fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

/// Prints a message to standard error, in one line whatever a file name or a file's content
/// brings into it. Errors of writing are ignored.
pub(crate) fn say(message: impl Display) {
    let mut line = String::new();
    for character in message.to_string().trim_end().chars() {
        if character.is_control() {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    _ = writeln!(io::stderr(), "{line}");
}

/// A character of braille without a dot.
pub(crate) const EMPTY: char = '\u{2800}';

/// First code point of the braille block, and the bit of each dot by row and column.
const BRAILLE: u32 = 0x2800;
const DOTS: [[u32; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// Ink of `side × side` pixels as lines of braille, four rows and two columns a character.
pub(crate) fn braille(ink: &[u8], side: usize) -> Vec<String> {
    let dot = |x: usize, y: usize| x < side && y < side && ink[y * side + x] > 96;
    (0..side)
        .step_by(4)
        .map(|top| {
            (0..side)
                .step_by(2)
                .filter_map(|left| {
                    let mut bits = 0;
                    for (dy, row) in DOTS.iter().enumerate() {
                        for (dx, bit) in row.iter().enumerate() {
                            bits |= if dot(left + dx, top + dy) { *bit } else { 0 };
                        }
                    }
                    char::from_u32(BRAILLE + bits)
                })
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::braille;

    #[test]
    fn ink_becomes_dots() {
        let mut ink = vec![0; 16];
        (ink[0], ink[15]) = (255, 255);
        assert_eq!(braille(&ink, 4), ["⠁⢀"]);
    }
}
