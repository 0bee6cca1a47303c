//! The files of this clone, as Git sees them: tracked, or new and not ignored.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A text file of the clone.
pub struct TextFile {
    /// From the root of the clone, with forward slashes.
    pub path: String,
    pub text: String,
}

impl TextFile {
    /// Whether the file's name ends in one of these extensions, or is one of these names.
    pub fn is_one_of(&self, endings: &[&str]) -> bool {
        let name = self.path.rsplit('/').next().unwrap();
        endings.iter().any(|ending| name == *ending || name.ends_with(&format!(".{ending}")))
    }

    /// The lines with their numbers, from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }
}

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every path in the clone. An archive without Git's data is walked instead, without what a build leaves behind.
pub fn paths() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect());
    let mut paths: Vec<String> = listed.unwrap_or_else(walk);
    paths.retain(|path| root().join(path).is_file());
    paths.sort();
    paths.dedup();
    assert!(paths.iter().any(|path| path == "Cargo.toml"), "no list of files could be had under {}", root().display());
    paths
}

/// Every file that holds text: what isn't UTF-8 is a picture or an archive.
pub fn text_files() -> Vec<TextFile> {
    let read = |path: String| fs::read_to_string(root().join(&path)).ok().map(|text| TextFile { path, text });
    paths().into_iter().filter_map(read).collect()
}

/// One file that the house can't do without.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} can't be read: {error}"))
}

fn walk() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if [".git", "target", "var"].map(Path::new).contains(&path.as_path()) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() { folders.push(path) } else { found.push(path.to_str().unwrap().to_owned()) }
        }
    }
    found
}
