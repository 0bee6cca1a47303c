//! Nothing of a certificate can be changed.

use super::built::{KEYS, certify, moved, of_kent};
use placement_hub::certificate::{PublicKey, Statement, jws};
use serde_json::Value;

pub fn certificate() -> String {
    let statement = certify(&[of_kent(&[moved()])], "MOVE7", None).unwrap();
    jws::sign(&KEYS, &serde_json::to_vec(&statement).unwrap()).unwrap()
}

pub fn public() -> PublicKey {
    PublicKey(KEYS.certificate_key())
}

/// Every character of every part, by each of its neighbours in the alphabet that one bit leads to.
#[test]
fn every_flipped_bit_is_refused() {
    let certificate = certificate();
    let whole: Value = serde_json::from_str(&certificate).unwrap();
    assert!(jws::verify(certificate.as_bytes(), &public()).is_ok());
    let mut tried = 0;
    for part in ["payload", "protected", "signature"] {
        let text = whole[part].as_str().unwrap();
        for at in 0..text.len() {
            let mut changed = text.as_bytes().to_vec();
            changed[at] ^= 1 << (at % 7);
            let mut document = whole.clone();
            document[part] = String::from_utf8(changed).unwrap().into();
            assert!(jws::verify(document.to_string().as_bytes(), &public()).is_err(), "character {at} of {part}");
            tried += 1;
        }
    }
    assert!(tried > 2_000, "{tried}");
}

#[test]
fn a_part_left_out_exchanged_or_added_is_refused() {
    let whole: Value = serde_json::from_str(&certificate()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut document = whole.clone();
        change(&mut document);
        jws::verify(document.to_string().as_bytes(), &public()).is_err()
    };
    assert!(!refused(&|_| ()));
    for part in ["payload", "protected", "signature"] {
        assert!(refused(&|document| drop(document.as_object_mut().unwrap().remove(part))), "{part}");
        assert!(refused(&|document| document[part] = "".into()), "{part}");
        assert!(refused(&|document| document[part] = (document[part].as_str().unwrap().to_owned() + "=").into()), "{part}");
    }
    assert!(refused(&|document| document["header"] = Value::Null));
    let other = jws::sign(&KEYS, b"{}").unwrap();
    let other: Value = serde_json::from_str(&other).unwrap();
    assert!(refused(&|document| document["signature"] = other["signature"].clone()));
}

#[test]
fn the_statement_comes_back_as_it_was() {
    let statement = certify(&[of_kent(&[moved()])], "MOVE7", None).unwrap();
    let signed = jws::sign(&KEYS, &serde_json::to_vec(&statement).unwrap()).unwrap();
    assert_eq!(Statement::read(&jws::verify(signed.as_bytes(), &public()).unwrap()).unwrap(), statement);
}
