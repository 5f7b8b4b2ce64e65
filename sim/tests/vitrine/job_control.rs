//! Job control at a real terminal: what a person types who has started too much.

use std::time::Duration;

use crate::shell::Screen;

/// Starts a command and stops it. The key may come before the command has the terminal, so it is pressed until it works.
fn start_and_stop(screen: &Screen, command: &str) {
    screen.line(command);
    let stopped = format!("Stopped                 {command}\n");
    for _ in 0..100 {
        screen.key("C-z");
        std::thread::sleep(Duration::from_millis(200));
        if screen.tmux(&["capture-pane", "-p", "-J"]).contains(&stopped) {
            return;
        }
    }
    screen.shows(&stopped);
}

#[test]
fn a_pipeline_is_stopped_continued_and_interrupted() {
    let Some(screen) = Screen::new("jobs") else { return };
    screen.start("", "");
    screen.shows("# ");
    start_and_stop(&screen, "yes | wc");
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
    start_and_stop(&screen, "sleep 1000");
    screen.line("echo status $?; bg; kill %1; wait; sleep 1001 &");
    screen.shows("status 148");
    screen.shows("Terminated");
    screen.line("fg %sleep");
    screen.shows("fg %sleep\nsleep 1001");
    screen.key("C-\\");
    screen.shows("Quit");
    start_and_stop(&screen, "cat");
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
