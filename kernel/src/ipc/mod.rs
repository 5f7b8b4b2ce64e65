//! Communication between processes by name.
//!
//! | question | folder |
//! | --- | --- |
//! | POSIX message queues (`mq_overview(7)`) | `mqueue/` |

pub mod mqueue;
