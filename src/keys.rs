//! Key material: what seals child data at rest, what pseudonyms and claim ids are made with, what certificates are signed with.

mod file;

pub use file::{KeyFile, NotChanged, Secret};

use arc_swap::ArcSwap;
use domain::Code;
use domain::hex::hex;
use domain::port::{Alias, ChildKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// First byte of everything sealed: says how.
const SEALED_V1: u8 = 1;
const KEY_ID_LENGTH: usize = 4;

/// Names a sealing key: it stands before everything that the key sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub [u8; KEY_ID_LENGTH]);

/// The keys of one hub. Each is derived from one secret by its own label, so that none can be used for another's purpose. Sealing
/// keys can be changed ([`KeyFile`]); what pseudonyms, claim ids and certificates are made with stays.
pub struct Keys {
    ring: ArcSwap<Ring>,
    /// Where further sealing keys are found; none where the keys came from no file.
    path: Option<PathBuf>,
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
        "the key file {path} does not begin with 64 hexadecimal digits, or has a line that is no key; restore it from your backup: without it nothing in the ledger can be opened"
    )]
    Malformed { path: String },
    #[error("what the ledger holds was sealed with key {found}, this hub has key {own}; restore the key file that belongs to this ledger")]
    OtherKey { found: String, own: String },
    #[error("sealed content does not open: it was changed, or belongs elsewhere")]
    Tampered,
    #[error("the operating system gives no random numbers")]
    NoRandom,
}

/// The sealing keys: all of them open, one seals.
struct Ring {
    keys: Vec<(KeyId, LessSafeKey)>,
    sealing: usize,
}

impl Ring {
    fn new(file: &KeyFile) -> Result<Self, KeyError> {
        let secrets = std::iter::once(&file.master).chain(file.seals.iter().map(|seal| &seal.secret));
        let keys = secrets.map(sealing_key).collect::<Result<_, _>>()?;
        Ok(Self { keys, sealing: file.sealing().map_or(0, |at| at + 1) })
    }

    fn get(&self, id: KeyId) -> Option<&LessSafeKey> {
        self.keys.iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }

    /// The key that seals; the master's is always there.
    fn sealing(&self) -> &(KeyId, LessSafeKey) {
        &self.keys[self.sealing]
    }
}

fn sealing_key(secret: &Secret) -> Result<(KeyId, LessSafeKey), KeyError> {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let key = UnboundKey::new(&AES_256_GCM, &derived(&secret, "seal v1")).map_err(|_| KeyError::Tampered)?;
    Ok((id_of(&secret), LessSafeKey::new(key)))
}

fn id_of(secret: &hmac::Key) -> KeyId {
    let mut id = [0; KEY_ID_LENGTH];
    id.copy_from_slice(&derived(secret, "key id v1")[..KEY_ID_LENGTH]);
    KeyId(id)
}

fn derived(secret: &hmac::Key, purpose: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(hmac::sign(secret, purpose.as_bytes()).as_ref());
    key
}

impl KeyId {
    /// Of the sealing key that is made from a secret.
    #[must_use]
    pub fn of(secret: &Secret) -> Self {
        id_of(&hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    /// Which key sealed this; none where it is nothing sealed.
    #[must_use]
    pub fn of_sealed(sealed: &[u8]) -> Option<Self> {
        let id = sealed.get(1..=KEY_ID_LENGTH).filter(|_| sealed[0] == SEALED_V1)?;
        id.try_into().ok().map(Self)
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl Keys {
    /// Reads the key file, or makes one where there is none yet (readable by its owner only).
    ///
    /// # Errors
    /// Where the file can't be read, written or understood.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        if !path.exists() {
            let file = KeyFile::new(random_secret()?);
            let file_error = |source| KeyError::File { path: path.display().to_string(), source };
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(file_error)?;
            }
            write_private(path, &file.text()).map_err(file_error)?;
        }
        Ok(Self { path: Some(path.to_owned()), ..Self::from_file(&read_file(path)?)? })
    }

    /// # Errors
    /// Where the operating system gives no random numbers.
    pub fn from_master(master: &Secret) -> Result<Self, KeyError> {
        Self::from_file(&KeyFile::new(*master))
    }

    fn from_file(file: &KeyFile) -> Result<Self, KeyError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, &file.master);
        Ok(Self {
            ring: ArcSwap::from_pointee(Ring::new(file)?),
            path: None,
            pseudonym: hmac::Key::new(hmac::HMAC_SHA256, &derived(&master, "pseudonym v1")),
            claim: derived(&master, "claim v1"),
            certificate: Ed25519KeyPair::from_seed_unchecked(&derived(&master, "certificate v1")).map_err(|_| KeyError::Tampered)?,
            nonces: Nonces::new()?,
        })
    }

    /// Takes in what the key file says now of sealing keys: others may have been added, or another may be in use.
    ///
    /// # Errors
    /// Where it can't be read, or is another hub's: then everything stays as it was.
    pub fn reload(&self) -> Result<(), KeyError> {
        let Some(path) = &self.path else { return Ok(()) };
        let ring = Ring::new(&read_file(path)?)?;
        let (own, found) = (self.ring.load().keys[0].0, ring.keys[0].0);
        if own != found {
            return Err(KeyError::OtherKey { found: found.to_string(), own: own.to_string() });
        }
        self.ring.store(Arc::new(ring));
        Ok(())
    }

    /// The key that seals now.
    #[must_use]
    pub fn sealing(&self) -> KeyId {
        self.ring.load().sealing().0
    }

    /// What everything that it seals begins with.
    #[must_use]
    pub fn mark(&self) -> [u8; 1 + KEY_ID_LENGTH] {
        let mut mark = [SEALED_V1; 1 + KEY_ID_LENGTH];
        mark[1..].copy_from_slice(&self.sealing().0);
        mark
    }

    /// Whether something may be sealed with another key than that.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.ring.load().keys.len() > 1
    }

    /// Encrypts and authenticates; `purpose` must be given again to open.
    ///
    /// # Errors
    /// Where the library refuses: never, for contents of this size.
    pub fn seal(&self, purpose: &str, content: &[u8]) -> Result<Vec<u8>, KeyError> {
        let nonce = self.nonces.next();
        let header = 1 + KEY_ID_LENGTH + NONCE_LEN;
        let ring = self.ring.load();
        let (id, key) = ring.sealing();
        let mut sealed = Vec::with_capacity(header + content.len() + AES_256_GCM.tag_len());
        sealed.push(SEALED_V1);
        sealed.extend_from_slice(&id.0);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(content);
        let (_, body) = sealed.split_at_mut(header);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = key.seal_in_place_separate_tag(nonce, Aad::from(purpose.as_bytes()), body).map_err(|_| KeyError::Tampered)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// A key that is not known yet is looked for in the key file once more: another hub may have begun to use it.
    ///
    /// # Errors
    /// Where it was sealed with another key, for another purpose, or changed.
    pub fn open(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, KeyError> {
        let id = KeyId::of_sealed(sealed).ok_or(KeyError::Tampered)?;
        let (head, body) = sealed.split_at_checked(1 + KEY_ID_LENGTH + NONCE_LEN).ok_or(KeyError::Tampered)?;
        let mut ring = self.ring.load_full();
        if ring.get(id).is_none() {
            self.reload()?;
            ring = self.ring.load_full();
        }
        let own = || ring.sealing().0.to_string();
        let key = ring.get(id).ok_or_else(|| KeyError::OtherKey { found: id.to_string(), own: own() })?;
        let nonce = Nonce::try_assume_unique_for_key(&head[1 + KEY_ID_LENGTH..]).map_err(|_| KeyError::Tampered)?;
        let mut body = body.to_vec();
        let length = key.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).map_err(|_| KeyError::Tampered)?.len();
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

/// # Errors
/// Where the operating system gives none.
pub fn random_secret() -> Result<Secret, KeyError> {
    let mut secret = Secret::default();
    SystemRandom::new().fill(&mut secret).map_err(|_| KeyError::NoRandom)?;
    Ok(secret)
}

/// # Errors
/// Where the file is not there, can't be read, or is no key file.
pub fn read_file(path: &Path) -> Result<KeyFile, KeyError> {
    let text = std::fs::read_to_string(path).map_err(|source| KeyError::File { path: path.display().to_string(), source })?;
    KeyFile::read(&text).ok_or_else(|| KeyError::Malformed { path: path.display().to_string() })
}

/// Puts a changed key file in the old one's place: whoever reads it meanwhile reads either.
///
/// # Errors
/// Where it can't be written; the old one is still there then.
pub fn replace_file(path: &Path, file: &KeyFile) -> Result<(), KeyError> {
    let file_error = |source| KeyError::File { path: path.display().to_string(), source };
    let newer = path.with_extension("new");
    match std::fs::remove_file(&newer) {
        // What a change that was cut short has left.
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(file_error(error)),
        _ => {}
    }
    write_private(&newer, &file.text()).map_err(file_error)?;
    std::fs::rename(&newer, path).map_err(file_error)?;
    // The folder's own entry has to outlast a power cut too.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(file_error)
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
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

    #[test]
    fn a_new_key_opens_before_it_seals_and_old_content_stays_readable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hub.key");
        let (one, two) = (Keys::load_or_create(&path).unwrap(), Keys::load_or_create(&path).unwrap());
        let first = one.seal("payload", b"Ada").unwrap();
        let child = one.child(Code::new("E10000016").unwrap(), "104233");

        let mut file = read_file(&path).unwrap();
        file.add(random_secret().unwrap()).unwrap();
        replace_file(&path, &file).unwrap();
        one.reload().unwrap();
        assert_eq!(KeyId::of_sealed(&one.seal("payload", b"Ada").unwrap()), KeyId::of_sealed(&first), "known, and not used yet");
        file.use_next().unwrap();
        replace_file(&path, &file).unwrap();
        one.reload().unwrap();
        let second = one.seal("payload", b"Ada").unwrap();
        assert_ne!(KeyId::of_sealed(&second), KeyId::of_sealed(&first));
        assert_eq!(KeyId::of_sealed(&second), Some(one.sealing()));

        // The other hub has not been told: it finds the key by itself.
        for keys in [&one, &two] {
            assert_eq!((keys.open("payload", &first).unwrap(), keys.open("payload", &second).unwrap()), (b"Ada".to_vec(), b"Ada".to_vec()));
            assert_eq!(keys.child(Code::new("E10000016").unwrap(), "104233"), child, "pseudonyms stay");
        }
        assert_eq!(
            std::fs::metadata(&path).map(|found| std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o777).unwrap(),
            0o600
        );

        // Another hub's file in its place changes nothing.
        replace_file(&path, &KeyFile::new([9; 32])).unwrap();
        assert!(matches!(one.reload(), Err(KeyError::OtherKey { .. })));
        assert_eq!(one.open("payload", &second).unwrap(), b"Ada");
    }
}
