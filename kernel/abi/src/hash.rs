//! A fast 64-bit hash that gives the same result on every host.
//!
//! Not cryptographic: it tells states apart, it doesn't keep secrets.

use core::hash::Hasher;

/// A hasher in the style of Fx, with a better finish.
///
/// ```
/// use core::hash::Hasher;
/// let mut hasher = abi::FastHasher::default();
/// hasher.write_u32(7);
/// assert_ne!(hasher.finish(), abi::FastHasher::default().finish());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FastHasher(u64);

impl Default for FastHasher {
    fn default() -> Self {
        FastHasher(0x9e37_79b9_7f4a_7c15)
    }
}

impl FastHasher {
    #[inline]
    fn mix(&mut self, value: u64) {
        self.0 = (self.0.rotate_left(5) ^ value).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for FastHasher {
    #[inline]
    fn finish(&self) -> u64 {
        let mixed = (self.0 ^ (self.0 >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        mixed ^ (mixed >> 32)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            for (to, from) in last.iter_mut().zip(rest) {
                *to = *from;
            }
            self.mix(u64::from_le_bytes(last));
        }
        self.mix(bytes.len() as u64);
    }

    // Spelled out, because the defaults hash native-endian bytes.
    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.mix(value.into());
    }
    #[inline]
    fn write_u16(&mut self, value: u16) {
        self.mix(value.into());
    }
    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.mix(value.into());
    }
    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.mix(value);
    }
    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
}
