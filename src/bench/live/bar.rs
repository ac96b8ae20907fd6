//! Progress bars of tqdm, and the others that look like one.

use std::sync::LazyLock;

use regex::Regex;

use crate::domain::ProgressRow;
use crate::text::clean;

/// Characters of a label that are kept.
const LONGEST: usize = 60;

/// A count, as tqdm scales it.
const COUNT: &str = r"[0-9]+(?:\.[0-9]+)?[kMGTP]?";

/// `label: 52%|█▌  | 21/40 [00:03<00:02,  9.12it/s, more]`; the weights' `25% Completed | 1/4 […]`.
static BAR: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(
        r"^(?P<label>.*?):?[ ]*[0-9]+%(?:\|[^|]*\|| Completed \|)[ ]*(?P<done>{COUNT})/(?P<total>{COUNT})[A-Za-z]{{0,8}}[ ]+\[[0-9:?]+<(?P<left>[0-9:?]+),[ ]*(?P<rate>[^,\]]+)[^\]]*\]"
    ))
    .ok()
});

/// One that knows no end: `label: 12it [00:03,  4.00it/s]`.
static OPEN: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(&format!(r"^(?:(?P<label>.*?):[ ]+)?(?P<done>{COUNT})(?:it|B)[ ]+\[[0-9:]+,[ ]*(?P<rate>[^,\]]+)[^\]]*\]")).ok()
});

/// A client that waits for its server: ` |███   | 00:05 elapsed, 00:02 remaining`.
static WAIT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\|[ ]*(?P<done>[0-9:]+) elapsed, (?P<left>[0-9:?]+) remaining").ok());

/// The bar of a line.
pub(super) fn read(line: &str) -> Option<ProgressRow> {
    with_end(line).or_else(|| without_end(line)).or_else(|| waits(line))
}

fn with_end(line: &str) -> Option<ProgressRow> {
    let found = BAR.as_ref()?.captures(line)?;
    let text = |name: &str| found.name(name).map_or("", |text| text.as_str());
    Some(ProgressRow {
        label: label(text("label")),
        done: count(text("done"))?,
        total: Some(count(text("total"))?),
        rate: rate(text("rate")),
        left_ms: clock_ms(text("left")),
    })
}

fn without_end(line: &str) -> Option<ProgressRow> {
    let found = OPEN.as_ref()?.captures(line)?;
    let text = |name: &str| found.name(name).map_or("", |text| text.as_str());
    Some(ProgressRow { label: label(text("label")), done: count(text("done"))?, total: None, rate: rate(text("rate")), left_ms: None })
}

fn waits(line: &str) -> Option<ProgressRow> {
    // several may stand side by side: what interrupts them brings no line of its own
    let found = WAIT.as_ref()?.captures_iter(line).last()?;
    let ms = |name: &str| clock_ms(found.name(name)?.as_str());
    let (done, left) = (ms("done")?, ms("left"));
    let total = left.map(|left| done.saturating_add(left).div_euclid(1000));
    Some(ProgressRow { label: "waits for the server, s".to_owned(), done: done.div_euclid(1000), total, rate: None, left_ms: left })
}

/// The label, without the process that loggers name before it.
fn label(before: &str) -> String {
    let clean = clean::line(before);
    let bare = match clean.split_once(") ") {
        Some((process, rest)) if process.starts_with('(') && process.contains("pid=") => rest,
        _ => &clean,
    };
    bare.trim().trim_end_matches(':').chars().take(LONGEST).collect()
}

/// `1.15G` is 1,150,000,000.
fn count(text: &str) -> Option<u64> {
    let (number, rest) = scaled(text)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is no less than 0, and far below 2^53 or nonsense")]
    rest.is_empty().then_some(number.round() as u64)
}

/// A second, from `9.12it/s`, `1.00s/it`, `108MB/s`; `?it/s` is not known yet.
fn rate(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if digits.starts_with("s/") {
        let seconds: f64 = text.strip_suffix(digits)?.parse().ok()?;
        return (seconds > 0.0).then(|| seconds.recip());
    }
    let (number, unit) = scaled(text)?;
    unit.ends_with("/s").then_some(number)
}

/// A number with its scale, and what follows.
fn scaled(text: &str) -> Option<(f64, &str)> {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number: f64 = text.strip_suffix(rest)?.parse().ok()?;
    let scales = [('k', 1e3), ('M', 1e6), ('G', 1e9), ('T', 1e12), ('P', 1e15)];
    Some(scales.iter().find_map(|(scale, times)| Some((number * times, rest.strip_prefix(*scale)?))).unwrap_or((number, rest)))
}

/// `1:02:03` and `00:07` in ms; `?` is not known.
fn clock_ms(text: &str) -> Option<u64> {
    let parts: Option<Vec<u64>> = text.split(':').map(|part| part.parse().ok()).collect();
    parts.map(|parts| parts.iter().fold(0_u64, |sum, part| sum.saturating_mul(60).saturating_add(*part)).saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> Option<(String, u64, Option<u64>, Option<f64>, Option<u64>)> {
        read(line).map(|row| (row.label, row.done, row.total, row.rate, row.left_ms))
    }

    #[test]
    fn every_form_of_a_bar_is_read() {
        let row = |label: &str, done, total, rate, left| Some((label.to_owned(), done, total, rate, left));
        assert_eq!(told("  2%|▎         | 1/40 [00:01<00:39,  1.25s/it]"), row("", 1, Some(40), Some(0.8), Some(39_000)));
        assert_eq!(told("  0%|          | 0/40 [00:00<?, ?it/s]"), row("", 0, Some(40), None, None));
        assert_eq!(
            told("Loading safetensors checkpoint shards:  25% Completed | 1/4 [00:00<00:02,  1.41it/s]"),
            row("Loading safetensors checkpoint shards", 1, Some(4), Some(1.41), Some(2000))
        );
        assert_eq!(
            told("Processed prompts:  74%|███▍  | 74/100 [00:08<00:01, 15.81it/s, est. speed input: 5.6 toks/s, output: 2.4 toks/s]"),
            row("Processed prompts", 74, Some(100), Some(15.81), Some(1000))
        );
        assert_eq!(
            told("(Worker_TP0 pid=7) Capturing CUDA graphs (decode, FULL):  51%|██▌ | 34/67 [1:02:03<1:00:02, 14.90it/s]"),
            row("Capturing CUDA graphs (decode, FULL)", 34, Some(67), Some(14.9), Some(3_602_000))
        );
        assert_eq!(
            told("model.safetensors:  23%|██▎ | 1.15G/4.98G [00:10<00:35, 108MB/s]"),
            row("model.safetensors", 1_150_000_000, Some(4_980_000_000), Some(108e6), Some(35_000))
        );
        assert_eq!(told("Downloading: 12it [00:03,  4.00it/s]"), row("Downloading", 12, None, Some(4.0), None));
        assert_eq!(told(" |██   | 00:05 elapsed, 00:02 remaining"), row("waits for the server, s", 5, Some(7), None, Some(2000)));
    }

    #[test]
    fn what_only_looks_like_a_bar_is_none() {
        assert_eq!(told("Capturing CUDA graphs (mixed prefill-decode, PIECEWISE): 100%|"), None);
        assert_eq!(told("  2%|▎         | 1/40 [00:01<00:39,  1.0"), None);
        assert_eq!(told("100%|done|"), None);
        assert_eq!(told("50% Completed | 1/0 [x"), None);
    }
}
