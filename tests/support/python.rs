//! Far ends that are written in Python: other people's servers and clients, not ours.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::LazyLock;

/// The interpreter with the packages of `tests/requirements.txt`.
pub static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/python-env");
    let output = Command::new(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
});

/// Runs a program to its end: what it printed. The test fails where the program does.
pub fn run(program: &str, arguments: &[&str], input: &[u8]) -> String {
    let mut running = Running::start(program, arguments);
    running.child.stdin.take().unwrap().write_all(input).unwrap();
    let mut printed = String::new();
    running.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    let status = running.child.wait().unwrap();
    let mut said = String::new();
    running.stderr.read_to_string(&mut said).unwrap();
    assert!(status.success(), "{status}: {said}");
    printed
}

/// A program as a command, for a test to add to and run.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(&*PYTHON);
    command.arg("-c").arg(program).args(arguments);
    command
}

/// A program that runs until it is dropped.
pub struct Running {
    child: Child,
    /// For the test to take and read.
    pub stdout: Option<ChildStdout>,
    stderr: ChildStderr,
}

impl Running {
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        let mut command = command(program, arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take().unwrap());
        Self { child, stdout, stderr }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Fails where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
