//! Captured benchmark outputs and result files of any bytes: no panic, only finite numbers under safe names, and a text read
//! in pieces says what the whole says.
#![no_main]

use std::io::BufReader;

use isobench_tui::bench::{read, read_from};
use isobench_tui::text::clean;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (output, ended) = read_from(BufReader::with_capacity(7, bytes));
    assert!(ended.is_ok());
    assert!(output.metrics.iter().all(|metric| metric.value.is_finite() && clean::is_clean(&metric.name)));
    assert!(output.failure.iter().all(|cause| clean::is_clean(&cause.evidence)));
    let text = String::from_utf8_lossy(bytes);
    if !text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with(['{', '[']) {
        let whole = read(&text);
        assert_eq!(whole.metrics, output.metrics);
    }
});
