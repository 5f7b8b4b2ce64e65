//! Core images on the command line: where they are written, how they are shown, and that a replay agrees.

use std::fs;

use crate::common::{Folder, errors, run, text, vitrine};

const QUIT: [&str; 3] = ["sh", "-c", "kill -QUIT $$"];
const SIGQUIT: i32 = 128 + 3;

fn files(folder: &str) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn with_cores(folder: &str, program: &[&str]) -> std::process::Output {
    run(&[&["run", "--core", folder], program].concat())
}

#[test]
fn an_image_is_written_when_it_is_asked_for_and_none_is_overwritten() {
    let folder = Folder::new("core-written");
    let cores = folder.file("made/for/it");
    for expected in [&["core.sh.2"][..], &["core.sh.2", "core.sh.2.1"]] {
        let ended = with_cores(&cores, &QUIT);
        assert_eq!(ended.status.code(), Some(SIGQUIT), "{}", errors(&ended));
        assert_eq!(files(&cores), expected);
    }
    assert_eq!(run(&[&["run"], &QUIT[..]].concat()).status.code(), Some(SIGQUIT));
    assert_eq!(with_cores(&cores, &["sh", "-c", "kill -TERM $$"]).status.code(), Some(128 + 15));
    assert_eq!(files(&cores).len(), 2);
}

#[test]
fn an_image_is_shown_readably_in_a_pipe_too() {
    let folder = Folder::new("core-shown");
    let cores = folder.file("cores");
    with_cores(&cores, &QUIT);
    let shown = run(&["core", &format!("{cores}/core.sh.2")]);
    assert_eq!(shown.status.code(), Some(0), "{}", errors(&shown));
    let shown = text(&shown);
    let parts =
        ["process 2 sh, ended by SIGQUIT", "\"kill -QUIT $$\"", "stood at   ", "descriptors", "memory", "(kill)"];
    for part in parts {
        assert!(shown.contains(part), "{part} isn't in {shown}");
    }
}

#[test]
fn what_is_no_image_is_refused_with_its_place() {
    let folder = Folder::new("core-refused");
    let cores = folder.file("cores");
    with_cores(&cores, &QUIT);
    let whole = fs::read(format!("{cores}/core.sh.2")).unwrap();
    let mut changed = whole.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let mut later = whole.clone();
    later[7] = 2;
    for (bytes, why) in [
        (&b""[..], "byte 0: not a core image"),
        (b"\x7fELF and so on", "byte 0: not a core image"),
        (&whole[..20], "byte 20: the file ends here"),
        (&whole[..last], "it was cut short"),
        (&changed, "damaged"),
        (&later, "byte 7: a core image of version 2"),
        (&[&whole[..], b"more"].concat(), "but the file goes on"),
    ] {
        let file = folder.file("bad");
        fs::write(&file, bytes).unwrap();
        let refused = run(&["core", &file]);
        assert_eq!(refused.status.code(), Some(65), "{why}");
        assert!(errors(&refused).contains(why) && errors(&refused).contains(&file), "{}", errors(&refused));
        assert_eq!(text(&refused), "");
    }
    let missing = run(&["core", &folder.file("nowhere")]);
    assert_eq!(missing.status.code(), Some(74));
    assert!(errors(&missing).contains("nowhere"), "{}", errors(&missing));
    assert_eq!(run(&["core"]).status.code(), Some(2));
    assert_eq!(run(&["core", "--help"]).status.code(), Some(0));
}

#[test]
fn a_folder_that_cannot_be_written_to_ends_the_run() {
    let folder = Folder::new("core-unwritable");
    let file = folder.file("a-file");
    fs::write(&file, "").unwrap();
    let refused = with_cores(&file, &QUIT);
    assert_eq!(refused.status.code(), Some(74));
    assert!(errors(&refused).contains("cannot write core images into"), "{}", errors(&refused));
}

#[test]
fn a_replay_agrees_and_writes_the_same_images() {
    let folder = Folder::new("core-replayed");
    let (record, first, second) = (folder.file("a.rec"), folder.file("first"), folder.file("second"));
    let recorded = run(&[&["run", "--record", &record, "--core", &first], &QUIT[..]].concat());
    assert_eq!(recorded.status.code(), Some(SIGQUIT), "{}", errors(&recorded));
    let replayed = run(&["replay", &record]);
    assert!(recorded == replayed, "{}", errors(&replayed));
    let replayed = run(&["replay", "--core", &second, &record]);
    assert!(recorded == replayed, "{}", errors(&replayed));
    let image = |folder: &str| fs::read(format!("{folder}/core.sh.2")).unwrap();
    assert_eq!(image(&first), image(&second));
    // Without images in the run there are none in its replay.
    assert!(vitrine(&["run", "--record", &record]).args(QUIT).output().unwrap().status.code() == Some(SIGQUIT));
    let refused = run(&["replay", "--core", &second, &record]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(errors(&refused).contains("recorded without `--core`"), "{}", errors(&refused));
}
