//! What rules of the standard are called: `MQTT-1.5.4-1`, a section such as `§2.2.2.2`, and `3.1.1 …` where only that version
//! has it.

/// The name of a rule: text. In the module of the web it is a number, which JavaScript spells (`js/src/rule.ts`): 0.6 KB less.
#[cfg(any(test, not(target_arch = "wasm32")))]
pub type Rule = &'static str;
/// The name of a rule, as a number.
#[cfg(all(target_arch = "wasm32", not(test)))]
pub type Rule = u32;

/// The [`Rule`] of this name.
macro_rules! rule {
    ($name:expr) => {
        const { $crate::rule::named($name) }
    };
}
pub(crate) use rule;

#[cfg(any(test, not(target_arch = "wasm32")))]
pub(crate) const fn named(name: &'static str) -> Rule {
    name
}

#[cfg(all(target_arch = "wasm32", not(test)))]
pub(crate) const fn named(name: &'static str) -> Rule {
    number(name)
}

/// What crosses to JavaScript; 0: no rule.
#[cfg(all(target_arch = "wasm32", test))]
pub(crate) fn to_number(rule: Option<Rule>) -> u32 {
    rule.map_or(0, number)
}

/// What crosses to JavaScript; 0: no rule.
#[cfg(all(target_arch = "wasm32", not(test)))]
pub(crate) fn to_number(rule: Option<Rule>) -> u32 {
    rule.unwrap_or_default()
}

#[cfg(any(test, target_arch = "wasm32"))]
const SECTION: u32 = 1 << 25;
#[cfg(any(test, target_arch = "wasm32"))]
const ONLY_311: u32 = 1 << 26;

/// Five bits for each of up to five parts of the name, above them one for sections, one for what only 3.1.1 has. 0: no name.
#[cfg(any(test, target_arch = "wasm32"))]
const fn number(name: &str) -> u32 {
    let mut rest = name.as_bytes();
    let mut kind = 0;
    if let [b'3', b'.', b'1', b'.', b'1', b' ', more @ ..] = rest {
        (kind, rest) = (ONLY_311, more);
    }
    if let [0xc2, 0xa7, more @ ..] = rest {
        (kind, rest) = (kind | SECTION, more); // §
    } else if let [b'M', b'Q', b'T', b'T', b'-', more @ ..] = rest {
        rest = more;
    }
    let (mut parts, mut part) = (0, 0);
    while let [byte, more @ ..] = rest {
        if byte.is_ascii_digit() {
            part = part * 10 + (*byte - b'0') as u32;
        } else {
            (parts, part) = (parts << 5 | part, 0);
        }
        assert!(part < 32 && parts < 1 << 20, "a name with larger or more parts than this has room for");
        rest = more;
    }
    kind | parts << 5 | part
}

#[cfg(test)]
mod tests {
    use super::{ONLY_311, SECTION, number};

    #[test]
    fn numbers() {
        assert_eq!(number(""), 0);
        assert_eq!(number("§3"), SECTION | 3);
        assert_eq!(number("MQTT-3.1.2-24"), 3 << 15 | 1 << 10 | 2 << 5 | 24);
        assert_eq!(number("3.1.1 MQTT-3.1.4-2"), ONLY_311 | 3 << 15 | 1 << 10 | 4 << 5 | 2);
        assert_eq!(number("§3.1.2.11.10"), SECTION | 3 << 20 | 1 << 15 | 2 << 10 | 11 << 5 | 10);
    }
}
