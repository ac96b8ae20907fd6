//! Any bytes as a trajectory: whatever they are taken for, they are read, judged and told without a panic, and what is told
//! holds nothing that a terminal obeys.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use isobench_tui::agent::open::open;
use isobench_tui::report::steps;
use isobench_tui::report::verdict::Verdict;
use isobench_tui::text::clean;
use isobench_tui::text::mask::Masker;
use libfuzzer_sys::fuzz_target;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("isobench-fuzz-open-{}", std::process::id())));

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*FILE, data).unwrap();
    let runs = match open(&FILE) {
        Ok(runs) => runs,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let masker = Masker::default();
    for run in &runs {
        let mut line = Vec::new();
        steps::write(&mut line, run, &masker).unwrap();
        Verdict::of(&FILE, run, None, &masker).unwrap().write(&mut line).unwrap();
        let text = String::from_utf8(line).unwrap();
        assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            assert!(clean::is_clean(line));
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
    }
});
