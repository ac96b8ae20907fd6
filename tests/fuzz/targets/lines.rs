//! A file that grows, looked at after each piece, tells the same as one look at the whole; and what is called unchanged is.
#![no_main]

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::LazyLock;

use isobench_tui::agent::live::Reading;
use isobench_tui::domain::Step;
use libfuzzer_sys::fuzz_target;

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("isobench-fuzz-lines-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
});

fn to_the_end(reading: &mut Reading, before: &mut Vec<Step>) {
    loop {
        let news = reading.read_on().unwrap();
        if let Some(news) = news {
            let same = news.from.min(before.len()).min(reading.steps().len());
            assert_eq!(before[..same], reading.steps()[..same], "steps before the first that changed stay as they were");
        }
        *before = reading.steps().to_vec();
        if !reading.is_behind() {
            break;
        }
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (pieces, data) = (usize::from(input.0 % 6) + 1, input.1);
    let (grown, whole) = (FOLDER.join("grown.jsonl"), FOLDER.join("whole.jsonl"));
    std::fs::write(&whole, data).unwrap();
    let mut file = File::create(&grown).unwrap();
    let mut growing = Reading::of(&grown);
    let mut before = Vec::new();
    let mut rest = data;
    while !rest.is_empty() {
        let mut length = (data.len() / pieces).max(1).min(rest.len());
        // a whole object at the end is taken for a line that has no end yet: a writer that adds to it writes no JSON
        while rest[..length].ends_with(b"}") && rest.get(length).is_some_and(|next| *next != b'\n') {
            length += 1;
        }
        let (piece, after) = rest.split_at(length);
        rest = after;
        file.write_all(piece).unwrap();
        file.flush().unwrap();
        to_the_end(&mut growing, &mut before);
    }
    let mut reading = Reading::of(&whole);
    to_the_end(&mut reading, &mut Vec::new());
    // the beginning of a file may look like another format
    if growing.format() != reading.format() {
        return;
    }
    assert_eq!(growing.steps(), reading.steps());
    assert_eq!(growing.totals(), reading.totals());
    assert_eq!(growing.state(), reading.state());
});
