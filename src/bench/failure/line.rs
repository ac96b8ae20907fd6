//! The lines of an output as evidence: without the heads that loggers put before them, and without what only looks like
//! evidence: source lines of a traceback, quoted code, argument dumps, warnings, tries that are made again.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::text::clean;

/// What loggers put before a line: vLLM's and SGLang's processes, ranks, Docker's timestamps, levels with time and file,
/// Python's `logging` as ISO-Bench sets it up.
static HEAD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let time = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*Z?";
    let before = [
        r"\[(?:rank|default)\d*\]:?[ ]?".to_owned(),
        r"\([^()]{0,80}\bpid=\d+[^()]{0,80}\)[ ]?".to_owned(),
        format!(r"\[{time}[^\]]{{0,20}}\][ ]?"),
        format!(r"{time}[ ]?(?:[-|][ ])?"),
    ];
    let vllm = r"[ ](?:\d\d-\d\d[ ])?\d\d:\d\d:\d\d(?:\.\d+)?[ ](?:\[[^\]]{0,80}\]|\S{1,60}:\d+\])[ ]?";
    let level = format!(
        r"(?:[\w.]{{1,60}}[ ]-[ ])?(?P<level>TRACE|DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)(?:{vllm}|[ ][-|][ ]|:[ ]{{0,8}}|[ ]+)"
    );
    let glog = r"(?P<letter>[DIWEF])\d{4}[ ]\d\d:\d\d:\d\d\.\d+[ ]+\d+[ ]\S{1,200}\][ ]?";
    Regex::new(&format!(r"^(?:{})*(?:{level}|{glog})?(?:[A-Z_]{{3,20}}[ ](?P<stream>STDERR|STDOUT):[ ])?", before.join("|"))).ok()
});

/// The last line of a traceback: the exception.
static EXCEPTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^(?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception)(?::[ ]|:?$)").ok());

/// With what a line of source code begins.
const CODE: [&str; 20] = [
    "raise ", "except ", "except:", "assert ", "return ", "if ", "elif ", "else:", "import ", "from ", "def ", "class ", "with ", "try:",
    "logger.", "log.", "print(", "echo ", "#", "//",
];

/// With what a line begins that tells of no failure, in lower case.
const HARMLESS: [&str; 10] = [
    "warning",
    "npm warn",
    "note:",
    "[notice]",
    "namespace(",
    "args: namespace(",
    "non-default args",
    "exception ignored in",
    "usage:",
    "userwarning",
];

/// A line that may be evidence.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// As it stands in the output.
    pub(super) whole: &'a str,
    /// Without escape sequences and the logger's head.
    pub(super) says: Cow<'a, str>,
    /// The file that a traceback named last before it.
    pub(super) file: Option<&'a str>,
}

impl Line<'_> {
    /// Whether a traceback ends with it.
    pub(super) fn is_exception(&self) -> bool {
        EXCEPTION.as_ref().is_some_and(|regex| regex.is_match(&self.says)) && !self.says.ends_with("Event loop is closed")
    }
}

/// The lines that may be evidence, in order. A carriage return ends a line too: progress bars write over themselves.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut frame = Frame::default();
    text.split(['\n', '\r']).filter_map(move |whole| evidence(whole, &mut frame))
}

/// Where in a traceback we are.
#[derive(Debug, Default)]
struct Frame<'a> {
    file: Option<&'a str>,
    is_over: bool,
}

fn evidence<'a>(whole: &'a str, frame: &mut Frame<'a>) -> Option<Line<'a>> {
    let whole = whole.trim_end();
    if whole.trim_start().is_empty() {
        return None;
    }
    let text = if whole.contains('\u{1b}') { Cow::Owned(clean::line(whole)) } else { Cow::Borrowed(whole) };
    let (says, is_quiet) = headless(text);
    let indent = says.len().saturating_sub(says.trim_start().len());
    if let Some((_, rest)) = says.split_once("File \"").filter(|(before, _)| before.trim().is_empty()) {
        let length = rest.find('"').unwrap_or(rest.len());
        // the slice is taken from the whole line: what is cleaned lives for this line alone
        frame.file = whole.split_once("File \"").and_then(|(_, rest)| rest.get(..length));
        frame.is_over = false;
        return None;
    }
    if frame.file.is_some() && !frame.is_over && indent >= 4 {
        return None;
    }
    if frame.is_over {
        frame.file = None;
    }
    frame.is_over = true;
    let says = match says {
        Cow::Borrowed(says) => Cow::Borrowed(says.trim_start()),
        Cow::Owned(says) => Cow::Owned(says.trim_start().to_owned()),
    };
    (!is_quiet && !is_harmless(&says) && !is_code(&says)).then_some(Line { whole: whole.trim_start(), says, file: frame.file })
}

/// The line without its head, and whether that head says that nothing is wrong. One space belongs to the head: what
/// follows it is the indentation of what was logged.
fn headless(text: Cow<'_, str>) -> (Cow<'_, str>, bool) {
    let Some(found) = HEAD.as_ref().and_then(|regex| regex.captures(&text)) else { return (text, false) };
    let level = found.name("level").map(|level| level.as_str());
    let letter = found.name("letter").map(|letter| letter.as_str());
    let is_quiet = found.name("stream").is_none()
        && (matches!(level, Some("TRACE" | "DEBUG" | "INFO" | "WARNING" | "WARN")) || matches!(letter, Some("D" | "I" | "W")));
    let end = found.get(0).map_or(0, |head| head.end());
    let says = match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(end..).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(end..).unwrap_or_default().to_owned()),
    };
    (says, is_quiet)
}

fn is_harmless(says: &str) -> bool {
    let begins = |with: &&str| says.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with));
    // `path.py:12: UserWarning: …`, and what is tried again is no end
    HARMLESS.iter().any(|with| begins(&with)) || (says.contains(".py:") && says.contains("Warning: ")) || says.contains("will retry")
}

/// Whether it is quoted source: of a listing with line numbers, of a diff, of a shell's trace.
fn is_code(says: &str) -> bool {
    let bare = says.trim_start_matches(|c: char| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '+' | '-' | '|' | '│' | '>'));
    CODE.iter().any(|with| bare.starts_with(with))
}
