//! Any text: made safe it is safe and stays so, secrets go, and the search for repeats does not depend on the pieces.
#![no_main]

use isobench_tui::detect::text_period::TextPeriod;
use isobench_tui::text::clean;
use isobench_tui::text::mask::Masker;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str)| {
    let (piece, text) = (usize::from(input.0) + 1, input.1);
    let line = clean::line(text);
    assert!(clean::is_clean(&line));
    assert_eq!(clean::line(&line), line);
    assert!(clean::is_clean(&clean::shown(text)));
    assert!(clean::lines(text).all(|line| clean::is_clean(&line)));
    let secret: String = text.chars().take(12).collect();
    let masked = Masker::new([("X_KEY", secret.as_str())], []);
    let masked = masked.mask(text);
    // no variable holds a NUL, and what stands in a secret's place is no secret
    let may_be_one = secret.trim().chars().count() >= 6 && !secret.chars().any(|char| char.is_control() || char == '•');
    assert!(!may_be_one || !masked.contains(secret.trim()));

    let mut whole = TextPeriod::default();
    whole.push(text);
    whole.end();
    let mut pieces = TextPeriod::default();
    let chars: Vec<char> = text.chars().collect();
    for piece in chars.chunks(piece) {
        pieces.push(&piece.iter().collect::<String>());
    }
    pieces.end();
    assert_eq!(format!("{:?}", whole.found()), format!("{:?}", pieces.found()));
});
