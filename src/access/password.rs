//! Passwords of local accounts: Argon2id, with the parameters that OWASP gives as a minimum (19 MiB, two passes, one lane).

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::LazyLock;

/// The NCSC's three random words are longer; shorter ones are guessed.
const CHARACTERS_MIN: usize = 12;
/// Nobody types more, and hashing it costs time.
const BYTES_MAX: usize = 256;

/// What an unknown name's password is compared with, so that it takes as long as a known one's.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash("nobody has this one").ok());

/// # Errors
/// A sentence: what is wrong with it.
pub fn acceptable(name: &str, password: &str) -> Result<(), String> {
    if password.chars().count() < CHARACTERS_MIN {
        return Err(format!("the password needs at least {CHARACTERS_MIN} characters; three random words do well"));
    }
    if password.len() > BYTES_MAX {
        return Err(format!("the password may have {BYTES_MAX} bytes"));
    }
    let mut characters: Vec<char> = password.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    if characters.len() < 5 || password.to_lowercase().contains(&name.to_lowercase()) {
        return Err("the password is too easy to guess: it repeats itself, or has the name in it".to_owned());
    }
    Ok(())
}

/// Blocking, a tenth of a second or so.
///
/// # Errors
/// Where this machine gives no random numbers.
pub fn hash(password: &str) -> Result<String, String> {
    let failed = |what: &str| format!("the password cannot be hashed: {what}");
    let mut salt = [0; 16];
    SystemRandom::new().fill(&mut salt).map_err(|_| failed("this machine gives no random numbers"))?;
    let salt = SaltString::encode_b64(&salt).map_err(|error| failed(&error.to_string()))?;
    let hashed = hasher().hash_password(password.as_bytes(), &salt).map_err(|error| failed(&error.to_string()))?;
    Ok(hashed.to_string())
}

/// Whether it is the one; takes as long where there is none. Blocking.
#[must_use]
pub fn verify(password: &str, stored: Option<&str>) -> bool {
    let known = stored.is_some() && password.len() <= BYTES_MAX;
    let Some(stored) = stored.filter(|_| known).or(NOBODY.as_deref()) else { return false };
    let Ok(stored) = PasswordHash::new(stored) else { return false };
    let password = if password.len() <= BYTES_MAX { password } else { "" };
    hasher().verify_password(password.as_bytes(), &stored).is_ok() && known
}

/// Whether a file's text is a hash that can be compared with.
#[must_use]
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_opens_what_was_made_from_it_and_nothing_else() {
        let stored = hash("three random words").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(is_hash(&stored) && !is_hash("three random words"));
        assert!(verify("three random words", Some(&stored)));
        assert!(!verify("three random word", Some(&stored)));
        assert!(!verify("nobody has this one", None));
        assert_ne!(hash("three random words").unwrap(), stored, "each has a salt of its own");
    }

    #[test]
    fn easy_ones_are_refused_with_a_sentence() {
        for (password, word) in [("short", "at least 12"), ("aaaaaaaaaaaaaa", "too easy"), ("Ada-in-the-morning", "too easy")] {
            assert!(acceptable("ada", password).unwrap_err().contains(word), "{password}");
        }
        assert!(acceptable("ada", &"long enough ".repeat(40)).unwrap_err().contains("256 bytes"));
        assert_eq!(acceptable("ada", "three random words"), Ok(()));
    }
}
