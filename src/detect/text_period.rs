//! D5: one text that repeats itself. The text is read once, character by character, in bounded memory, so that a stream of
//! tokens can be read as it comes: whole lines and sentences (periods up to 16, and blocks of up to 512 lines), words where a
//! text has no breaks (up to 32), and characters where it has no blanks.

mod periods;

use periods::{Loop, MIX, Need, Periods, Unit};

use super::cut;
use super::look::{Look, line};
use super::rule::{Now, Rule, Told};
use crate::domain::{Detector, Evidence, Level, Step};
use crate::text;

/// Lines or sentences: four repeats, 60 characters in all.
const LINES: Need = Need { repeats: 4, size: 60 };
/// Words: eight repeats, 40 words in all.
const WORDS: Need = Need { repeats: 8, size: 40 };
/// Characters: only what nobody writes.
const CHARS: Need = Need { repeats: 64, size: 2000 };
/// Longest periods: lines, words, characters.
const LONGEST: [usize; 3] = [16, 32, 32];
/// Code, tables and diffs repeat themselves more.
const CODE: u64 = 2;
/// Numbers and rules without one letter are data.
const DATA: u64 = 32;
/// A word of so many characters is a text without blanks.
const LONG_WORD: u64 = 64;
/// Of a longer one the rest is not read for characters that repeat.
const LONGEST_WORD: u64 = 1 << 16;
/// Bytes of the text before the present place that are kept, to show what repeats.
const TAIL: usize = 4096;
/// Characters of evidence.
const SHOWN: usize = 160;

/// What repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// Lines or sentences.
    Lines,
    /// Words.
    Words,
    /// Characters.
    Characters,
}

/// A loop in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeats {
    /// What repeats.
    pub what: What,
    /// How many of them make one round.
    pub period: usize,
    /// Rounds so far, the first included.
    pub times: u64,
    /// The character of the text at which it begins, from 0.
    pub from: u64,
    /// The character after the last round that is known.
    pub to: u64,
    /// One round: its beginning, in one line.
    pub unit: String,
}

/// Reads a text as it comes, and finds out when it repeats itself.
#[derive(Debug)]
pub struct TextPeriod {
    lines: Periods,
    words: Periods,
    chars: Periods,
    /// Characters so far.
    at: u64,
    tail: String,
    line: Line,
    unit: Open,
    word: Open,
    is_fenced: bool,
    is_diff: bool,
    found: Option<Repeats>,
}

/// The line that is read.
#[derive(Debug, Default)]
struct Line {
    indent: u32,
    /// Its first characters that are no blanks.
    head: [char; 3],
    read: usize,
}

/// A word or a line that is not over.
#[derive(Debug, Default)]
struct Open {
    hash: u64,
    from: u64,
    size: u64,
    has_letters: bool,
    last: char,
}

impl Default for TextPeriod {
    fn default() -> Self {
        let [lines, words, chars] = LONGEST;
        Self {
            lines: Periods::long(lines),
            words: Periods::short(words),
            chars: Periods::short(chars),
            at: 0,
            tail: String::new(),
            line: Line::default(),
            unit: Open::default(),
            word: Open::default(),
            is_fenced: false,
            is_diff: false,
            found: None,
        }
    }
}

impl TextPeriod {
    /// Reads what comes next.
    pub fn push(&mut self, text: &str) {
        for char in text.chars() {
            self.read(char);
        }
    }

    /// The text is over: its last line counts too.
    pub fn end(&mut self) {
        self.end_word();
        self.end_unit();
    }

    /// The loop that covers most of the text so far; of one that goes on, as it is now.
    pub const fn found(&self) -> Option<&Repeats> {
        self.found.as_ref()
    }

    /// Characters read so far.
    pub const fn read_so_far(&self) -> u64 {
        self.at
    }

    fn read(&mut self, char: char) {
        self.at += 1;
        self.tail.push(char);
        if self.tail.len() > 2 * TAIL {
            self.tail = cut::rest(&self.tail, TAIL).to_owned();
        }
        if char.is_whitespace() {
            let ends_sentence = matches!(self.word.last, '.' | '!' | '?') && self.word.size > 0;
            self.end_word();
            if char == '\n' {
                self.end_unit();
                self.end_line();
            } else {
                self.line.indent += u32::from(self.line.read == 0) * if char == '\t' { 4 } else { 1 };
                if ends_sentence {
                    self.end_unit();
                }
            }
            return;
        }
        if let Some(place) = self.line.head.get_mut(self.line.read) {
            *place = char;
            self.line.read += 1;
            if self.line.read == 3 {
                self.is_fenced ^= matches!(self.line.head, ['`', '`', '`'] | ['~', '~', '~']);
            }
        }
        self.word.add(char, self.at - 1);
        if (LONG_WORD..LONGEST_WORD).contains(&self.word.size) {
            let is_code = self.is_code();
            let unit = Unit { hash: u64::from(u32::from(char)), from: self.at - 1, size: 1, has_letters: char.is_alphabetic() };
            let hit = self.chars.push(unit, |has_letters| enough(CHARS, is_code, has_letters));
            self.note(What::Characters, hit);
        }
        if matches!(char, '。' | '！' | '？') {
            self.end_word();
            self.end_unit();
        }
    }

    fn end_word(&mut self) {
        if self.word.size == 0 {
            return;
        }
        let word = std::mem::take(&mut self.word);
        if word.size > LONG_WORD {
            self.chars.clear();
        }
        self.unit.add_word(&word);
        let is_code = self.is_code();
        let unit = Unit { hash: word.hash, from: word.from, size: 1, has_letters: word.has_letters };
        let hit = self.words.push(unit, |has_letters| enough(WORDS, is_code, has_letters));
        self.note(What::Words, hit);
    }

    fn end_unit(&mut self) {
        if self.unit.size == 0 {
            return;
        }
        let unit = std::mem::take(&mut self.unit);
        let is_code = self.is_code();
        let unit = Unit { hash: unit.hash, from: unit.from, size: unit.size, has_letters: unit.has_letters };
        let hit = self.lines.push(unit, |has_letters| enough(LINES, is_code, has_letters));
        self.note(What::Lines, hit);
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        match line.head {
            ['@', '@', _] => self.is_diff = true,
            ['+' | '-' | '@' | '\\', ..] => {}
            _ if line.indent == 0 => self.is_diff = false,
            _ => {}
        }
    }

    const fn is_code(&self) -> bool {
        self.is_fenced || self.is_diff || self.line.indent >= 4 || matches!(self.line.head, ['|' | '+', ..])
    }

    /// Keeps the loop that covers most.
    fn note(&mut self, what: What, hit: Option<Loop>) {
        let Some(hit) = hit else { return };
        if let Some(known) = &mut self.found {
            if known.what == what && known.period == hit.period && known.from == hit.from {
                known.times = hit.repeats;
                known.to = self.at;
                return;
            }
            // the same text as words, or as a part of a larger round, is the same loop
            let of_known = (known.to - known.from) * if hit.from < known.to { 2 } else { 1 };
            if self.at - hit.from <= of_known {
                return;
            }
        }
        self.found = Some(Repeats { what, period: hit.period, times: hit.repeats, from: hit.from, to: self.at, unit: self.shown(&hit) });
    }

    /// One round of a loop that ends here: its beginning, as far as the text is still there.
    fn shown(&self, hit: &Loop) -> String {
        let round = (self.at - hit.from) / hit.repeats;
        let back = usize::try_from(round).unwrap_or(usize::MAX);
        let from = self.tail.char_indices().rev().take(back.saturating_add(1)).last().map_or(0, |(at, _)| at);
        let text = self.tail.get(from..).unwrap_or_default().split_whitespace().fold(String::new(), |mut all, word| {
            if all.len() < 4 * SHOWN {
                all.push_str(word);
                all.push(' ');
            }
            all
        });
        line(&text).trim_end().chars().take(SHOWN).collect()
    }
}

impl Open {
    fn add(&mut self, char: char, at: u64) {
        if self.size == 0 {
            self.from = at;
        }
        self.hash = (self.hash ^ u64::from(u32::from(char))).wrapping_mul(MIX).rotate_left(27);
        self.size += 1;
        self.has_letters |= char.is_alphabetic();
        self.last = char;
    }

    fn add_word(&mut self, word: &Self) {
        if self.size == 0 {
            self.from = word.from;
        }
        self.hash = (self.hash ^ word.hash).wrapping_mul(MIX).rotate_left(27);
        self.size += word.size + 1;
        self.has_letters |= word.has_letters;
    }
}

const fn enough(need: Need, is_code: bool, has_letters: bool) -> Need {
    let times = if is_code { CODE } else { 1 } * if has_letters { 1 } else { DATA };
    Need { repeats: need.repeats * times, size: need.size * times }
}

impl Repeats {
    /// Characters of one round.
    const fn round(&self) -> u64 {
        match (self.to - self.from).checked_div(self.times) {
            Some(round) => round,
            None => 0,
        }
    }

    fn name(&self) -> &'static str {
        match (self.what, self.period) {
            (What::Lines, 1) => "one sentence",
            (What::Lines, _) => "a block of sentences",
            (What::Words, _) => "a row of words",
            (What::Characters, _) => "a row of characters",
        }
    }
}

/// Texts with less in them are not read.
const SHORTEST: usize = 60;
/// A loop that the text left again, and that is less than this part of it, is something that was quoted: a log, a table.
const QUOTED: u64 = 4;

/// D5 over steps: what a step's text repeats.
#[derive(Debug, Default)]
pub(super) struct TextPeriodRule {
    /// Steps in a row with a loop, and the first of them.
    count: u32,
    first_step: u32,
    last: Option<Seen>,
}

#[derive(Debug)]
struct Seen {
    step: u32,
    found: Repeats,
    output_tokens: u64,
}

impl Rule for TextPeriodRule {
    fn detector(&self) -> Detector {
        Detector::TextPeriod
    }

    fn take(&mut self, look: &Look<'_>) -> Now {
        let step = look.step;
        let repeated = repeats(&step.thought);
        // what only counts on and is not cut off may be a list that somebody asked for
        let at_most = if repeated.is_some() || is_cut(step) { Level::Stuck } else { Level::Warn };
        let Some((found, is_quoted)) = repeated.or_else(|| counting(step)) else {
            self.count = 0;
            return Now::NOTHING;
        };
        if self.count == 0 {
            self.first_step = step.index;
        }
        self.count += 1;
        self.last = Some(Seen { step: step.index, found, output_tokens: step.usage.output });
        let level = if is_quoted { Level::Note } else { at_most };
        Now { level, first_step: self.first_step, count: self.count, episode: 0 }
    }

    fn tell(&self) -> Told {
        let Some(Seen { step, found, output_tokens }) = &self.last else {
            return Told { says: String::new(), hint: String::new(), evidence: Vec::new() };
        };
        let what = found.name();
        let cost = if *output_tokens > 0 { format!(" of {} tokens", text::tokens(*output_tokens)) } else { String::new() };
        let more = if self.count > 1 { format!("; {} such answers in a row", self.count) } else { String::new() };
        Told {
            says: format!("{what} is repeated {} times in one answer{cost}{more}", found.times),
            hint: "Stop it: a model that chants does not come out of it. vLLM's repetition detection ends such answers early".to_owned(),
            evidence: vec![Evidence { step: *step, text: format!("{} times: {}", found.times, found.unit) }],
        }
    }
}

/// The loop in a whole text, and whether it is only something that the text quotes.
fn repeats(text: &str) -> Option<(Repeats, bool)> {
    if text.len() < SHORTEST {
        return None;
    }
    let mut period = TextPeriod::default();
    period.push(text);
    period.end();
    let all = period.read_so_far();
    period.found.map(|found| {
        let went_on = all.saturating_sub(found.to) > 2 * found.round();
        let is_quoted = went_on && (found.to - found.from) * QUOTED < all;
        (found, is_quoted)
    })
}

/// Rounds of a text that only counts on: a list that a person asked for has as many.
const COUNTED: u64 = 16;
/// Characters of such a text where the answer was not cut off: some 4000 tokens.
const COUNTED_LONG: usize = 16_000;

/// Whether the answer ended because the model may write no more.
fn is_cut(step: &Step) -> bool {
    matches!(step.finish.as_deref(), Some("length" | "max_tokens" | "max_output_tokens"))
}

/// The loop in a text that is the same but for its numbers, "Attempt 17: I will now call the tool": only where it fills what
/// the model may write.
fn counting(step: &Step) -> Option<(Repeats, bool)> {
    let is_cut = is_cut(step);
    let text = &step.thought;
    if text.len() < SHORTEST || !is_cut && text.len() < COUNTED_LONG {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '0'..='9' if masked.ends_with('0') => {}
            '0'..='9' => masked.push('0'),
            char => masked.push(char),
        }
    }
    let all = masked.chars().count() as u64;
    repeats(&masked).filter(|(found, is_quoted)| {
        let length = found.to - found.from;
        !is_quoted && found.times >= COUNTED && length * 2 >= all && (is_cut || length >= COUNTED_LONG as u64)
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::format_collect, reason = "a test may")]

    use proptest::prelude::*;

    use super::*;

    fn found(text: &str) -> Option<Repeats> {
        repeats(text).map(|(found, _)| found)
    }

    const CHANT: &str = "I need to actually use the tools now.\n";

    #[test]
    fn the_fourth_repeat_is_enough() {
        assert_eq!(found(&CHANT.repeat(3)), None);
        let seen = found(&format!("Let me see.\n{}", CHANT.repeat(4))).unwrap();
        assert_eq!((seen.what, seen.period, seen.times, seen.from, seen.to), (What::Lines, 1, 4, 12, 12 + 4 * 38));
        assert_eq!(seen.unit, CHANT.trim());
        let seen = found(&CHANT.repeat(2412)).unwrap();
        assert_eq!((seen.times, seen.to), (2412, 2412 * 38));
    }

    #[test]
    fn a_stream_says_it_as_soon_as_the_whole() {
        let mut period = TextPeriod::default();
        for (at, char) in CHANT.repeat(6).chars().enumerate() {
            period.push(&char.to_string());
            assert_eq!(period.found().is_some(), at + 1 >= 4 * CHANT.len(), "{at}");
        }
        assert_eq!(period.found().unwrap().times, 6);
    }

    #[test]
    fn short_sentences_need_sixty_characters() {
        assert_eq!(found(&"yes agree\n".repeat(5)), None);
        assert_eq!(found(&format!("{}{}", "I think so. ".repeat(3), "But is it so? I shall look at the file again now.")), None);
        assert_eq!(found(&"yes agree\n".repeat(6)).unwrap().times, 6);
    }

    #[test]
    fn sentences_and_words_without_line_breaks_count() {
        let seen = found(&"I am done. I will wait for the next command. ".repeat(4)).unwrap();
        assert_eq!((seen.what, seen.period, seen.times), (What::Lines, 2, 4));
        let seen = found(&"and then we call the tool ".repeat(9)).unwrap();
        assert_eq!((seen.what, seen.period), (What::Words, 6));
        assert_eq!(found(&"and then we call the tool ".repeat(7)), None);
        let seen = found(&"我需要现在就使用这些工具来继续。".repeat(5)).unwrap();
        assert_eq!((seen.what, seen.times), (What::Lines, 5));
        assert_eq!(found(&"好的".repeat(2000)).unwrap().what, What::Characters);
    }

    #[test]
    fn a_block_of_many_lines_is_found() {
        let block: String =
            (0..92).map(|n| if n % 7 == 3 { "    }\n".to_owned() } else { format!("let x{n} = read(&path{n})?;\n") }).collect();
        let seen = found(&block.repeat(32)).unwrap();
        assert_eq!((seen.what, seen.period), (What::Lines, 92));
        assert!(seen.times >= 31, "{seen:?}");
        assert_eq!(found(&block.repeat(3)), None);
        // twice as many in code, and a fence that opens in each round
        assert!(found(&format!("```rust\n{}", block.repeat(6))).is_none());
        assert!(found(&format!("```rust\n{}", block.repeat(10))).is_some());
        assert!(found(&format!("```\n{block}```\n").repeat(32)).is_some());
    }

    #[test]
    fn code_tables_and_diffs_may_repeat_themselves_twice_as_often() {
        let row = "0.0, 0.0, None, 0.0,\n";
        assert_eq!(found(&format!("```\n{}```\n", row.repeat(7))), None);
        assert!(found(&format!("```\n{}", row.repeat(8))).is_some());
        assert_eq!(found(&"| none | none | none |\n".repeat(7)), None);
        assert_eq!(found(&format!("@@ -1,7 +1,7 @@\n{}", "-    assert value is None\n".repeat(7))), None);
    }

    #[test]
    fn data_is_not_a_chant() {
        let list: String =
            (0..15).map(|n| format!("- projects/my-google-cloud-project-12345/locations/us-central1/services/{n}\n")).collect();
        assert_eq!(found(&list), None);
        assert_eq!(found("77.33333333333333333333333333333333333333333333333333333333333333"), None);
        assert_eq!(found(&"0 ".repeat(200)), None);
        assert_eq!(found(&format!("{}\n", "=".repeat(120)).repeat(8)), None);
        assert_eq!(found(&"3".repeat(20_000)), None);
    }

    #[test]
    fn a_loop_that_a_text_leaves_again_was_quoted() {
        let other: String = (0..40).map(|n| format!("The {n}th thing that I see is of no interest here.\n")).collect();
        let (_, is_quoted) = repeats(&format!("{}{other}", CHANT.repeat(4))).unwrap();
        assert!(is_quoted);
        let (_, is_quoted) = repeats(&format!("{other}{}", CHANT.repeat(4))).unwrap();
        assert!(!is_quoted);
        let (_, is_quoted) = repeats(&format!("{}{other}", CHANT.repeat(40))).unwrap();
        assert!(!is_quoted, "most of the text");
    }

    #[test]
    fn evidence_is_clean_and_bounded() {
        let found = found(&format!("\u{1b}]0;x\u{7}\u{1b}[2J{}\n", "word, ".repeat(300)).repeat(9)).unwrap();
        assert!(text::clean::is_clean(&found.unit) && found.unit.chars().count() <= SHOWN, "{}", found.unit);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_chunks_do_not_matter(text in "(ab|c d|\\.\n|[ -~\n]|\\PC){0,200}", times in 1_usize..8, cut in 0_usize..100) {
            let text = text.repeat(times);
            let mut whole = TextPeriod::default();
            whole.push(&text);
            whole.end();
            let mut parts = TextPeriod::default();
            let (first, second) = (cut::start(&text, cut), cut::rest(&text, cut));
            parts.push(first);
            parts.push(second);
            parts.end();
            prop_assert_eq!(whole.found(), parts.found());
        }

        #[test]
        fn a_long_enough_repeat_is_found(unit in "[a-z]{3,9}( [a-z]{3,9}){1,9}", period in 1_usize..200) {
            let block: String = (0..period).map(|n| format!("{unit} {n} is next\n")).collect();
            prop_assert!(found(&block.repeat(6)).is_some());
            prop_assert!(found(&block.repeat(2)).is_none());
        }
    }
}
