//! POSIX message queues (`mq_overview(7)`): messages with a priority, in a queue with a name. The most urgent message is
//! received first, and of those the oldest.
//!
//! Nobody waits while there is work: a message goes straight to the first receiver that waits, and room straight to the first
//! sender. Whoever makes that possible does the other's work at once (`Kernel::complete`, `Kernel::hand_over`).
//!
//! | question | file |
//! | --- | --- |
//! | what is a queue, and in which order are its messages? | `queue.rs` |
//! | what is a message, and where are its bytes? | `message.rs` |
//! | `mq_open`, `mq_unlink`, the end of a queue | `open.rs` |
//! | `mq_timedsend`, `mq_timedreceive`, waiting | `transfer.rs` |
//! | `mq_notify` | `notify.rs` |
//! | `mq_getsetattr` | `attributes.rs` |
//! | what `read` gives | `status.rs` |
//! | what counts for `RLIMIT_MSGQUEUE` | `user.rs` |

mod attributes;
pub mod message;
pub mod notify;
mod open;
pub mod queue;
mod status;
pub mod transfer;
pub mod user;
