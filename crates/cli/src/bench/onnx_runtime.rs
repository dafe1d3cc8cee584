use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;

use crate::error::CliError;

const SCRIPT: &str = include_str!("onnx_runtime.py");

/// ONNX Runtime in a Python process, which times a network when it is asked to.
pub(crate) struct OnnxRuntime {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
    /// Version of ONNX Runtime.
    pub(crate) version: String,
    /// Bytes of the network in 8 bits; none if it could not be made of it.
    pub(crate) int8_bytes: Option<u64>,
    _folder: TempDir,
}

impl OnnxRuntime {
    /// Opens a network, and makes one in 8 bits of it, calibrated by the canvases.
    pub(crate) fn start(python: &Path, network: &Path, canvases: &[Vec<f32>]) -> Result<Self, CliError> {
        let cannot = |error: std::io::Error| {
            CliError::Input(format!(
                "cannot run {} ({error}): give --python one that has onnxruntime",
                python.display()
            ))
        };
        let folder = tempfile::tempdir().map_err(cannot)?;
        let file = folder.path().join("canvases");
        let bytes: Vec<u8> = canvases.iter().flatten().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(&file, bytes).map_err(|error| CliError::write(&file, &error))?;
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .args([network, &file])
            .arg(canvases.len().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for")
        };
        let mut started = Self {
            child,
            questions,
            answers: BufReader::new(answers),
            version: String::new(),
            int8_bytes: None,
            _folder: folder,
        };
        let line = started.answer()?;
        let (version, bytes) = line.split_once(' ').unwrap_or((&line, "0"));
        started.version = version.to_owned();
        started.int8_bytes = bytes.parse().ok().filter(|&bytes| bytes > 0);
        Ok(started)
    }

    /// Milliseconds of each of some sketches, from the first on, in `fp32` or `int8`.
    pub(crate) fn times(&mut self, form: &str, first: usize, sketches: usize) -> Result<Vec<f64>, CliError> {
        // What the process says when it ends is told by the answer that does not come.
        _ = writeln!(self.questions, "{form} {first} {sketches}").and_then(|()| self.questions.flush());
        Ok(self.answer()?.split_whitespace().filter_map(|time| time.parse().ok()).collect())
    }

    fn answer(&mut self) -> Result<String, CliError> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(1..) => Ok(line.trim_end().to_owned()),
            _ => Err(self.failure()),
        }
    }

    /// The last line that Python says.
    fn failure(&mut self) -> CliError {
        let mut said = String::new();
        if let Some(errors) = &mut self.child.stderr {
            _ = std::io::Read::read_to_string(errors, &mut said);
        }
        let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it ended");
        let remedy = if last.contains("No module named") {
            ": pip install onnxruntime onnx, or give --python one that has them"
        } else {
            ""
        };
        CliError::Input(format!("ONNX Runtime: {last}{remedy}"))
    }
}

impl Drop for OnnxRuntime {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
