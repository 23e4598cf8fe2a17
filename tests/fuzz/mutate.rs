//! Small changes of known inputs.

use crate::random::Random;

/// Longer inputs say nothing new and take their time.
const LONGEST: usize = 600;

/// Values at which something tends to happen.
const EDGES: [u8; 10] = [0, 1, 2, 0x10, 0x23, 0x7f, 0x80, 0x82, 0xe0, 0xff];

/// One of the seeds after one to six changes.
pub(crate) fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = one(seeds, random).to_vec();
    for _ in 0..=random.below(6) {
        change(&mut bytes, seeds, random);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn one<'a>(seeds: &'a [Vec<u8>], random: &mut Random) -> &'a [u8] {
    &seeds[random.below(seeds.len())]
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    match (random.below(8), bytes.get_mut(at)) {
        (0, Some(byte)) => *byte ^= 1 << random.below(8),
        (1, Some(byte)) => *byte = random.pick(&EDGES),
        (2, Some(byte)) => *byte = byte.wrapping_add(random.pick(&[1, 0xff])),
        (3, Some(_)) => drop(bytes.remove(at)),
        (4, _) => bytes.insert(at, random.pick(&EDGES)),
        (5, _) => bytes.truncate(at),
        (6, _) => {
            // A part of the input comes twice.
            let part = bytes[at..].iter().copied().take(1 + random.below(16)).collect::<Vec<u8>>();
            bytes.splice(at..at, part);
        }
        (_, _) => {
            // Another seed takes over.
            let other = one(seeds, random);
            let from = random.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
    }
}
