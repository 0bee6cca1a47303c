//! Programs of the tests that are written in JavaScript: other people's validators and verifiers, not ours.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

/// The interpreter, beside the packages of `tests/node/package.json`.
static NODE: LazyLock<PathBuf> = LazyLock::new(|| {
    let output = Command::new(root().join("scripts/node-env")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
});

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs a program of `tests/node` to its end: what it printed. The test fails where the program does.
pub fn run(program: &str, input: &[u8]) -> String {
    let mut command = Command::new(&*NODE);
    command.arg(root().join("tests/node").join(program)).env("NODE_PATH", root().join("var/node/node_modules"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}: {}", output.status);
    String::from_utf8(output.stdout).unwrap()
}
