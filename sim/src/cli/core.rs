//! Core images on the host: where they are written, and `vitrine core`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use sim::core_image::CoreImage;

use super::list::print;
use super::status::{Failure, Status};

/// How many images of processes with one name and id are kept in one folder.
const SAME_NAMES: u32 = 1000;

/// A folder for core images.
#[derive(Clone, Debug)]
pub(crate) struct CoreFolder(PathBuf);

impl CoreFolder {
    /// This one, which is made if it isn't there.
    pub(crate) fn new(path: &Path) -> Result<CoreFolder, Failure> {
        match fs::create_dir_all(path) {
            Ok(()) => Ok(CoreFolder(path.into())),
            Err(error) => {
                Err(Failure::new(Status::IO, format_args!("cannot write core images into {}: {error}", path.display())))
            }
        }
    }

    /// Writes an image as `core.NAME.PID`, or with a number behind that if there is such a file: none is ever overwritten.
    pub(crate) fn write(&self, image: &CoreImage) -> Result<(), Failure> {
        let failed = |file: &Path, error: &dyn std::fmt::Display| {
            Failure::new(Status::IO, format_args!("cannot write the core image {}: {error}", file.display()))
        };
        // A process may name itself as it likes.
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_+".contains(c) { c } else { '_' };
        let name: String = image.name.chars().map(plain).collect();
        let first = self.0.join(format!("core.{name}.{}", image.pid));
        let bytes = image.to_bytes().map_err(|error| failed(&first, &error))?;
        for number in 0..SAME_NAMES {
            let file = match number {
                0 => first.clone(),
                _ => self.0.join(format!("core.{name}.{}.{number}", image.pid)),
            };
            match OpenOptions::new().write(true).create_new(true).open(&file) {
                Ok(mut out) => return out.write_all(&bytes).map_err(|error| failed(&file, &error)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(&file, &error)),
            }
        }
        Err(failed(&first, &format_args!("there are {SAME_NAMES} of that name")))
    }
}

/// `vitrine core FILE`.
pub(crate) fn show(file: &Path) -> Result<Status, Failure> {
    let bytes = fs::read(file)
        .map_err(|error| Failure::new(Status::IO, format_args!("cannot read {}: {error}", file.display())))?;
    let image = CoreImage::from_bytes(&bytes)
        .map_err(|error| Failure::new(Status::BAD_RECORD, format_args!("{}: {error}", file.display())))?;
    print(&image.to_string())
}
