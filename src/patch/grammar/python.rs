//! Python, by Ruff's parser. What it accepts and CPython does not is looked for as well: brackets and indents that are nested
//! too deep, and `return`, `break` and `continue` where they can't stand.

use rustpython_ruff_python_ast::token::TokenKind;
use rustpython_ruff_python_ast::{ExceptHandler, Stmt};
use rustpython_ruff_python_parser::{Mode, ParseOptions, Parsed as Module, UnsupportedSyntaxErrorKind, lexer, parse_unchecked};

use super::{Parsed, place};

/// CPython refuses more open brackets (`MAXLEVEL`).
const BRACKETS: usize = 200;

/// CPython refuses more indents (`MAXINDENT`).
const INDENTS: usize = 100;

/// So many parts of one expression without a comma between them are not parsed: the parser recurses into each, and 10,000
/// need up to 30 MiB of stack. CPython gives up a good deal earlier.
const PARTS: usize = 10_000;

/// Parses a module.
pub(super) fn parse(text: &[u8]) -> Parsed {
    let text = match decode(text) {
        Ok(text) => text,
        Err(broken) => return broken,
    };
    if let Some(at) = text.find('\0') {
        return broken(&text, at, "a null byte");
    }
    match depth(&text) {
        Depth::Fine => {}
        Depth::Brackets => return Parsed::Broken(format!("more than {BRACKETS} brackets are open at once")),
        Depth::Indents => return Parsed::Broken(format!("more than {INDENTS} levels of indentation")),
        Depth::Parts => return Parsed::Unknown(format!("an expression of more than {PARTS} parts")),
    }
    let module = parse_unchecked(&text, ParseOptions::from(Mode::Module));
    if let Some(error) = module.errors().first() {
        return broken(&text, error.location.start().to_usize(), &error.error.to_string());
    }
    if let Some((at, what)) = too_new(&module) {
        return broken(&text, at, &what);
    }
    let Some(module) = module.try_into_module() else { return Parsed::Fine };
    match misplaced(module.suite(), Place::default()) {
        Some((at, what)) => broken(&text, at, what),
        None => Parsed::Fine,
    }
}

fn broken(text: &str, at: usize, what: &str) -> Parsed {
    let (line, column) = place(text, at);
    Parsed::Broken(format!("{line}:{column}: {what}"))
}

/// Python files are UTF-8 unless their first two lines name another coding: then only what is ASCII counts.
fn decode(text: &[u8]) -> Result<String, Parsed> {
    match std::str::from_utf8(text) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
        Err(error) => {
            let names_coding = |line: &[u8]| line.starts_with(b"#") && line.windows(6).any(|word| word == b"coding");
            if text.split(|byte| *byte == b'\n').take(2).any(names_coding) {
                return Ok(String::from_utf8_lossy(text).into_owned());
            }
            let before = String::from_utf8_lossy(text.get(..error.valid_up_to()).unwrap_or_default());
            Err(broken(&before, before.len(), "it is not UTF-8"))
        }
    }
}

/// How deep the parser would have to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Fine,
    Brackets,
    Indents,
    Parts,
}

/// Looks at the tokens, which are read without recursion. Of each open bracket is counted what stands in it since its last
/// comma: that bounds how deep the parser can be there.
fn depth(text: &str) -> Depth {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut open: Vec<(TokenKind, usize)> = vec![(TokenKind::EndOfFile, 0)];
    let (mut parts, mut indents) = (0_usize, 0_usize);
    loop {
        let token = lexer.next_token();
        match token {
            TokenKind::EndOfFile => return Depth::Fine,
            TokenKind::Indent => indents += 1,
            TokenKind::Dedent => indents = indents.saturating_sub(1),
            TokenKind::Comment | TokenKind::NonLogicalNewline => continue,
            _ => {}
        }
        let Some((opener, here)) = open.last_mut() else { return Depth::Fine };
        if is_end(token) {
            parts -= *here;
            *here = 0;
            continue;
        }
        *here += 1;
        parts += 1;
        if opens(token) {
            open.push((token, 0));
        } else if closes(*opener, token) {
            // a bracket of another kind closes nothing: the parser would go on inside
            parts -= *here;
            open.pop();
        }
        if open.len() > BRACKETS + 1 {
            return Depth::Brackets;
        }
        if indents >= INDENTS {
            return Depth::Indents;
        }
        if parts > PARTS {
            return Depth::Parts;
        }
    }
}

/// What ends an expression: the next begins as high up as the last did.
const fn is_end(token: TokenKind) -> bool {
    use TokenKind as T;
    matches!(token, T::Comma | T::Newline | T::Semi | T::Indent | T::Dedent | T::Def | T::Class | T::Return | T::Import | T::While | T::Try)
}

const fn opens(token: TokenKind) -> bool {
    use TokenKind as T;
    matches!(token, T::Lpar | T::Lsqb | T::Lbrace | T::FStringStart | T::TStringStart)
}

const fn closes(opener: TokenKind, token: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        (opener, token),
        (T::Lpar, T::Rpar)
            | (T::Lsqb, T::Rsqb)
            | (T::Lbrace, T::Rbrace)
            | (T::FStringStart, T::FStringEnd)
            | (T::TStringStart, T::TStringEnd)
    )
}

/// Ruff reads what Python 3.14 and 3.15 brought, and only remarks on it; ISO-Bench's images have 3.10 to 3.12. What came
/// with those is let pass.
fn too_new<T>(module: &Module<T>) -> Option<(usize, String)> {
    use UnsupportedSyntaxErrorKind as Kind;
    let newer = |kind: Kind| {
        matches!(
            kind,
            Kind::UnparenthesizedExceptionTypes
                | Kind::TemplateStrings
                | Kind::LazyImportStatement
                | Kind::IterableUnpackingInListComprehension
        )
    };
    let found = module.unsupported_syntax_errors().iter().find(|error| newer(error.kind))?;
    Some((found.range.start().to_usize(), found.to_string()))
}

/// What a statement stands in.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    in_function: bool,
    in_loop: bool,
}

/// The first statement that CPython refuses where it stands: what is left when an edit loses the indentation.
fn misplaced(body: &[Stmt], place: Place) -> Option<(usize, &'static str)> {
    let inside = |body: &[Stmt]| misplaced(body, place);
    let new = |in_function, in_loop| Place { in_function, in_loop };
    body.iter().find_map(|statement| match statement {
        Stmt::Return(found) if !place.in_function => Some((found.range.start().to_usize(), "'return' outside function")),
        Stmt::Break(found) if !place.in_loop => Some((found.range.start().to_usize(), "'break' outside loop")),
        Stmt::Continue(found) if !place.in_loop => Some((found.range.start().to_usize(), "'continue' not properly in loop")),
        Stmt::FunctionDef(function) => misplaced(&function.body, new(true, false)),
        Stmt::ClassDef(class) => misplaced(&class.body, new(false, false)),
        Stmt::For(each) => misplaced(&each.body, new(place.in_function, true)).or_else(|| inside(&each.orelse)),
        Stmt::While(each) => misplaced(&each.body, new(place.in_function, true)).or_else(|| inside(&each.orelse)),
        Stmt::If(branch) => inside(&branch.body).or_else(|| branch.elif_else_clauses.iter().find_map(|clause| inside(&clause.body))),
        Stmt::With(block) => inside(&block.body),
        Stmt::Match(block) => block.cases.iter().find_map(|case| inside(&case.body)),
        Stmt::Try(block) => {
            let handlers = || {
                block.handlers.iter().find_map(|handler| {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    inside(&handler.body)
                })
            };
            inside(&block.body).or_else(handlers).or_else(|| inside(&block.orelse)).or_else(|| inside(&block.finalbody))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(text: &str) -> String {
        match parse(text.as_bytes()) {
            Parsed::Fine => "fine".to_owned(),
            Parsed::Broken(what) => what,
            Parsed::Unknown(why) => format!("unknown: {why}"),
        }
    }

    #[test]
    fn what_cpython_takes_is_fine() {
        for text in [
            "",
            "x = 1",
            "\u{feff}x = 1\n",
            "def f(a, /, *, b: int = 1) -> None:\n    match a:\n        case [1, *_]:\n            pass\n",
            "async def f():\n    async with a as b, c:\n        return [x async for x in y]\n",
            "x = f'{a!r:>{width}} {f\"{b}\"}'\r\n",
            "try:\n    pass\nexcept* ValueError:\n    pass\n",
            "type X[T] = list[T]\n",
            "for a in b:\n    while c:\n        continue\n    else:\n        break\n",
            "# -*- coding: latin-1 -*-\n",
        ] {
            assert_eq!(what(text), "fine", "{text}");
        }
        assert_eq!(parse(b"# coding: latin-1\nx = '\xe9'\n"), Parsed::Fine);
    }

    #[test]
    fn what_cpython_refuses_is_broken_and_says_where() {
        let begins = |text: &str, place: &str| assert!(what(text).starts_with(place), "{text}: {}", what(text));
        begins("def f():\n    if x:\n\n    y = 1\n", "4:");
        begins("x = torch.empty(1)\n,\n", "2:1: ");
        begins("print 'a'\n", "1:");
        begins("def f(:\n", "1:");
        begins("x = (1,\ny = 2\n", "");
        begins("\u{e9} = '\u{e9}\n", "1:");
        begins("class A:\n    x = 1\n    return x\n", "3:5: 'return' outside function");
        begins("if x:\n    break\n", "2:5: 'break' outside loop");
        begins("try:\n    pass\nexcept A, B:\n    pass\n", "3:");
        begins("<<<<<<< HEAD\n", "1:1: ");
        begins("a\0b\n", "1:2: a null byte");
        assert_eq!(parse(b"a = 1\nb = '\xff'\n"), Parsed::Broken("2:6: it is not UTF-8".to_owned()));
        begins(&format!("x = {}{}\n", "(".repeat(201), ")".repeat(201)), "more than 200 brackets");
        assert_eq!(what(&format!("x = {}{}\n", "(".repeat(200), ")".repeat(200))), "fine");
        let indents = |n: usize| (0..n).map(|at| format!("{}if 1:\n", " ".repeat(at))).collect::<String>() + &" ".repeat(n) + "pass\n";
        assert_eq!(what(&indents(99)), "fine");
        begins(&indents(100), "more than 100 levels");
    }

    #[test]
    fn long_is_not_deep() {
        let long = |part: &str| format!("x = [{}]\n", part.repeat(20_000));
        assert_eq!(what(&long("1,")), "fine");
        assert_eq!(what(&long("a.b(c[1])\n,")), "fine");
        assert_eq!(what(&format!("if 1:\n pass\n{}", "elif 1:\n pass\n".repeat(20_000))), "fine");
        assert!(what(&format!("x = {}1\n", "1+".repeat(20_000))).starts_with("unknown: "));
    }
}
