use std::io;

/// How a server writes its log, a line a request, to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text to read.
    Text,
    /// Nothing.
    Off,
}

impl LogFormat {
    /// Has the process log like this. Only the first call in a process has an effect.
    pub fn install(self) {
        let builder = tracing_subscriber::fmt()
            .with_writer(io::stderr)
            .with_ansi(false)
            // Nobody reading the log is no reason to stop.
            .log_internal_errors(false)
            .with_target(false);
        // Another subscriber may have been set by the program that this is a library of.
        _ = match self {
            Self::Json => {
                tracing::subscriber::set_global_default(builder.json().flatten_event(true).finish())
            }
            Self::Text => tracing::subscriber::set_global_default(builder.finish()),
            Self::Off => Ok(()),
        };
    }
}
