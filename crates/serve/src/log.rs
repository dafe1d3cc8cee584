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
/// How long the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(1);

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

/// Writes the last lines of a log when it is dropped.
#[must_use = "the last lines are written when it is dropped"]
#[derive(Debug)]
pub struct Log(Option<Lines>);

impl LogFormat {
    /// Has the process log like this. Only the first call in a process has an effect.
    ///
    /// Lines are written by a thread of their own: whoever reads them slowly, or not at all, loses lines and
    /// does not hold up a server.
    pub fn install(self) -> Log {
        if self == Self::Off {
            return Log(None);
        }
        let (sender, receiver) = sync_channel(WAITING);
        let lines = Lines(sender);
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
        Log((installed.is_ok() && started.is_ok()).then_some(lines))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        let Some(Lines(sender)) = &self.0 else { return };
        let (done, written) = sync_channel(1);
        if sender.try_send(Message::Tell(done)).is_ok() {
            _ = written.recv_timeout(LAST_LINES);
        }
    }
}

enum Message {
    Line(Vec<u8>),
    /// Everything before has been written.
    Tell(SyncSender<()>),
}

fn write(messages: &Receiver<Message>) {
    for message in messages {
        match message {
            // Nobody reading the log is no reason to stop.
            Message::Line(line) => _ = io::stderr().write_all(&line),
            Message::Tell(done) => _ = done.send(()),
        }
    }
}

/// Where lines are put; each comes as one write.
#[derive(Clone, Debug)]
struct Lines(SyncSender<Message>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        _ = self.0.try_send(Message::Line(line.to_vec()));
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
