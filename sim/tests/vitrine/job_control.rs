//! Job control at a real terminal: what a person types who has started too much.

use crate::shell::Screen;

#[test]
fn a_pipeline_is_stopped_continued_and_interrupted() {
    let Some(screen) = Screen::new("jobs") else { return };
    screen.start("", "");
    screen.shows("# ");
    screen.line("yes | wc");
    screen.key("C-z");
    screen.shows("[1]+  Stopped                 yes | wc");
    screen.line("bg");
    screen.shows("[1]+ yes | wc &");
    screen.line("jobs");
    screen.shows("[1]+  Running                 yes | wc &");
    screen.line("fg");
    screen.shows("# fg\nyes | wc");
    screen.key("C-c");
    screen.shows("^C");
    screen.line("echo status $?");
    screen.shows("status 130");
    screen.line("exit");
    screen.shows("ended with 0");
    screen.is_as_before();
}

#[test]
fn sleepers_come_and_go_between_background_and_foreground() {
    let Some(screen) = Screen::new("sleepers") else { return };
    screen.start("", "");
    screen.line("sleep 1000");
    screen.key("C-z");
    screen.shows("[1]+  Stopped                 sleep 1000");
    screen.line("echo status $?; bg; kill %1; wait; sleep 1001 &");
    screen.shows("status 148");
    screen.shows("Terminated");
    screen.line("fg %sleep");
    screen.shows("fg %sleep\nsleep 1001");
    screen.key("C-\\");
    screen.shows("Quit");
    screen.line("cat");
    screen.key("C-z");
    screen.shows("Stopped                 cat");
    screen.line("exit");
    screen.shows("There are stopped jobs.");
    screen.line("exit 4");
    screen.shows("ended with 4");
    screen.is_as_before();
}

#[test]
fn a_line_is_edited_in_a_window_that_changes_its_size() {
    let Some(screen) = Screen::new("edit") else { return };
    screen.start("", "");
    screen.line("ecoh on");
    screen.shows("not found");
    for key in ["Up", "C-a", "M-f", "BSpace", "BSpace", "h", "o", "C-e"] {
        screen.key(key);
    }
    screen.line("e");
    screen.shows("\none\n");
    screen.tmux(&["send-keys", "-l", "echo a b c d e f g h i j k l m n o p q r s t u v w x y z | wc -w "]);
    screen.tmux(&["resize-window", "-x", "40", "-y", "20"]);
    screen.key("C-a");
    screen.key("C-e");
    screen.key("Enter");
    screen.shows("\n26\n");
    screen.line("exit");
    screen.shows("ended with 0");
}
