//! When PEM certificates are valid. Nothing is verified here: that is done where they are used.

use jiff::Timestamp;
use x509_parser::pem::Pem;

/// From its first second to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub from: Timestamp,
    pub to: Timestamp,
}

impl Validity {
    /// Of a chain: it holds while every certificate of it does. None where there is none to read.
    #[must_use]
    pub fn of_chain(pem: &str) -> Option<Self> {
        each(pem).reduce(|one, other| Self { from: one.from.max(other.from), to: one.to.min(other.to) })
    }

    /// Of authorities that are trusted side by side: something can be trusted while one of them holds.
    #[must_use]
    pub fn of_authorities(pem: &str) -> Option<Self> {
        each(pem).reduce(|one, other| Self { from: one.from.min(other.from), to: one.to.max(other.to) })
    }
}

/// Of every certificate, passing over keys and what cannot be read.
fn each(pem: &str) -> impl Iterator<Item = Validity> {
    Pem::iter_from_buffer(pem.as_bytes()).flatten().filter(|block| block.label == "CERTIFICATE").filter_map(|block| {
        let validity = block.parse_x509().ok()?.validity().clone();
        let moment = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
        Some(Validity { from: moment(validity.not_before)?, to: moment(validity.not_after)? })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `hub.example`, from 5 January to 10 December 2026.
    const HUB: &str = "-----BEGIN CERTIFICATE-----
MIIBFzCBv6ADAgECAgEHMAoGCCqGSM49BAMCMBYxFDASBgNVBAMMC2h1Yi5leGFt
cGxlMB4XDTI2MDEwNTA5MDAwMFoXDTI2MTIxMDA5MDAwMFowFjEUMBIGA1UEAwwL
aHViLmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQi/wXpwVkAO8hm
1r8wfk/AlvJODtpq9/IRWm1xHhKu4SgZ4EPn2ZnRiV49l3/RTkF3zoe/kxFnHNJf
LveP3W1bMAoGCCqGSM49BAMCA0cAMEQCIGbXtEeyBr2NfrnYELx37g9YmcinYiPa
PZi2N0eXdeMLAiADEoX6uTR/Y7KZc7GFEWwaBmbZdCPLNtCYLVOx6g0jpQ==
-----END CERTIFICATE-----
";
    /// Of `authority.example`, from 2020 to 2030.
    const AUTHORITY: &str = "-----BEGIN CERTIFICATE-----
MIIBJDCBy6ADAgECAgEHMAoGCCqGSM49BAMCMBwxGjAYBgNVBAMMEWF1dGhvcml0
eS5leGFtcGxlMB4XDTIwMDEwNTA5MDAwMFoXDTMwMDEwNTA5MDAwMFowHDEaMBgG
A1UEAwwRYXV0aG9yaXR5LmV4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AARbL8ZLr9OCnSneD4SJvEvC1YLWIRXxsp7BHwnIRnYRM5I9wT1WNNTLk++ndJk5
csXkhLQ68UWgOfxalsombQflMAoGCCqGSM49BAMCA0gAMEUCIQDg6lDxlOZpWbSR
1w6o/MrgFcp3Q0sb/BdHvxBPQ69QjgIgVdHcW5d35nuVTMsDqq7fWdfuaXZHp4MB
bATUTgHfAGM=
-----END CERTIFICATE-----
";

    fn from_to(from: &str, to: &str) -> Option<Validity> {
        Some(Validity { from: from.parse().unwrap(), to: to.parse().unwrap() })
    }

    #[test]
    fn a_chain_ends_with_its_first_and_authorities_with_their_last() {
        let both = format!("a comment\n{HUB}{AUTHORITY}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
        assert_eq!(Validity::of_chain(&both), from_to("2026-01-05T09:00:00Z", "2026-12-10T09:00:00Z"));
        assert_eq!(Validity::of_authorities(&both), from_to("2020-01-05T09:00:00Z", "2030-01-05T09:00:00Z"));
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        for text in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN PRIVATE KEY-----\n"] {
            assert_eq!(Validity::of_chain(text), None, "{text}");
        }
    }
}
