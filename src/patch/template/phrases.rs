//! Lines that say of themselves that they stand for something else.

use std::sync::LazyLock;

use regex::Regex;

/// What is found, and by what. A comment is looked at without its marks, lower case.
struct Phrase {
    what: &'static str,
    pattern: &'static str,
}

/// What a comment, a docstring or a line of prose says.
const SAID: [Phrase; 7] = [
    Phrase {
        what: "a TODO in place of code",
        pattern: r"\b(todo|fixme)\b[^a-z0-9]*(implement( (me|this|it|here|actual|real|the (actual|real|rest|logic|function|method|body|kernel|optimi[sz]ation)|logic|function|method|optimi[sz]ation|later).*)?|(add|write|insert|put|fill in) (your|the actual|actual|the real|real) .*)[^a-z0-9]*$",
    },
    Phrase {
        what: "a placeholder",
        pattern: r"^[^a-z0-9]*((add |insert |put |write |place )?your (own )?(code|implementation|logic|optimi[sz]ation|kernel)( goes| should go| comes)? here|(the )?(actual |real )?(code|implementation|logic) (goes|would go|should go|comes) here)\b",
    },
    Phrase {
        what: "left out code",
        pattern: r"^[^a-z0-9.…]*(\.{3}|…)[^a-z0-9]*((the )?(rest|remainder|remaining|existing|unchanged|same|other|previous|original|keep|more|omitted)\b.*)$",
    },
    Phrase {
        what: "left out code",
        pattern: r"^[^a-z0-9]*((the )?(rest|remainder) of (the |your |this )?(existing |original )?(code|implementation|file|function|method|class|body|logic)|(existing|remaining|original|previous) (code|implementation|methods|functions))[^a-z0-9]*((goes |continues )?here|(remains?|is|stays?)( the same| unchanged)?|the same|unchanged|as before|as is|omitted.*)?[^a-z0-9]*$",
    },
    Phrase {
        what: "a stand-in for an implementation",
        pattern: r"\b(mock|dummy|fake|stub|placeholder) implementation\b|\bplaceholder (function|method|kernel|code|logic)\b|^[^a-z0-9]*placeholder[^a-z0-9]*$|\bthis is (just |only )?a (placeholder|stub|mock)([^a-z0-9]*$| implementation| for the (actual|real))",
    },
    Phrase {
        what: "a stand-in for an implementation",
        pattern: r"\bin (a|the) (real|actual|full|production) implementation\b|\b(actual|real) implementation (would|should|will|goes)\b",
    },
    Phrase {
        what: "a text of the prompt",
        pattern: r"\buse torch\.empty instead of torch\.zeros where (applicable|appropriate|possible)|\bremove unnecessary \.?fill_(\(\))? operations|\bthis is a performance optimization task\b|\bthe specific operations to optimize are in the files\b|\bfocus on performance improvements in the target functions\b|</?example_optimization_diff>|</?test_script>",
    },
];

/// What code itself says.
const CODE: [Phrase; 2] = [
    Phrase {
        what: "a stand-in by its name",
        pattern: r"^\s*(class (Mock|Stub|Fake|Placeholder)[A-Z]\w*[(:]|(async )?def (mock|stub|placeholder)_\w+\()",
    },
    Phrase {
        what: "a name out of a template",
        pattern: r"\b(some|another|your)_(tensor|attribute|function|method|variable|module|class|object|model)(_\w+)?\b",
    },
];

type Compiled = Vec<(&'static str, Regex)>;

fn compiled(phrases: &[Phrase]) -> Compiled {
    phrases.iter().filter_map(|phrase| Some((phrase.what, Regex::new(phrase.pattern).ok()?))).collect()
}

static SAYS: LazyLock<Compiled> = LazyLock::new(|| compiled(&SAID));
static NAMES: LazyLock<Compiled> = LazyLock::new(|| compiled(&CODE));

/// What git leaves where two changes met.
pub(super) fn conflict(line: &str) -> Option<&'static str> {
    let is_mark = ["<<<<<<<", ">>>>>>>", "|||||||"]
        .iter()
        .any(|mark| line.strip_prefix(mark).is_some_and(|rest| rest.trim_end().is_empty() || rest.starts_with(' ')));
    is_mark.then_some("a conflict marker")
}

/// What kind of placeholder a line of source is.
pub(super) fn placeholder(line: &str) -> Option<&'static str> {
    let low = said(line).to_lowercase();
    let of = |all: &Compiled, text: &str| all.iter().find(|(_, pattern)| pattern.is_match(text)).map(|(what, _)| *what);
    of(&SAYS, &low).or_else(|| of(&NAMES, line))
}

/// The comment of a line, without what opens it; the whole line where it is none: docstrings are prose too.
fn said(line: &str) -> &str {
    let line = line.trim();
    let after = |mark: &str| line.split_once(mark).map(|(_, comment)| comment);
    let is_whole = ["#", "//", "/*", "*", "\"\"\"", "'''"].iter().any(|mark| line.starts_with(mark));
    if is_whole { line } else { after("  # ").or_else(|| after(" // ")).unwrap_or(line) }
}

#[cfg(test)]
#[test]
fn every_pattern_is_one() {
    assert_eq!((SAYS.len(), NAMES.len()), (SAID.len(), CODE.len()));
}
