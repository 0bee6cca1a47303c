//! The demo's own folder: a ledger, secrets and settings that are made anew at each start.

use super::region::Rail;
use crate::http::token_digest;
use domain::Code;
use domain::directory::{Directory, OrganisationKind};
use domain::hex::hex;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// By this file the demo knows a folder of its own; it also keeps a second demo out.
const MARK: &str = "made-by-placement-hub-demo";
/// What the demo makes, and may delete again.
const FILES: [&str; 12] = [
    "hub.db",
    "hub.db-wal",
    "hub.db-shm",
    "hub.db-journal",
    "hub.db.lock",
    "hub.key",
    "endpoints.toml",
    "publishers.toml",
    "tokens.toml",
    "access.toml",
    "access.toml.lock",
    "access.toml.uses",
];
const SECRETS: &str = "secrets";
const SECRET_ENDING: &str = "whsec";
/// Letters of a secret: 24 bytes in base64, the least that the webhook standard allows.
const SECRET_LETTERS: usize = 32;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A folder that is empty but for its mark, and locked.
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Takes the folder, and deletes what an earlier demo left in it.
    ///
    /// # Errors
    /// A sentence: where it is somebody else's, another demo runs in it, or it cannot be written.
    pub fn take(path: &Path) -> Result<Self, String> {
        let wrong = |error: io::Error| format!("the demo's folder {} cannot be used: {error}; choose another with --dir", path.display());
        let mark = path.join(MARK);
        let foreign = path.exists() && !mark.exists() && fs::read_dir(path).map_err(wrong)?.next().is_some();
        if foreign {
            return Err(format!("{} holds files that the demo did not make: choose another folder with --dir", path.display()));
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(wrong)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&mark).map_err(wrong)?;
        if lock.try_lock().is_err() {
            return Err(format!("another demo runs in {}: stop it, or choose another folder with --dir", path.display()));
        }
        wipe(path).map_err(wrong)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path.join(SECRETS)).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A new secret for each organisation, in a file that only its owner can read.
    ///
    /// # Errors
    /// A sentence.
    pub fn secrets(&self, organisations: &[Code]) -> Result<BTreeMap<Code, String>, String> {
        let mut secrets = BTreeMap::new();
        for code in organisations {
            let secret = secret().ok_or("this machine gives no random numbers")?;
            let file = self.path.join(SECRETS).join(format!("{code}.{SECRET_ENDING}"));
            write_private(&file, &secret).map_err(|error| format!("{} cannot be written: {error}", file.display()))?;
            secrets.insert(*code, secret);
        }
        Ok(secrets)
    }

    /// Who is reached how: by webhook all at one address, with a path each.
    ///
    /// # Errors
    /// A sentence.
    pub fn endpoints(&self, organisations: &[Code], directory: &Directory, address: SocketAddr) -> Result<PathBuf, String> {
        let mut text = String::from("# Written by `placement-hub demo` at its start.\n");
        for code in organisations {
            let name = directory.organisation(*code).map_or("", |organisation| organisation.name.as_str());
            let way = match Rail::of(*code) {
                Rail::Queue => "adapter = \"queue\"".to_owned(),
                Rail::Feed => "adapter = \"feed\"".to_owned(),
                Rail::Webhook => format!(
                    "adapter = \"webhook\"\nurl = \"http://{address}/{code}\"\nsecret_files = [\"{SECRETS}/{code}.{SECRET_ENDING}\"]\nallow_private = true"
                ),
            };
            // Writing to a text cannot fail.
            let _ = write!(text, "\n[[endpoint]] # {name}\norganisation = \"{code}\"\n{way}\ntimeout_seconds = 5\n");
        }
        self.write("endpoints.toml", &text)
    }

    /// The tokens of those who fetch their feeds.
    ///
    /// # Errors
    /// A sentence.
    pub fn tokens(&self, tokens: &BTreeMap<Code, String>) -> Result<PathBuf, String> {
        let mut text = String::from("# Written by `placement-hub demo` at its start.\n");
        for (code, token) in tokens {
            let digest = hex(&token_digest(token));
            let _ = write!(text, "\n[[token]]\norganisation = \"{code}\"\nsha256 = \"{digest}\"\nmay = [\"read\"]\n");
        }
        self.write("tokens.toml", &text)
    }

    /// Who may publish what: each what its kind sends.
    ///
    /// # Errors
    /// A sentence.
    pub fn publishers(&self, organisations: &[Code], directory: &Directory) -> Result<PathBuf, String> {
        let mut text = String::from("# Written by `placement-hub demo` at its start.\n");
        for organisation in organisations.iter().filter_map(|code| directory.organisation(*code)) {
            let may_send = match organisation.kind {
                OrganisationKind::Authority => "\"placement-change\", \"wellbeing-concern\", \"acknowledgement\"",
                OrganisationKind::Provider => "\"referral-update\", \"acknowledgement\"",
                OrganisationKind::CommissionerBody | OrganisationKind::CommissionerPlace => "\"reclaim-update\", \"acknowledgement\"",
            };
            let _ = write!(
                text,
                "\n[[publisher]] # {}\norganisation = \"{}\"\nmay_send = [{may_send}]\n",
                organisation.name, organisation.code
            );
        }
        self.write("publishers.toml", &text)
    }

    fn write(&self, name: &str, text: &str) -> Result<PathBuf, String> {
        let path = self.file(name);
        fs::write(&path, text).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        // The directory takes paths relative to the settings' folder; an absolute one is the same from everywhere.
        path.canonicalize().map_err(|error| format!("{} cannot be read again: {error}", path.display()))
    }
}

fn wipe(path: &Path) -> io::Result<()> {
    for name in FILES {
        remove(&path.join(name))?;
    }
    let secrets = path.join(SECRETS);
    if secrets.is_dir() {
        for entry in fs::read_dir(&secrets)? {
            let file = entry?.path();
            if file.extension().is_some_and(|ending| ending == SECRET_ENDING) {
                remove(&file)?;
            }
        }
    }
    Ok(())
}

fn remove(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use io::Write;
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

fn secret() -> Option<String> {
    let mut bytes = [0; SECRET_LETTERS];
    SystemRandom::new().fill(&mut bytes).ok()?;
    let letters = bytes.iter().map(|byte| char::from(BASE64[usize::from(byte % 64)]));
    Some("whsec_".chars().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::{Folder, MARK};
    use domain::Code;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hub.db");
        fs::write(&file, "somebody's").unwrap();
        let refused = Folder::take(folder.path()).err().unwrap();
        assert!(refused.contains("did not make") && fs::read_to_string(file).unwrap() == "somebody's", "{refused}");
    }

    #[test]
    fn only_what_the_demo_made_is_deleted_and_only_one_demo_runs_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("var/demo");
        let kent = Code::new("E10000016").unwrap();
        let first = Folder::take(&path).unwrap();
        let secrets = first.secrets(&[kent]).unwrap();
        assert!(secrets[&kent].starts_with("whsec_") && secrets[&kent].len() == 38);
        let mode = fs::metadata(path.join("secrets/E10000016.whsec")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(Folder::take(&path).err().unwrap().contains("another demo"));
        drop(first);
        for name in ["hub.db", "notes.txt"] {
            fs::write(path.join(name), "x").unwrap();
        }
        let _second = Folder::take(&path).unwrap();
        let mut left: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        left.sort();
        assert_eq!(left, [MARK, "notes.txt", "secrets"]);
        assert_eq!(fs::read_dir(path.join("secrets")).unwrap().count(), 0);
    }
}
