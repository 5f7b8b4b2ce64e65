//! What programs observe of the kernel, one concept a file.

mod adopt;
mod exec;
mod first_process;
mod fork;
mod group;
mod kill;
mod oracle;
mod stop;
mod wait;
