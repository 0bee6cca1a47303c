//! Signing and checking: a flattened JWS in JSON (RFC 7515, section 7.2.2) with `EdDSA` (RFC 8037).

use super::public_key::PublicKey;
use crate::keys::Keys;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

const ALGORITHM: &str = "EdDSA";
/// Without `application/`, as RFC 7515 recommends; of its own, so that nothing else that this key might sign passes for one.
const TYPE: &str = "vnd.placement-hub.certificate+json";

/// The three parts, each in base64url without padding.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Jws {
    payload: String,
    protected: String,
    signature: String,
}

/// What is signed about the signature. Anything more could change what the rest means, so it is refused.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: String,
    kid: String,
}

/// Why a document is not to be relied on. Nothing that it says is vouched for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotGenuine {
    #[error("it is not a certificate: {0}")]
    NotACertificate(&'static str),
    #[error(
        "it is signed with another key: it names the key {found}, and was checked with {own}; ask its issuer for that key, or refuse it"
    )]
    OtherKey { found: String, own: String },
    #[error(
        "it was ALTERED: its signature is not that of the key {own}, which it names, over this content; refuse it and ask for it again"
    )]
    Altered { own: String },
}

/// The statement, signed: a JSON document of one line a member.
///
/// # Errors
/// Never for text: it is what the JSON library could refuse.
pub fn sign(keys: &Keys, statement: &[u8]) -> Result<String, serde_json::Error> {
    let kid = PublicKey(keys.certificate_key()).id();
    let header = serde_json::to_vec(&Header { alg: ALGORITHM.to_owned(), typ: TYPE.to_owned(), kid })?;
    let (payload, protected) = (URL_SAFE_NO_PAD.encode(statement), URL_SAFE_NO_PAD.encode(header));
    let signature = URL_SAFE_NO_PAD.encode(keys.sign(signing_input(&protected, &payload).as_bytes()));
    serde_json::to_string_pretty(&Jws { payload, protected, signature })
}

/// The statement, where `key` signed exactly this.
///
/// # Errors
/// Where it is no certificate, of another key, or altered.
pub fn verify(document: &[u8], key: &PublicKey) -> Result<Vec<u8>, NotGenuine> {
    use NotGenuine::NotACertificate;
    let jws: Jws = serde_json::from_slice(document)
        .map_err(|_| NotACertificate("it is not a JSON object of just `payload`, `protected` and `signature`"))?;
    let own = key.id();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok();
    let header = decode(&jws.protected).and_then(|header| serde_json::from_slice::<Header>(&header).ok());
    // Never by the algorithm or the key that the header asks for: what is checked, and with what, is decided here.
    let checked = decode(&jws.signature).filter(|signature| {
        let input = signing_input(&jws.protected, &jws.payload);
        UnparsedPublicKey::new(&ED25519, key.0).verify(input.as_bytes(), signature).is_ok()
    });
    match (checked, header) {
        (Some(_), Some(header)) if (header.alg.as_str(), header.typ.as_str(), &header.kid) == (ALGORITHM, TYPE, &own) => {
            decode(&jws.payload).ok_or(NotGenuine::Altered { own })
        }
        (Some(_), _) => Err(NotACertificate("this key has signed it, but as a document of another type")),
        (None, Some(header)) if header.kid != own => Err(NotGenuine::OtherKey { found: header.kid, own }),
        (None, _) => Err(NotGenuine::Altered { own }),
    }
}

fn signing_input(protected: &str, payload: &str) -> String {
    format!("{protected}.{payload}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn keys(master: u8) -> Keys {
        Keys::from_master(&[master; 32]).unwrap()
    }

    fn public(keys: &Keys) -> PublicKey {
        PublicKey(keys.certificate_key())
    }

    #[test]
    fn what_was_signed_comes_back() {
        let keys = keys(7);
        let document = sign(&keys, b"{\"said\":1}").unwrap();
        assert_eq!(verify(document.as_bytes(), &public(&keys)), Ok(b"{\"said\":1}".to_vec()));
    }

    /// RFC 8037, appendix A.4: the same algorithm over the same input as everybody else's.
    #[test]
    fn the_algorithm_is_that_of_rfc_8037() {
        let key = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let input = signing_input("eyJhbGciOiJFZERTQSJ9", &URL_SAFE_NO_PAD.encode("Example of Ed25519 signing"));
        assert_eq!(input, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ED25519, key).verify(input.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn another_key_is_named() {
        let document = sign(&keys(8), b"{}").unwrap();
        let (found, own) = (public(&keys(8)).id(), public(&keys(7)).id());
        assert_eq!(verify(document.as_bytes(), &public(&keys(7))), Err(NotGenuine::OtherKey { found, own }));
    }

    #[test]
    fn a_signature_by_another_key_under_our_name_is_refused() {
        let (ours, theirs) = (sign(&keys(7), b"{}").unwrap(), sign(&keys(8), b"{}").unwrap());
        let (mut forged, theirs): (Value, Value) = (serde_json::from_str(&ours).unwrap(), serde_json::from_str(&theirs).unwrap());
        forged["signature"] = theirs["signature"].clone();
        assert!(matches!(verify(forged.to_string().as_bytes(), &public(&keys(7))), Err(NotGenuine::Altered { .. })));
    }

    #[test]
    fn no_other_algorithm_type_or_header_is_taken() {
        let keys = keys(7);
        let kid = public(&keys).id();
        for header in [
            format!(r#"{{"alg":"none","typ":"{TYPE}","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}"}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"{TYPE}","kid":"{kid}","b64":false,"crit":["b64"]}}"#),
            format!(r#"{{"alg":"EdDSA","typ":"{TYPE}"}}"#),
        ] {
            let (payload, protected) = (URL_SAFE_NO_PAD.encode("{}"), URL_SAFE_NO_PAD.encode(&header));
            // Signed all the same: so it is the header that is refused.
            let signature = URL_SAFE_NO_PAD.encode(keys.sign(signing_input(&protected, &payload).as_bytes()));
            let document = serde_json::to_string(&Jws { payload, protected, signature }).unwrap();
            assert!(matches!(verify(document.as_bytes(), &public(&keys)), Err(NotGenuine::NotACertificate(_))), "{header}");
        }
        let mut document: Value = serde_json::from_str(&sign(&keys, b"{}").unwrap()).unwrap();
        document["header"] = serde_json::json!({ "kid": "other" });
        assert!(matches!(verify(document.to_string().as_bytes(), &public(&keys)), Err(NotGenuine::NotACertificate(_))));
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_and_none_break_it(document in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(verify(&document, &public(&keys(7))).is_err());
        }

        #[test]
        fn any_change_of_any_part_is_refused(part in 0_usize..3, at in any::<prop::sample::Index>(), bit in 0_u32..7) {
            let keys = keys(7);
            let part = ["payload", "protected", "signature"][part];
            let mut document: Value = serde_json::from_str(&sign(&keys, b"{\"said\":\"in time\"}").unwrap()).unwrap();
            let mut changed = document[part].as_str().unwrap().as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            document[part] = String::from_utf8(changed).unwrap().into();
            prop_assert!(verify(document.to_string().as_bytes(), &public(&keys)).is_err());
        }
    }
}
