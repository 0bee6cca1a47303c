//! Bytes as text.

/// Two lower-case hexadecimal digits a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of a text of two hexadecimal digits each, in either case; none where it is anything else.
#[must_use]
pub fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::unhex;

    #[test]
    fn only_digits_of_the_right_number_read_back() {
        assert_eq!(unhex("00090aff"), Some([0, 9, 10, 255]));
        assert_eq!(unhex("00090AFF"), Some([0, 9, 10, 255]));
        for wrong in ["", "00090af", "00090aff00", "00090a+f", "00090agf", "00090a\u{e9}"] {
            assert_eq!(unhex::<4>(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn bytes_print_as_two_digits_each() {
        assert_eq!(super::hex(&[0, 9, 10, 255]), "00090aff");
    }
}
