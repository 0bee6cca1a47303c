//! The key that certificates are checked with, as others know it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, section 4).
const SPKI_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey(pub [u8; 32]);

/// The text is no Ed25519 public key in PEM.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not an Ed25519 public key in PEM (`-----BEGIN PUBLIC KEY-----`), as `trace --public-key` prints it")]
pub struct NotAKey;

impl PublicKey {
    /// The key's name in a certificate: its thumbprint (RFC 7638), which anybody can work out from the key.
    #[must_use]
    pub fn id(&self) -> String {
        let key = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(self.0));
        URL_SAFE_NO_PAD.encode(digest(&SHA256, key.as_bytes()))
    }

    /// As JOSE libraries take it (RFC 8037).
    #[must_use]
    pub fn to_jwk(&self) -> serde_json::Value {
        let key = URL_SAFE_NO_PAD.encode(self.0);
        serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id(), "x": key })
    }

    /// SubjectPublicKeyInfo in PEM, as OpenSSL and most libraries read it.
    #[must_use]
    pub fn to_pem(&self) -> String {
        let der = [SPKI_HEAD.as_slice(), self.0.as_slice()].concat();
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(der))
    }

    /// # Errors
    /// Where the text is anything else.
    pub fn from_pem(text: &str) -> Result<Self, NotAKey> {
        let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)).ok_or(NotAKey)?;
        let body: String = body.split_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| NotAKey)?;
        let key = der.strip_prefix(&SPKI_HEAD).ok_or(NotAKey)?;
        Ok(Self(key.try_into().map_err(|_| NotAKey)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key of RFC 8037, appendix A.
    fn of_the_rfc() -> PublicKey {
        let key = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        PublicKey(key.try_into().unwrap())
    }

    #[test]
    fn its_name_is_the_thumbprint_of_rfc_8037() {
        assert_eq!(of_the_rfc().id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn pem_comes_back_as_it_went() {
        let key = of_the_rfc();
        assert_eq!(PublicKey::from_pem(&key.to_pem()), Ok(key));
        assert_eq!(PublicKey::from_pem(&key.to_pem().replace('\n', "\r\n")), Ok(key));
        for wrong in ["", "abc", &key.to_pem()[1..], &key.to_pem().replace("MCow", "MCox"), &key.to_pem().replace("PUBLIC", "PRIVATE")] {
            assert_eq!(PublicKey::from_pem(wrong), Err(NotAKey), "{wrong}");
        }
        let short = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode([SPKI_HEAD.as_slice(), &[1; 31]].concat()));
        assert_eq!(PublicKey::from_pem(&short), Err(NotAKey));
    }
}
