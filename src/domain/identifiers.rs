//! The forms of identifiers: NHS numbers, GSS codes of authorities, ODS codes of health organisations.
//!
//! A form says what an identifier can be, not whether it exists: that is the directory's to know.

/// Whether `text` is an NHS number: ten digits, the last of which checks the others (Modulus 11 with weights 10 to 2;
/// a remainder of 10 belongs to no number). Ten zeros pass the arithmetic and are nobody's number.
#[must_use]
pub fn is_nhs_number(text: &str) -> bool {
    let digits = text.as_bytes();
    if digits.len() != 10 || !digits.iter().all(u8::is_ascii_digit) || digits.iter().all(|digit| *digit == b'0') {
        return false;
    }
    let weighted = digits.iter().zip((2..=10).rev()).map(|(digit, weight)| u32::from(digit - b'0') * weight);
    let expected = match 11 - weighted.sum::<u32>() % 11 {
        11 => 0,
        check => check,
    };
    expected == u32::from(digits[9] - b'0')
}

/// Whether `code` has the form of a GSS code: a letter and eight digits.
#[must_use]
pub fn is_gss(code: &str) -> bool {
    let bytes = code.as_bytes();
    bytes.len() == 9 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_digit)
}

/// Whether `code` is the GSS code of an authority with children's services: unitary (E06), metropolitan (E08), London
/// (E09), county (E10), Wales (W06), Scotland (S12), Northern Ireland (N09). Districts (E07) have none.
#[must_use]
pub fn is_authority(code: &str) -> bool {
    is_gss(code) && ["E06", "E08", "E09", "E10", "W06", "S12", "N09"].contains(&&code[..3])
}

/// Whether `code` has the form of an ODS code: three to ten capitals and digits, and not a GSS code.
#[must_use]
pub fn is_ods(code: &str) -> bool {
    let fits = (3..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    fits && !is_gss(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_decides() {
        for right in ["9476719931", "9990000018", "9990000026", "9990000034"] {
            assert!(is_nhs_number(right), "{right}");
        }
        for wrong in ["9476719930", "9990000019", "0000000000", "999000001", "99900000188", "999 000 001", "999000001A", "", "９９９"] {
            assert!(!is_nhs_number(wrong), "{wrong}");
        }
    }

    #[test]
    fn every_digit_but_the_last_has_at_most_one_check_digit_and_some_have_none() {
        let fitting = |stem: u32| (0..10).filter(|check| is_nhs_number(&format!("{stem:09}{check}"))).count();
        let counts: Vec<usize> = (999_000_001..999_000_111).map(fitting).collect();
        assert!(counts.iter().all(|count| *count <= 1));
        assert!(counts.contains(&0), "a remainder of 10 belongs to no number");
    }

    #[test]
    fn a_remainder_of_eleven_is_a_nought() {
        // 9 * 10 + 9 * 9 + 9 * 8 + 5 * 2 = 253 = 23 * 11.
        assert!(is_nhs_number("9990000050"));
    }

    #[test]
    fn forms_of_codes() {
        assert!(is_authority("E10000016") && is_authority("W06000015") && !is_authority("E07000106") && !is_authority("RX2"));
        assert!(is_ods("RX2") && is_ods("91Q") && is_ods("G82014") && is_ods("D9Y0V"));
        assert!(!is_ods("E10000016") && !is_ods("rx2") && !is_ods("RX") && !is_ods("RX 2"));
        assert!(is_gss("E38000010") && !is_gss("E3800001") && !is_gss("É3800001"));
    }
}
