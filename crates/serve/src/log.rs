use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
    time::Duration,
};

use tracing::subscriber::set_global_default;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written; more are lost.
const WAITING: usize = 8192;
/// Time limit for writing the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Format of the access log, one line per request on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// Text to read.
    Text,
    /// Nothing.
    Off,
}

/// Guard that flushes the log when it is dropped.
#[must_use = "the last lines are written when it is dropped"]
#[derive(Debug)]
pub struct LogGuard(Option<LogWriter>);

impl LogFormat {
    /// Installs the log of this process. Only the first call in a process has an effect.
    ///
    /// Lines are written by a thread of their own: a slow reader of standard error loses lines and does not hold up the
    /// server.
    pub fn install(self) -> LogGuard {
        if self == Self::Off {
            return LogGuard(None);
        }
        let (sender, receiver) = sync_channel(WAITING);
        let lines = LogWriter(sender);
        let builder = tracing_subscriber::fmt()
            .with_writer(lines.clone())
            .with_ansi(false)
            .log_internal_errors(false)
            .with_target(false);
        let installed = match self {
            Self::Json => set_global_default(builder.json().flatten_event(true).finish()),
            Self::Text | Self::Off => set_global_default(builder.finish()),
        };
        let started = thread::Builder::new().name("log".to_owned()).spawn(move || write(&receiver));
        // Another subscriber may have been set by the program that this is a library of.
        LogGuard((installed.is_ok() && started.is_ok()).then_some(lines))
    }
}

impl Drop for LogGuard {
    fn drop(&mut self) {
        let Some(LogWriter(sender)) = &self.0 else { return };
        let (done, written) = sync_channel(1);
        if sender.try_send(LogMessage::Tell(done)).is_ok() {
            _ = written.recv_timeout(LAST_LINES);
        }
    }
}

enum LogMessage {
    Line(Vec<u8>),
    /// Everything before has been written.
    Tell(SyncSender<()>),
}

fn write(messages: &Receiver<LogMessage>) {
    for message in messages {
        match message {
            // Nobody reading the log is no reason to stop.
            LogMessage::Line(line) => _ = io::stderr().write_all(&line),
            LogMessage::Tell(done) => _ = done.send(()),
        }
    }
}

/// Writer that sends each line to the log thread.
#[derive(Clone, Debug)]
struct LogWriter(SyncSender<LogMessage>);

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &LogWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        _ = self.0.try_send(LogMessage::Line(line.to_vec()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
