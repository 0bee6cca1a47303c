//! What was published of each placement, so that the next return publishes only what changed: a sealed file.
//!
//! After a first line and the file's own id comes one frame for each child (its keyed pseudonym, a length, its sealed
//! placements), and last a frame that says how many there are and of which return. Each frame is sealed for its place in
//! this very file, so that one changed, left out, moved or taken from another file does not open. A file is written
//! beside the old one and takes its place only when everything in it has been confirmed.

mod pending;

pub use pending::Pending;

use crate::keys::{KeyError, Keys};
use domain::Code;
use domain::message::PlacementChange;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use uuid::Uuid;

const FIRST_LINE: &[u8] = b"placement-hub ssda903 state 1\n";
/// Longest frame: two thousand episodes of a child at some kilobytes each.
const FRAME_BYTES_MAX: u32 = 1 << 24;
/// The pseudonym of no child: the last frame's.
const LAST: [u8; 16] = [0; 16];

/// What was published of one child.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownChild {
    pub child: String,
    /// By the placement's id, as last published.
    pub placements: BTreeMap<String, PlacementChange>,
}

/// Of which return a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub authority: Code,
    /// The collection year, by its last day's.
    pub year: i16,
    pub children: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("the state file {path} cannot be read or written: {source}")]
    File { path: String, source: std::io::Error },
    #[error(
        "the state file {path} was changed, cut short or is not one: restore it from your backup; without it every placement would be published again"
    )]
    Tampered { path: String },
    #[error("the state file {path} does not open: {source}")]
    Key { path: String, source: KeyError },
    #[error("the state file {path} is of {found}, and this import is for {own}: give each authority a state file of its own (--state)")]
    OtherAuthority { path: String, found: Code, own: Code },
    #[error("another import holds the state file {path}: let it end first")]
    Busy { path: String },
}

/// The file of the last import, open to be read child by child.
pub struct Previous<'k> {
    keys: &'k Keys,
    path: String,
    file: BufReader<File>,
    pub id: Uuid,
    pub head: Head,
    frames: Vec<Frame>,
    by_child: HashMap<[u8; 16], usize>,
}

struct Frame {
    child: [u8; 16],
    offset: u64,
    length: u32,
    read: bool,
}

impl<'k> Previous<'k> {
    /// Opens and checks the whole file; none where there is none yet.
    ///
    /// # Errors
    /// Where it cannot be read, does not open, or is another authority's.
    pub fn open(path: &Path, keys: &'k Keys, authority: Code) -> Result<Option<Self>, StateError> {
        let name = path.display().to_string();
        let file = match File::open(path) {
            Ok(file) => BufReader::new(file),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StateError::File { path: name, source }),
        };
        let head = Head { authority, year: 0, children: 0 };
        let mut previous = Self { keys, path: name, file, id: Uuid::nil(), head, frames: Vec::new(), by_child: HashMap::new() };
        previous.check()?;
        if previous.head.authority != authority {
            return Err(StateError::OtherAuthority { path: previous.path, found: previous.head.authority, own: authority });
        }
        Ok(Some(previous))
    }

    /// What is known of a child; none where it is new.
    ///
    /// # Errors
    /// Where the file changed under us.
    pub fn take(&mut self, authority: Code, child: &str) -> Result<Option<KnownChild>, StateError> {
        let Some(&at) = self.by_child.get(&self.keys.child(authority, child).0) else { return Ok(None) };
        self.frame(at).map(Some)
    }

    /// The next child that nobody asked for yet, in the order of the file.
    ///
    /// # Errors
    /// Where the file changed under us.
    pub fn next_left(&mut self, from: &mut usize) -> Result<Option<KnownChild>, StateError> {
        while let Some(frame) = self.frames.get(*from) {
            *from += 1;
            if !frame.read {
                return self.frame(*from - 1).map(Some);
            }
        }
        Ok(None)
    }

    /// How many children nobody asked for yet.
    #[must_use]
    pub fn left(&self) -> usize {
        self.frames.iter().filter(|frame| !frame.read).count()
    }

    fn check(&mut self) -> Result<(), StateError> {
        let mut first = [0; FIRST_LINE.len()];
        let mut id = [0; 16];
        self.exactly(&mut first)?;
        self.exactly(&mut id)?;
        if first != FIRST_LINE {
            return Err(self.tampered());
        }
        self.id = Uuid::from_bytes(id);
        let mut offset = (FIRST_LINE.len() + 16) as u64;
        loop {
            let (mut child, mut length) = ([0; 16], [0; 4]);
            self.exactly(&mut child)?;
            self.exactly(&mut length)?;
            let length = u32::from_be_bytes(length);
            offset += 20;
            let content = self.open_here(child, self.frames.len(), length)?;
            if child == LAST {
                self.head = serde_json::from_slice(&content).map_err(|_| self.tampered())?;
                break;
            }
            self.by_child.insert(child, self.frames.len());
            self.frames.push(Frame { child, offset, length, read: false });
            offset += u64::from(length);
        }
        let more = self.file.read(&mut [0]).map_err(|source| self.failed(source))?;
        let sound = more == 0 && self.head.children == self.frames.len() as u64 && self.by_child.len() == self.frames.len();
        if sound { Ok(()) } else { Err(self.tampered()) }
    }

    fn frame(&mut self, at: usize) -> Result<KnownChild, StateError> {
        let frame = &mut self.frames[at];
        frame.read = true;
        let (child, offset, length) = (frame.child, frame.offset, frame.length);
        self.file.seek(SeekFrom::Start(offset)).map_err(|source| self.failed(source))?;
        let content = self.open_here(child, at, length)?;
        serde_json::from_slice(&content).map_err(|_| self.tampered())
    }

    fn open_here(&mut self, child: [u8; 16], at: usize, length: u32) -> Result<Vec<u8>, StateError> {
        if length > FRAME_BYTES_MAX {
            return Err(self.tampered());
        }
        let mut sealed = vec![0; length as usize];
        self.exactly(&mut sealed)?;
        self.keys.open(&purpose(self.id, at as u64, child), &sealed).map_err(|source| match source {
            KeyError::Tampered => self.tampered(),
            source => StateError::Key { path: self.path.clone(), source },
        })
    }

    fn exactly(&mut self, buffer: &mut [u8]) -> Result<(), StateError> {
        self.file.read_exact(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => self.tampered(),
            _ => self.failed(error),
        })
    }

    fn tampered(&self) -> StateError {
        StateError::Tampered { path: self.path.clone() }
    }

    fn failed(&self, source: std::io::Error) -> StateError {
        StateError::File { path: self.path.clone(), source }
    }
}

/// The file of this import, beside the old one until it is committed; removed where it is not.
pub struct Next<'k> {
    keys: &'k Keys,
    path: PathBuf,
    beside: PathBuf,
    file: Option<BufWriter<File>>,
    id: Uuid,
    children: u64,
}

impl<'k> Next<'k> {
    /// # Errors
    /// Where the folder cannot be written, or another import is at it.
    pub fn create(path: &Path, keys: &'k Keys) -> Result<Self, StateError> {
        let beside = with_ending(path, ".new");
        let failed = |source| StateError::File { path: beside.display().to_string(), source };
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = private(&beside).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => return Err(StateError::Busy { path: path.display().to_string() }),
            Err(std::fs::TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        let id = Uuid::now_v7();
        let mut file = BufWriter::new(file);
        file.write_all(FIRST_LINE).and_then(|()| file.write_all(id.as_bytes())).map_err(failed)?;
        Ok(Self { keys, path: path.to_owned(), beside, file: Some(file), id, children: 0 })
    }

    /// # Errors
    /// Where the file cannot be written.
    pub fn add(&mut self, authority: Code, known: &KnownChild) -> Result<(), StateError> {
        if known.placements.is_empty() {
            return Ok(());
        }
        let child = self.keys.child(authority, &known.child).0;
        self.write(child, known)?;
        self.children += 1;
        Ok(())
    }

    /// Puts the file in the old one's place, to stay there whatever happens to the machine.
    ///
    /// # Errors
    /// Where the file cannot be written; the old one is then still in its place.
    pub fn commit(mut self, authority: Code, year: i16) -> Result<(), StateError> {
        let head = Head { authority, year, children: self.children };
        self.write(LAST, &head)?;
        let failed = |source| StateError::File { path: self.path.display().to_string(), source };
        let Some(file) = self.file.take() else { return Ok(()) };
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        std::fs::rename(&self.beside, &self.path).map_err(failed)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // The rename itself has to reach the disk.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    fn write(&mut self, child: [u8; 16], content: &impl Serialize) -> Result<(), StateError> {
        let path = || self.beside.display().to_string();
        let content = serde_json::to_vec(content).map_err(|error| StateError::File { path: path(), source: error.into() })?;
        let sealed = self.keys.seal(&purpose(self.id, self.children, child), &content);
        let sealed = sealed.map_err(|source| StateError::Key { path: path(), source })?;
        let length = u32::try_from(sealed.len()).ok().filter(|length| *length <= FRAME_BYTES_MAX);
        let too_long = || StateError::File { path: path(), source: std::io::Error::other("a child has too many placements") };
        let length = length.ok_or_else(too_long)?;
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file.write_all(&child).and_then(|()| file.write_all(&length.to_be_bytes())).and_then(|()| file.write_all(&sealed));
        written.map_err(|source| StateError::File { path: self.beside.display().to_string(), source })
    }
}

impl Drop for Next<'_> {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.beside);
        }
    }
}

fn purpose(file: Uuid, at: u64, child: [u8; 16]) -> String {
    format!("ssda903 {file} {at} {}", Uuid::from_bytes(child))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// A file that its owner alone may read.
fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
