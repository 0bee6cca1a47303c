//! Bytes as text.

/// Two lower-case hexadecimal digits a byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn bytes_print_as_two_digits_each() {
        assert_eq!(super::hex(&[0, 9, 10, 255]), "00090aff");
    }
}
