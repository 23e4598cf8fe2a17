//! Variable Byte Integer: section 1.5.5, and section 2.1.4 for Remaining Length.

/// The largest value: four bytes of seven bits.
pub const MAX: u32 = 268_435_455;

/// A fourth byte that asks for a fifth one: never legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// Reads the integer at the start of `bytes`: its value and how many bytes it takes, `None` when more are needed.
///
/// Forms that are longer than necessary are read as well; [`encoded_len`] tells them apart (MQTT-1.5.5-1).
///
/// # Errors
/// [`TooLong`] as soon as the fourth byte has its continuation bit set.
pub fn decode(bytes: &[u8]) -> Result<Option<(u32, usize)>, TooLong> {
    let mut value = 0;
    for at in 0..4 {
        let Some(byte) = bytes.get(at) else { return Ok(None) };
        value |= u32::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Ok(Some((value, at + 1)));
        }
    }
    Err(TooLong)
}

/// How many bytes the shortest form takes: 1 to 4. Values above [`MAX`] have no form; 5 stands for them.
#[must_use]
pub const fn encoded_len(value: u32) -> usize {
    match value {
        0..=0x7f => 1,
        0x80..=0x3fff => 2,
        0x4000..=0x1f_ffff => 3,
        0x20_0000..=MAX => 4,
        _ => 5,
    }
}

/// Appends the shortest form. `value` is at most [`MAX`].
pub(super) fn write(mut value: u32, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_of_each_length() {
        for (value, bytes) in [
            (0, &[0x00][..]),
            (127, &[0x7f]),
            (128, &[0x80, 0x01]),
            (16_383, &[0xff, 0x7f]),
            (16_384, &[0x80, 0x80, 0x01]),
            (2_097_151, &[0xff, 0xff, 0x7f]),
            (2_097_152, &[0x80, 0x80, 0x80, 0x01]),
            (MAX, &[0xff, 0xff, 0xff, 0x7f]),
        ] {
            let mut out = Vec::new();
            write(value, &mut out);
            assert_eq!(out, bytes);
            assert_eq!(encoded_len(value), bytes.len());
            assert_eq!(decode(bytes), Ok(Some((value, bytes.len()))));
        }
    }

    #[test]
    fn needs_more_or_never_ends() {
        assert_eq!(decode(&[]), Ok(None));
        assert_eq!(decode(&[0xff, 0xff, 0xff]), Ok(None));
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0x80]), Err(TooLong));
        assert_eq!(decode(&[0x80, 0x80, 0x80, 0x80, 0x01]), Err(TooLong));
    }

    #[test]
    fn long_forms_show_in_the_length() {
        assert_eq!(decode(&[0x85, 0x00]), Ok(Some((5, 2))));
        assert_ne!(encoded_len(5), 2);
    }
}
