//! The `Authorization` header, made anew for every request: MESH takes each token once.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::hmac;
use uuid::Uuid;

/// Who signs.
pub(crate) struct Signer<'a> {
    /// Upper case, as MESH writes it.
    pub mailbox: &'a str,
    pub password: &'a str,
    pub shared_key: &'a str,
}

impl Signer<'_> {
    /// `NHSMESH mailbox:nonce:count:yyyyMMddHHmm:hex`. MESH refuses a time more than two hours from its own.
    pub(crate) fn token(&self, nonce: Uuid, now: Timestamp) -> String {
        // A nonce of its own for each token; so the count, which tells tokens of one nonce apart, is always 0.
        const COUNT: u32 = 0;
        let Self { mailbox, password, shared_key } = self;
        let minute = now.to_zoned(TimeZone::UTC).strftime("%Y%m%d%H%M");
        let key = hmac::Key::new(hmac::HMAC_SHA256, shared_key.as_bytes());
        let tag = hmac::sign(&key, format!("{mailbox}:{nonce}:{COUNT}:{password}:{minute}").as_bytes());
        let hex: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("NHSMESH {mailbox}:{nonce}:{COUNT}:{minute}:{hex}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_service_expects() {
        let signer = Signer { mailbox: "X26ABC1", password: "password", shared_key: "TestKey" };
        let nonce = "11111111-2222-3333-4444-555555555555".parse().unwrap();
        let token = signer.token(nonce, "2026-11-22T14:30:59Z".parse().unwrap());
        assert_eq!(
            token,
            "NHSMESH X26ABC1:11111111-2222-3333-4444-555555555555:0:202611221430:755dcc99d897adc6f788f7d8e2572aa4a486d65277abff5012028857d81ca801"
        );
    }
}
