//! What programs observe of the kernel, one concept a file.

mod fork;
mod oracle;
