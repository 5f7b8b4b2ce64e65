//! A line editor for interactive programs, with the keys that people know from `readline(3)`.
//!
//! | question | file |
//! | --- | --- |
//! | which key is it? | `key.rs` |
//! | the line and what is done to it | `line.rs` |
//! | the lines before it | `history.rs` |
//! | how does it get onto the screen? | `screen.rs` |
//! | what does each key do? | `editor.rs` |
//! | Ctrl+R | `search.rs` |

mod editor;
mod history;
mod key;
mod line;
mod screen;
mod search;

pub use editor::{Complete, Completion, Edited, Editor};
pub use history::History;
pub use key::{Decoder, Key};
pub use line::Line;
pub use screen::Screen;
pub use search::Search;
