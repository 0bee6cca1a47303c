//! A placement's id is unique within its authority only.

use super::built::{certify, history, moved, of_kent};
use crate::support::story::{KENT, placement};
use domain::port::History;
use placement_hub::certificate::CertificateError;

const BRIGHTON: &str = "E06000043";

/// A child of Brighton whose placement has the same id.
fn of_brighton() -> History {
    let told = placement("MOVE7", "2026-10-05").with("/publisher", BRIGHTON).with("/child/localId", "B7").at("ME1 1EE");
    history(BRIGHTON, "B7", &[told])
}

#[test]
fn of_several_the_asker_says_whose() {
    let both = [of_kent(&[moved()]), of_brighton()];
    let refused = certify(&both, "MOVE7", None).unwrap_err();
    let said = refused.to_string();
    assert!(matches!(refused, CertificateError::Several { count: 2, .. }), "{said}");
    assert!(said.contains("E06000043 and E10000016") && said.contains("--authority"), "{said}");
    for authority in [KENT, BRIGHTON] {
        let statement = certify(&both, "MOVE7", Some(authority)).unwrap();
        assert_eq!(statement.responsible_authority.code.as_str(), authority);
    }
    let refused = certify(&both, "MOVE7", Some("E06000045")).unwrap_err();
    assert!(matches!(refused, CertificateError::NoPlacement { .. }) && refused.to_string().contains("of E06000045"), "{refused}");
}

#[test]
fn of_two_children_of_one_authority_neither_is_certified() {
    let other = history(KENT, "OTHER", &[moved().with("/child/localId", "OTHER")]);
    for authority in [None, Some(KENT)] {
        let refused = certify(&[of_kent(&[moved()]), other.clone()], "MOVE7", authority).unwrap_err();
        assert!(matches!(refused, CertificateError::Ambiguous { count: 2, .. }), "{refused}");
    }
}

#[test]
fn an_id_of_something_else_is_no_placement() {
    let child = [of_kent(&[moved()])];
    for id in ["LOCALID42", "REFERRAL5", "MESSAGE1", "nobody-knows"] {
        assert!(matches!(certify(&child, id, None), Err(CertificateError::NoPlacement { .. })), "{id}");
    }
    assert!(matches!(certify(&[], "MOVE7", None), Err(CertificateError::NoPlacement { .. })));
}
