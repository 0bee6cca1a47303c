//! Key material: what seals child data at rest, what pseudonyms and claim ids are made with, what certificates are signed with.

use domain::Code;
use domain::hex::{hex, unhex};
use domain::port::{Alias, ChildKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// First byte of everything sealed: says how.
const SEALED_V1: u8 = 1;
const KEY_ID_LENGTH: usize = 4;
const MASTER_LENGTH: usize = 32;

/// The keys of one hub. Each is derived from one master by its own label, so that none can be used for another's purpose.
pub struct Keys {
    seal: LessSafeKey,
    key_id: [u8; KEY_ID_LENGTH],
    pseudonym: hmac::Key,
    claim: [u8; 32],
    certificate: Ed25519KeyPair,
    nonces: Nonces,
}

/// Nonces that never repeat under one key: each process counts on from a random place among 2^96, so that no two runs of
/// any realistic number and length overlap; and none costs a call to the operating system.
struct Nonces {
    start: u128,
    taken: AtomicU64,
}

impl Nonces {
    fn new() -> Result<Self, KeyError> {
        let mut start = [0; 16];
        SystemRandom::new().fill(&mut start).map_err(|_| KeyError::NoRandom)?;
        Ok(Self { start: u128::from_be_bytes(start), taken: AtomicU64::new(0) })
    }

    fn next(&self) -> [u8; NONCE_LEN] {
        let number = self.start.wrapping_add(self.taken.fetch_add(1, Ordering::Relaxed).into());
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&number.to_be_bytes()[16 - NONCE_LEN..]);
        nonce
    }
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {path} cannot be read or written; check that the hub's user owns it")]
    File { path: String, source: std::io::Error },
    #[error(
        "the key file {path} does not hold 64 hexadecimal digits; restore it from your backup: without it nothing in the ledger can be opened"
    )]
    Malformed { path: String },
    #[error("what the ledger holds was sealed with key {found}, this hub has key {own}; restore the key file that belongs to this ledger")]
    OtherKey { found: String, own: String },
    #[error("sealed content does not open: it was changed, or belongs elsewhere")]
    Tampered,
    #[error("the operating system gives no random numbers")]
    NoRandom,
}

impl Keys {
    /// Reads the key file, or makes one where there is none yet (readable by its owner only).
    ///
    /// # Errors
    /// Where the file can't be read, written or understood.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let file_error = |source| KeyError::File { path: path.display().to_string(), source };
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let master = unhex(text.trim()).ok_or_else(|| KeyError::Malformed { path: path.display().to_string() })?;
                Self::from_master(&master)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let mut master = [0; MASTER_LENGTH];
                SystemRandom::new().fill(&mut master).map_err(|_| KeyError::NoRandom)?;
                if let Some(folder) = path.parent() {
                    std::fs::create_dir_all(folder).map_err(file_error)?;
                }
                write_private(path, &hex(&master)).map_err(file_error)?;
                Self::from_master(&master)
            }
            Err(error) => Err(file_error(error)),
        }
    }

    /// # Errors
    /// Where the operating system gives no random numbers.
    pub fn from_master(master: &[u8; MASTER_LENGTH]) -> Result<Self, KeyError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derive = |purpose: &str| -> [u8; 32] {
            let mut key = [0; 32];
            key.copy_from_slice(hmac::sign(&master, purpose.as_bytes()).as_ref());
            key
        };
        let seal = derive("seal v1");
        let mut key_id = [0; KEY_ID_LENGTH];
        key_id.copy_from_slice(&derive("key id v1")[..KEY_ID_LENGTH]);
        Ok(Self {
            seal: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &seal).map_err(|_| KeyError::Tampered)?),
            key_id,
            pseudonym: hmac::Key::new(hmac::HMAC_SHA256, &derive("pseudonym v1")),
            claim: derive("claim v1"),
            certificate: Ed25519KeyPair::from_seed_unchecked(&derive("certificate v1")).map_err(|_| KeyError::Tampered)?,
            nonces: Nonces::new()?,
        })
    }

    /// Encrypts and authenticates; `purpose` must be given again to open.
    ///
    /// # Errors
    /// Where the library refuses: never, for contents of this size.
    pub fn seal(&self, purpose: &str, content: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = self.nonces.next();
        let header = 1 + KEY_ID_LENGTH + NONCE_LEN;
        let mut sealed = Vec::with_capacity(header + content.len() + AES_256_GCM.tag_len());
        sealed.push(SEALED_V1);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let (_, body) = sealed.split_at_mut(header);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.seal.seal_in_place_separate_tag(nonce, Aad::from(purpose.as_bytes()), body).map_err(|_| KeyError::Tampered)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// # Errors
    /// Where it was sealed with another key, for another purpose, or changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let header = 1 + KEY_ID_LENGTH + NONCE_LEN;
        let (head, body) = sealed.split_at_checked(header).ok_or(KeyError::Tampered)?;
        let key_id = &head[1..=KEY_ID_LENGTH];
        if head[0] != SEALED_V1 {
            return Err(KeyError::Tampered);
        }
        if key_id != self.key_id {
            return Err(KeyError::OtherKey { found: hex(key_id), own: hex(&self.key_id) });
        }
        let nonce = Nonce::try_assume_unique_for_key(&head[1 + KEY_ID_LENGTH..]).map_err(|_| KeyError::Tampered)?;
        let mut body = body.to_vec();
        let length = self.seal.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).map_err(|_| KeyError::Tampered)?.len();
        body.truncate(length);
        Ok(body)
    }

    /// The pseudonym of a child: unique within its responsible authority.
    #[must_use]
    pub fn child(&self, authority: Code, local_id: &str) -> ChildKey {
        ChildKey(self.pseudonym(&["child", authority.as_str(), local_id]))
    }

    /// The pseudonym of an id as a person would paste it.
    #[must_use]
    pub fn alias(&self, id: &str) -> Alias {
        Alias(self.pseudonym(&["alias", id]))
    }

    #[must_use]
    pub fn claim_key(&self) -> [u8; 32] {
        self.claim
    }

    /// The Ed25519 key by which anybody can check what [`Keys::sign`] signed: the same for as long as the key file is.
    #[must_use]
    pub fn certificate_key(&self) -> [u8; 32] {
        let mut key = [0; 32];
        key.copy_from_slice(self.certificate.public_key().as_ref());
        key
    }

    /// The Ed25519 signature of a certificate.
    #[must_use]
    pub fn sign(&self, content: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.certificate.sign(content).as_ref());
        signature
    }

    fn pseudonym(&self, parts: &[&str]) -> [u8; 16] {
        let mut context = hmac::Context::with_key(&self.pseudonym);
        for part in parts {
            context.update(part.as_bytes());
            context.update(&[0]);
        }
        let mut pseudonym = [0; 16];
        pseudonym.copy_from_slice(&context.sign().as_ref()[..16]);
        pseudonym
    }
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{text}")?;
    // A ledger sealed with a key that a power cut took away would be lost.
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_unchanged_and_for_its_purpose() {
        let keys = Keys::from_master(&[7; 32]).unwrap();
        let sealed = keys.seal("payload", b"Ada").unwrap();
        assert_eq!(keys.open("payload", &sealed).unwrap(), b"Ada");
        assert!(!sealed.windows(3).any(|window| window == b"Ada"));
        assert!(keys.open("casefile", &sealed).is_err());
        for position in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[position] ^= 1;
            assert!(keys.open("payload", &changed).is_err(), "byte {position}");
        }
        let other = Keys::from_master(&[8; 32]).unwrap();
        assert!(matches!(other.open("payload", &sealed), Err(KeyError::OtherKey { .. })));
    }

    #[test]
    fn no_nonce_comes_twice() {
        let keys = Keys::from_master(&[7; 32]).unwrap();
        let nonces: std::collections::HashSet<_> = (0..1_000).map(|_| keys.nonces.next()).collect();
        assert_eq!(nonces.len(), 1_000);
        assert_ne!(Keys::from_master(&[7; 32]).unwrap().seal("payload", b"Ada").unwrap(), keys.seal("payload", b"Ada").unwrap());
    }

    #[test]
    fn the_certificate_key_is_the_masters_own_and_lasts() {
        let (keys, again, other) = (Keys::from_master(&[7; 32]), Keys::from_master(&[7; 32]), Keys::from_master(&[8; 32]));
        let (keys, again, other) = (keys.unwrap(), again.unwrap(), other.unwrap());
        assert_eq!((keys.certificate_key(), keys.sign(b"said")), (again.certificate_key(), again.sign(b"said")));
        assert_ne!(keys.certificate_key(), other.certificate_key());
        // Written down here: another derivation would make every certificate issued before look forged.
        assert_eq!(hex(&keys.certificate_key()), "2b691f6b91cec7055fcf4a8a9a542cfa07f7c0652e254eb649d1e7007422d998");
    }

    #[test]
    fn a_key_file_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/hub.key");
        let first = Keys::load_or_create(&path).unwrap();
        let again = Keys::load_or_create(&path).unwrap();
        let authority = Code::new("E10000016").unwrap();
        assert_eq!(first.child(authority, "104233"), again.child(authority, "104233"));
        std::fs::write(&path, "abc").unwrap();
        assert!(matches!(Keys::load_or_create(&path), Err(KeyError::Malformed { .. })));
    }
}
