//! A number for a text: names the files of a group, and shows whether a file was changed.

/// A number for a text, the same in every version and on every machine: FNV-1a of 128
/// bits. Texts that differ in one byte never have the same.
pub(super) fn fingerprint(text: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    text.iter().fold(OFFSET, step)
}
