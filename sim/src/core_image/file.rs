//! The file of a core image.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 to 6 | `vitcore` |
//! | 7 | the version, 1 |
//! | 8 to 15 | how many bytes follow behind byte 23, little-endian |
//! | 16 to 23 | their hash ([`ContentHash`]), little-endian |
//! | 24 to the end | the [`CoreImage`], in the [postcard](https://postcard.jamesmunns.com/wire-format) format |

use std::fmt;

use super::CoreImage;
use crate::record::ContentHash;

/// The version of the form that is written, and the only one that is read.
pub const VERSION: u8 = 1;

const MAGIC: &[u8; 7] = b"vitcore";
/// Bytes before the image itself.
const HEADER: usize = 24;

/// Why the bytes of a file are no core image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BadImage {
    /// It doesn't begin as one.
    Foreign,
    /// It is of a version that this build doesn't know.
    Version(u8),
    /// It ends too early.
    Truncated {
        /// How many bytes there are.
        bytes: u64,
        /// How many there should be.
        expected: u64,
    },
    /// Something follows behind its end.
    TooLong {
        /// Where it should end.
        expected: u64,
    },
    /// Its contents aren't what was written.
    Damaged {
        /// What is wrong.
        what: String,
    },
}

impl fmt::Display for BadImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadImage::Foreign => f.write_str("byte 0: not a core image of Vitrine, which begins with `vitcore`"),
            BadImage::Version(version) => {
                write!(f, "byte 7: a core image of version {version}; this build reads version {VERSION}")
            }
            BadImage::Truncated { bytes, expected } => {
                write!(f, "byte {bytes}: the file ends here, but should have {expected} bytes: it was cut short")
            }
            BadImage::TooLong { expected } => write!(f, "byte {expected}: the image ends here, but the file goes on"),
            BadImage::Damaged { what } => write!(f, "bytes {HEADER} to the end: damaged: {what}"),
        }
    }
}

impl std::error::Error for BadImage {}

impl CoreImage {
    /// The bytes of a file that holds it.
    ///
    /// # Errors
    /// It can't be encoded, which no image is known for.
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadImage> {
        let body = postcard::to_allocvec(self).map_err(|error| BadImage::Damaged { what: error.to_string() })?;
        let mut bytes = Vec::with_capacity(HEADER + body.len());
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&(body.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&hash(&body).to_le_bytes());
        bytes.extend_from_slice(&body);
        Ok(bytes)
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// What is wrong with them, and where.
    pub fn from_bytes(bytes: &[u8]) -> Result<CoreImage, BadImage> {
        let known = bytes.len().min(MAGIC.len());
        if bytes.is_empty() || bytes[..known] != MAGIC[..known] {
            return Err(BadImage::Foreign);
        }
        if let Some(&version) = bytes.get(MAGIC.len()).filter(|version| **version != VERSION) {
            return Err(BadImage::Version(version));
        }
        let length = bytes.len() as u64;
        let Some((header, body)) = bytes.split_at_checked(HEADER) else {
            return Err(BadImage::Truncated { bytes: length, expected: HEADER as u64 });
        };
        let number = |from: usize| {
            let mut number = [0; 8];
            number.copy_from_slice(&header[from..from + 8]);
            u64::from_le_bytes(number)
        };
        let expected = number(8).saturating_add(HEADER as u64);
        if length < expected {
            return Err(BadImage::Truncated { bytes: length, expected });
        }
        if length > expected {
            return Err(BadImage::TooLong { expected });
        }
        let damaged = |what: String| BadImage::Damaged { what };
        if hash(body) != number(16) {
            return Err(damaged("their hash isn't the one in bytes 16 to 23".into()));
        }
        match postcard::take_from_bytes(body) {
            Ok((image, [])) => Ok(image),
            Ok((_, rest)) => Err(damaged(format!("{} bytes are left over", rest.len()))),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hash = ContentHash::default();
    hash.add(bytes);
    hash.finish()
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, SignalState, Stood};
    use super::*;

    fn image() -> CoreImage {
        let cause = Cause { signal: 11, code: 1, sender: 0, sender_uid: 0, value: 8, fault: None };
        let signals = SignalState {
            pending: 0,
            shared_pending: 1,
            blocked: 2,
            ignored: 4,
            caught: 8,
            delivered: 16,
            actions: vec![(3, 1, 0, 0)],
        };
        CoreImage {
            pid: 2,
            ppid: 1,
            pgid: 2,
            sid: 1,
            uids: (0, 1),
            gids: (2, 3),
            name: "crash".into(),
            argv: vec![b"crash".to_vec(), b"\xff".to_vec()],
            cause,
            place: Stood::default(),
            regions: Vec::new(),
            pages_left_out: 0,
            descriptors: Vec::new(),
            signals,
        }
    }

    #[test]
    fn an_image_comes_back_as_it_was() {
        let bytes = image().to_bytes().unwrap();
        assert_eq!(CoreImage::from_bytes(&bytes), Ok(image()));
    }

    #[test]
    fn no_cut_no_changed_byte_and_nothing_behind_it_passes() {
        let bytes = image().to_bytes().unwrap();
        for length in 0..bytes.len() {
            let error = CoreImage::from_bytes(&bytes[..length]).unwrap_err();
            assert!(matches!(error, BadImage::Truncated { .. }) || length == 0, "{length}: {error}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(CoreImage::from_bytes(&changed).is_err(), "byte {at}");
        }
        let longer = [&bytes[..], b"x"].concat();
        assert_eq!(CoreImage::from_bytes(&longer), Err(BadImage::TooLong { expected: bytes.len() as u64 }));
        assert_eq!(CoreImage::from_bytes(b"\x7fELF"), Err(BadImage::Foreign));
    }
}
