//! What holds for every run: whatever the program, the schedule, and wherever it is interrupted.
//!
//! | question | file |
//! | --- | --- |
//! | which programs are run? | `cases.rs`, `programs.rs`, `script.rs` |
//! | what do processes exchange, and when may one sleep for ever? | `exchange/` |
//! | how are they run? | `lab.rs` |
//! | does a killed process leave anything behind? | `killed.rs` |
//! | are futures nothing but a cache? | `cache.rs` |
//! | is a world a value? | `worlds.rs` |
//! | does each limit hold? | `limits.rs` |
//! | does each message arrive once? | `letters.rs` |
//! | does the kernel withstand any calls? | `storm.rs` |
//! | is any signal lost or delivered twice, whenever it comes? | `placement/` |
//! | what was found by these tests? | `regressions.rs` |
//! | does text come through unharmed? | `text.rs` |

mod cache;
mod cases;
mod exchange;
mod killed;
mod lab;
mod letters;
mod limits;
mod placement;
mod programs;
mod regressions;
mod script;
mod storm;
mod text;
mod worlds;
