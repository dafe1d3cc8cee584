//! `dabnet`: one-bit neural networks for freehand sketches, on the command line.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    dabnet_cli::run(std::env::args_os()).into()
}
