//! The inputs of a record: files beside it, named by the hash of what they hold.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use abi::FastHasher;

use super::InputName;

/// Hashes a stream of bytes, however it is cut into pieces.
///
/// ```
/// use sim::record::ContentHash;
/// let mut whole = ContentHash::default();
/// whole.add(b"pear and apple");
/// let mut pieces = ContentHash::default();
/// pieces.add(b"pear");
/// pieces.add(b" and apple");
/// assert_eq!(whole.finish(), pieces.finish());
/// ```
#[derive(Clone, Default, Debug)]
pub struct ContentHash {
    hasher: FastHasher,
    // Up to 7 bytes that don't fill a word yet.
    word: [u8; 8],
    filled: usize,
    length: u64,
}

impl ContentHash {
    /// Adds bytes at the end.
    pub fn add(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.filled > 0 {
            let taken = bytes.len().min(8 - self.filled);
            self.word[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled < 8 {
                return;
            }
            self.hasher.write_u64(u64::from_le_bytes(self.word));
            self.filled = 0;
        }
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.hasher.write_u64(u64::from_le_bytes(*word));
        }
        self.word[..rest.len()].copy_from_slice(rest);
        self.filled = rest.len();
    }

    /// How many bytes were added.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The hash of what was added so far.
    pub fn finish(&self) -> u64 {
        let mut hasher = self.hasher;
        let mut last = [0; 8];
        last[..self.filled].copy_from_slice(&self.word[..self.filled]);
        hasher.write_u64(u64::from_le_bytes(last));
        hasher.write_u64(self.length);
        hasher.finish()
    }
}

/// Where the input with this name is kept, for the record in file `record`.
pub fn input_path(record: &Path, input: &InputName) -> PathBuf {
    record.with_file_name(format!("{:016x}.input", input.hash))
}

/// Keeps the input of a run that is being recorded. It goes to disk as it comes: it may be longer than memory.
#[derive(Debug)]
pub struct InputKeeper {
    record: PathBuf,
    file: Option<BufWriter<File>>,
    hash: ContentHash,
}

impl InputKeeper {
    /// For the record in file `record`. A run that takes no input leaves no file.
    pub fn new(record: &Path) -> InputKeeper {
        InputKeeper { record: record.to_owned(), file: None, hash: ContentHash::default() }
    }

    /// Its name before its hash is known.
    fn partial(&self) -> PathBuf {
        let mut name = self.record.file_name().unwrap_or_default().to_owned();
        name.push(".input.partial");
        self.record.with_file_name(name)
    }

    /// Keeps these bytes, behind those kept before.
    ///
    /// # Errors
    /// The file can't be made or written.
    pub fn keep(&mut self, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.file.is_none() {
            self.file = Some(BufWriter::new(File::create(self.partial())?));
        }
        self.hash.add(bytes);
        match &mut self.file {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }

    /// The input is complete: gives the file its name.
    ///
    /// # Errors
    /// The file can't be written or renamed.
    pub fn finish(mut self) -> io::Result<InputName> {
        let Some(mut file) = self.file.take() else { return Ok(InputName::default()) };
        file.flush()?;
        let input = InputName { hash: self.hash.finish(), length: self.hash.length() };
        fs::rename(self.partial(), input_path(&self.record, &input))?;
        Ok(input)
    }
}

impl Drop for InputKeeper {
    fn drop(&mut self) {
        // A run that failed leaves no half input behind. Nobody is left to tell if even that fails.
        if self.file.take().is_some() {
            let _ = fs::remove_file(self.partial());
        }
    }
}

/// Reads the input of the record in file `record`, and makes sure that it is the one that the record names.
///
/// # Errors
/// A sentence: the file can't be read, or holds something else.
pub fn load_input(record: &Path, input: &InputName) -> Result<Vec<u8>, String> {
    if input.length == 0 {
        return Ok(Vec::new());
    }
    let path = input_path(record, input);
    let bytes = fs::read(&path).map_err(|error| {
        format!("cannot read the record's input {}: {error}; keep it beside the record", path.display())
    })?;
    let mut hash = ContentHash::default();
    hash.add(&bytes);
    if bytes.len() as u64 != input.length {
        let (is, was) = (bytes.len(), input.length);
        return Err(format!("{} holds {is} bytes where the record names {was}: it was changed", path.display()));
    }
    if hash.finish() != input.hash {
        let (is, was) = (hash.finish(), input.hash);
        return Err(format!("{} has hash {is:016x} where the record names {was:016x}: it was changed", path.display()));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_does_not_depend_on_the_pieces() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * 7 % 251) as u8).collect();
        let mut whole = ContentHash::default();
        whole.add(&bytes);
        for size in 1..40 {
            let mut pieces = ContentHash::default();
            bytes.chunks(size).for_each(|piece| pieces.add(piece));
            assert_eq!((pieces.finish(), pieces.length()), (whole.finish(), 1000), "pieces of {size}");
        }
    }

    #[test]
    fn zeros_at_the_end_count() {
        let hash = |bytes: &[u8]| {
            let mut hash = ContentHash::default();
            hash.add(bytes);
            hash.finish()
        };
        assert_ne!(hash(b"a"), hash(b"a\0"));
        assert_ne!(hash(b""), hash(b"\0"));
        assert_ne!(hash(&[0; 8]), hash(&[0; 16]));
    }

    #[test]
    fn an_input_is_found_again_and_a_changed_one_refused() {
        let directory = std::env::temp_dir().join(format!("vitrine-input-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let record = directory.join("a.rec");

        let mut keeper = InputKeeper::new(&record);
        keeper.keep(b"pear\n").unwrap();
        keeper.keep(b"").unwrap();
        keeper.keep(b"apple\n").unwrap();
        let input = keeper.finish().unwrap();
        assert_eq!(load_input(&record, &input).unwrap(), b"pear\napple\n");

        fs::write(input_path(&record, &input), b"pear\nApple\n").unwrap();
        assert!(load_input(&record, &input).unwrap_err().contains("it was changed"));
        fs::write(input_path(&record, &input), b"pear\n").unwrap();
        assert!(load_input(&record, &input).unwrap_err().contains("holds 5 bytes where the record names 11"));
        fs::remove_file(input_path(&record, &input)).unwrap();
        assert!(load_input(&record, &input).unwrap_err().contains("keep it beside the record"));

        let mut abandoned = InputKeeper::new(&record);
        abandoned.keep(b"half").unwrap();
        drop(abandoned);
        assert_eq!(InputKeeper::new(&record).finish().unwrap(), InputName::default());
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "something was left behind");
        fs::remove_dir(&directory).unwrap();
    }
}
