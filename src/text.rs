//! Strings for people: numbers in few characters, text that is safe to draw, secrets that stay secret.

pub mod ansi;
pub mod arm;
pub mod clean;
pub mod duration;
pub mod find;
pub mod gpu;
pub mod hang;
pub mod mask;
pub mod paint;
pub mod room;
pub mod stamp;
pub mod tree;
pub mod width;

/// Bytes in decimal units, as disks are sold: `512 B`, `3.4 kB`, `16.7 GB`, `412 GB`.
pub fn bytes(n: u64) -> String {
    if n < 1000 { format!("{n} B") } else { scaled(n, &[" kB", " MB", " GB", " TB", " PB", " EB"]) }
}

/// Tokens: `950`, `12.3k`, `1.2M`.
pub fn tokens(n: u64) -> String {
    if n < 1000 { n.to_string() } else { scaled(n, &["k", "M", "G", "T", "P", "E"]) }
}

/// Energy: `0.04 Wh`, `8.1 Wh`, `412 Wh`, `1.32 kWh`.
pub fn energy(wh: f64) -> String {
    match wh {
        ..0.95 => format!("{wh:.2} Wh"),
        ..99.5 => format!("{wh:.1} Wh"),
        ..999.5 => format!("{wh:.0} Wh"),
        ..99_500.0 => format!("{:.2} kWh", wh / 1000.0),
        _ => format!("{:.0} kWh", wh / 1000.0),
    }
}

/// A count with the right noun: `1 item`, `3 items`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// Three significant digits at most, in powers of 1000; `n` is at least 1000.
fn scaled(n: u64, units: &[&str]) -> String {
    let mut scale: u64 = 1000;
    let mut last = "";
    for unit in units {
        last = unit;
        let tenths = n / (scale / 10) + u64::from(n % (scale / 10) >= scale / 20);
        if tenths < 1000 {
            return format!("{}.{}{unit}", tenths / 10, tenths % 10);
        }
        let whole = n / scale + u64::from(n % scale >= scale / 2);
        if whole < 1000 {
            return format!("{whole}{unit}");
        }
        match scale.checked_mul(1000) {
            Some(next) => scale = next,
            None => break,
        }
    }
    format!("{}{last}", n / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal_and_short() {
        let seen: Vec<_> = [0, 999, 1000, 16_700_000_000, 412_000_000_000, 999_960_000, u64::MAX].map(bytes).into();
        assert_eq!(seen, ["0 B", "999 B", "1.0 kB", "16.7 GB", "412 GB", "1.0 GB", "18.4 EB"]);
    }

    #[test]
    fn energy_is_short() {
        let seen: Vec<_> = [0.0, 0.04, 8.14, 412.4, 1322.0, 250_000.0].map(energy).into();
        assert_eq!(seen, ["0.00 Wh", "0.04 Wh", "8.1 Wh", "412 Wh", "1.32 kWh", "250 kWh"]);
    }

    #[test]
    fn tokens_are_short() {
        let seen: Vec<_> = [0, 950, 12_345, 123_456, 999_600, 1_234_567].map(tokens).into();
        assert_eq!(seen, ["0", "950", "12.3k", "123k", "1.0M", "1.2M"]);
    }

    #[test]
    fn nouns_agree() {
        assert_eq!((count(1, "item"), count(0, "item")), ("1 item".to_owned(), "0 items".to_owned()));
    }
}
