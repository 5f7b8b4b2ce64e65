//! What programs observe of the kernel, one concept a file.

mod adopt;
mod exec;
mod fork;
mod oracle;
mod wait;
