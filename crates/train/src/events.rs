//! TensorBoard event files: scalars and histograms over steps.

mod histogram;
mod message;
mod record;

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::Path,
    time::{Duration, SystemTime},
};

pub use histogram::Histogram;
use message::ProtobufMessage;

/// Prefix of event file names, followed by the time of creation in seconds.
const PREFIX: &str = "events.out.tfevents.";

/// Suffix of event file names, in place of the host name.
const HOST: &str = "dabnet";

/// Format version, stored in the first event of a file.
const FILE_VERSION: &[u8] = b"brain.Event:2";

/// Writes TensorBoard event files of a run.
///
/// ```
/// use dabnet_train::{EventWriter, Histogram};
///
/// # let folder = std::env::temp_dir().join(format!("dabnet-events-{}", std::process::id()));
/// let mut events = EventWriter::create(&folder, None)?;
/// events.scalar("loss/train", 100, 0.25)?;
/// events.histogram("weights/conv1", 100, &Histogram::of(&[-0.5, 0.1, 0.4]))?;
/// events.flush()?;
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Everything written is on its way to the file only after [`EventWriter::flush`], which dropping does too.
/// A frame that was cut off where a run was killed ends its file; a resumed run begins another one.
#[derive(Debug)]
pub struct EventWriter {
    file: BufWriter<File>,
}

impl EventWriter {
    /// Creates a new event file in `folder`, and the folder if it does not exist.
    ///
    /// A run that goes on gives the `first_step` that it will write: of what files before this one
    /// hold, TensorBoard then drops that step and all later ones. (Its fast loader does so tag by tag, as
    /// soon as a step is written again.)
    ///
    /// # Errors
    /// Those of making the folder and the file, and of writing to it.
    pub fn create(folder: impl AsRef<Path>, first_step: Option<u64>) -> io::Result<Self> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder)?;
        let mut events = Self { file: BufWriter::new(create_file(folder)?) };
        events.write(0, |event| event.bytes(event::FILE_VERSION, FILE_VERSION))?;
        // TensorBoard takes only a second start for a restart, so that a run begins with one as well.
        let start = ProtobufMessage::default().varint(session_log::STATUS, session_log::START);
        events.write(first_step.unwrap_or(0), |event| event.message(event::SESSION_LOG, start))?;
        events.flush()?;
        Ok(events)
    }

    /// Writes the value of `tag` at `step`.
    ///
    /// # Errors
    /// Those of writing to the file.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f32) -> io::Result<()> {
        self.summary(tag, step, |summary| summary.float(value::SIMPLE_VALUE, value))
    }

    /// Writes how the values of `tag` are spread at `step`.
    ///
    /// # Errors
    /// Those of writing to the file.
    pub fn histogram(&mut self, tag: &str, step: u64, histogram: &Histogram) -> io::Result<()> {
        self.summary(tag, step, |summary| summary.message(value::HISTO, histogram.message()))
    }

    /// Hands buffered events to the operating system, so that they survive this process.
    ///
    /// # Errors
    /// Those of writing to the file.
    pub fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    fn summary(
        &mut self,
        tag: &str,
        step: u64,
        add: impl FnOnce(ProtobufMessage) -> ProtobufMessage,
    ) -> io::Result<()> {
        let value = add(ProtobufMessage::default().bytes(value::TAG, tag.as_bytes()));
        let summary = ProtobufMessage::default().message(summary::VALUE, value);
        self.write(step, |event| event.message(event::SUMMARY, summary))
    }

    fn write(&mut self, step: u64, add: impl FnOnce(ProtobufMessage) -> ProtobufMessage) -> io::Result<()> {
        let event = ProtobufMessage::default()
            .double(event::WALL_TIME, since_1970().as_secs_f64())
            .varint(event::STEP, step);
        record::write(&mut self.file, add(event).as_bytes())
    }
}

/// Creates a file whose name sorts after all other event files of the folder: readers go by name, and clocks
/// may stand still or go back.
fn create_file(folder: &Path) -> io::Result<File> {
    let mut second = since_1970().as_secs();
    for entry in fs::read_dir(folder)? {
        if let Some(taken) = entry?.file_name().to_str().and_then(second_of) {
            second = second.max(taken.saturating_add(1));
        }
    }
    File::create_new(folder.join(format!("{PREFIX}{second:010}.{HOST}")))
}

/// Returns the time of creation in an event file's name, in seconds.
fn second_of(name: &str) -> Option<u64> {
    name.strip_prefix(PREFIX)?.split('.').next()?.parse().ok()
}

fn since_1970() -> Duration {
    SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// Fields of `tensorflow.Event`.
mod event {
    pub(super) const WALL_TIME: u32 = 1;
    pub(super) const STEP: u32 = 2;
    pub(super) const FILE_VERSION: u32 = 3;
    pub(super) const SUMMARY: u32 = 5;
    pub(super) const SESSION_LOG: u32 = 7;
}

/// Fields of `tensorflow.SessionLog`, and one of its statuses.
mod session_log {
    pub(super) const STATUS: u32 = 1;
    pub(super) const START: u64 = 1;
}

/// Fields of `tensorflow.Summary`.
mod summary {
    pub(super) const VALUE: u32 = 1;
}

/// Fields of `tensorflow.Summary.Value`.
mod value {
    pub(super) const TAG: u32 = 1;
    pub(super) const SIMPLE_VALUE: u32 = 2;
    pub(super) const HISTO: u32 = 5;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Events of one file without their times; `file` counts in the order of names.
    fn events(folder: &Path, file: usize) -> Vec<Vec<u8>> {
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let bytes = fs::read(&paths[file]).unwrap();
        let frames = record::tests::read(&bytes).into_iter();
        frames
            .map(|event| {
                assert_eq!(event[0], 0x09);
                let (time, rest) = event[1..].split_first_chunk().unwrap();
                let age = since_1970().as_secs_f64() - f64::from_le_bytes(*time);
                assert!((0.0..600.0).contains(&age), "{age}");
                rest.to_vec()
            })
            .collect()
    }

    /// Golden bytes from the Protocol Buffers library.
    #[test]
    fn events_are_golden() {
        let folder = tempfile::tempdir().unwrap();
        let mut run = EventWriter::create(folder.path(), None).unwrap();
        run.scalar("loss/train", 300, 0.25).unwrap();
        let histogram = Histogram::from_counts(-1.0, 1.0, &[]);
        run.histogram("conv1", 7, &histogram).unwrap();
        drop(run);
        let found = events(folder.path(), 0);
        assert_eq!(found[0], b"\x10\x00\x1a\x0dbrain.Event:2");
        assert_eq!(found[1], b"\x10\x00\x3a\x02\x08\x01");
        assert_eq!(found[2], b"\x10\xac\x02\x2a\x13\x0a\x11\x0a\x0aloss/train\x15\x00\x00\x80\x3e");
        assert_eq!(found[3][..15], *b"\x10\x07\x2a\x3c\x0a\x3a\x0a\x05conv1\x2a\x31");
        assert_eq!(found[3][15..], *histogram.message().as_bytes());
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn a_resumed_run_begins_a_later_file() {
        let folder = tempfile::tempdir().unwrap();
        for part in 0..3 {
            let first_step = (part > 0).then_some(300);
            EventWriter::create(folder.path().join("run"), first_step).unwrap();
            let found = events(&folder.path().join("run"), part);
            let start: &[u8] = if part == 0 { b"\x10\x00" } else { b"\x10\xac\x02" };
            assert_eq!(found[1], [start, b"\x3a\x02\x08\x01"].concat());
        }
    }

    #[test]
    fn names_say_when_files_were_made() {
        assert_eq!(second_of("events.out.tfevents.1700000000.dabnet"), Some(1_700_000_000));
        assert_eq!(second_of("events.out.tfevents.1700000000.host.17.0"), Some(1_700_000_000));
        assert_eq!(second_of("events.out.tfevents.x"), None);
        assert_eq!(second_of("checkpoint.1700000000"), None);
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("events.out.tfevents.9000000000.host"), "").unwrap();
        EventWriter::create(folder.path(), None).unwrap();
        assert!(folder.path().join("events.out.tfevents.9000000001.dabnet").exists());
    }
}
