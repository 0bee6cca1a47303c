//! A receiver's side of Standard Webhooks: `webhook-id.webhook-timestamp.body`, HMAC-SHA256, one of several signatures.

use axum::http::HeaderMap;
use ring::hmac;
use uuid::Uuid;

/// Seconds that a request may be old, or ahead of our clock.
const TOLERANCE_SECONDS: u64 = 300;

/// What an organisation checks signatures with.
pub struct Key(hmac::Key);

impl Key {
    /// None where `secret` is not `whsec_` and base64.
    #[must_use]
    pub fn new(secret: &str) -> Option<Self> {
        let bytes = from_base64(secret.strip_prefix("whsec_")?)?;
        Some(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The delivery's id, where the request is signed with this key and was sent about `now` (seconds since 1970).
    #[must_use]
    pub fn verify(&self, headers: &HeaderMap, body: &[u8], now: i64) -> Option<Uuid> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let (id, timestamp, signatures) = (text("webhook-id")?, text("webhook-timestamp")?, text("webhook-signature")?);
        if timestamp.parse::<i64>().ok()?.abs_diff(now) > TOLERANCE_SECONDS {
            return None;
        }
        let signed = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat();
        let mut candidates = signatures.split(' ').filter_map(|one| from_base64(one.strip_prefix("v1,")?));
        candidates.any(|tag| hmac::verify(&self.0, &signed, &tag).is_ok()).then(|| id.parse().ok()).flatten()
    }
}

/// Standard base64 with its padding; none where it is not that.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let letters = text.trim_end_matches('=');
    if !text.len().is_multiple_of(4) || text.len() - letters.len() > 2 {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(text.len() / 4 * 3));
    for letter in letters.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Key, from_base64};
    use axum::http::{HeaderMap, HeaderValue};

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "019a9d2e-7c10-7c55-8f0e-5d1f3a6b7c01";
    const SENT: i64 = 1_614_265_330;

    fn headers(id: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let pairs = [("webhook-id", id.to_owned()), ("webhook-timestamp", SENT.to_string()), ("webhook-signature", signature.to_owned())];
        for (name, value) in pairs {
            headers.insert(name, HeaderValue::from_str(&value).unwrap());
        }
        headers
    }

    /// The signature of `body` as our own webhook's library makes it is checked by the conformance tests; here it is made by hand.
    fn sign(secret: &str, id: &str, body: &str) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &from_base64(&secret[6..]).unwrap());
        let tag = ring::hmac::sign(&key, format!("{id}.{SENT}.{body}").as_bytes());
        let mut text = String::from("v1,");
        for chunk in tag.as_ref().chunks(3) {
            let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
            for at in 0..=chunk.len() {
                text.push(char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]));
            }
        }
        while (text.len() - 3) % 4 != 0 {
            text.push('=');
        }
        text
    }

    #[test]
    fn the_published_vector_has_the_published_signature() {
        assert_eq!(
            sign(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", "{\"test\": 2432232314}"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn one_right_signature_of_several_is_enough_and_anything_else_is_wrong() {
        let key = Key::new(SECRET).unwrap();
        let right = sign(SECRET, ID, "body");
        let other = sign("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", ID, "body");
        let verify = |signature: &str, body: &str, now: i64| key.verify(&headers(ID, signature), body.as_bytes(), now);
        assert_eq!(verify(&format!("{other} {right}"), "body", SENT + 299), Some(ID.parse().unwrap()));
        for (signature, body, now) in [
            (other.as_str(), "body", SENT),
            (&right, "another body", SENT),
            (&right, "body", SENT + 301),
            (&right[..right.len() - 1], "body", SENT),
            ("v1,", "body", SENT),
            ("", "body", SENT),
        ] {
            assert_eq!(verify(signature, body, now), None, "{signature} {body} {now}");
        }
        assert_eq!(key.verify(&HeaderMap::new(), b"body", SENT), None);
        assert!(Key::new("whsec_!").is_none() && Key::new("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").is_none());
    }
}
