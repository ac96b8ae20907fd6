//! A command for a shell, by the grammar that editors use for bash.

use std::ops::Range;

use tree_sitter::{Node, Parser};

use super::{Line, Tone, diff};
use crate::text::clean;

/// Bytes of a command that are read by the grammar; what is longer stays plain. The longest of the samples are a third of it,
/// and the worst text of this size takes less than a frame.
const MOST: usize = 32 * 1024;

/// Scripts within scripts: `bash -lc '…'`.
const DEEPEST: usize = 2;

/// The lines of a command.
pub fn lines(command: &str) -> Vec<Line> {
    let rows: Vec<String> = clean::lines(command).collect();
    let text = rows.join("\n");
    if text.len() > MOST {
        return rows.iter().map(|row| Line::of(Tone::Plain, row).hung(2)).collect();
    }
    let mut painted = Painted { tones: vec![Tone::Plain; text.len()], documents: Vec::new() };
    painted.script(&text, 0..text.len(), 0);
    let mut lines = Vec::with_capacity(rows.len());
    let mut start = 0;
    for row in &rows {
        lines.push(painted.line(row, start).hung(2));
        start += row.len() + 1;
    }
    for document in painted.documents {
        patch(&mut lines, &text, &document);
    }
    lines
}

/// What a here-document holds is told as a diff, where it is one.
fn patch(lines: &mut [Line], text: &str, document: &Range<usize>) {
    let Some(body) = text.get(document.clone()).filter(|body| diff::is_in(body)) else { return };
    let first = text.get(..document.start).unwrap_or_default().matches('\n').count();
    let told = diff::mixed(body, |line| Line::of(Tone::Plain, line));
    for (line, told) in lines.iter_mut().skip(first).zip(told) {
        *line = told;
    }
}

struct Painted {
    /// Of each byte.
    tones: Vec<Tone>,
    /// Where here-documents stand.
    documents: Vec<Range<usize>>,
}

impl Painted {
    fn paint(&mut self, range: Range<usize>, tone: Tone) {
        if let Some(tones) = self.tones.get_mut(range) {
            tones.fill(tone);
        }
    }

    /// A line of the text, which begins at this byte.
    fn line(&self, row: &str, start: usize) -> Line {
        let mut line = Line::new();
        let tones = self.tones.get(start..start + row.len()).unwrap_or_default();
        let mut at = 0;
        for run in tones.chunk_by(|one, next| one == next) {
            // a tone begins and ends at a character
            let tone = run.first().copied().unwrap_or_default();
            line.push(tone, row.get(at..at + run.len()).unwrap_or_default());
            at += run.len();
        }
        line
    }

    /// A script within the text.
    fn script(&mut self, text: &str, range: Range<usize>, depth: usize) {
        let Some(script) = text.get(range.clone()) else { return };
        let mut parser = Parser::new();
        let is_known = parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_ok();
        let Some(tree) = parser.parse(script, None).filter(|_| is_known) else { return };
        let mut cursor = tree.walk();
        // not by recursion: a command may be as deep as it is long
        loop {
            let goes_in = self.node(text, range.start, cursor.node(), depth);
            if goes_in && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
            }
        }
    }

    /// Paints a node of the tree; whether those in it are looked at as well.
    fn node(&mut self, text: &str, base: usize, node: Node<'_>, depth: usize) -> bool {
        let range = node.start_byte() + base..node.end_byte() + base;
        match node.kind() {
            "comment" | "heredoc_start" | "heredoc_end" => self.paint(range, Tone::Muted),
            "raw_string" | "ansi_c_string" => {
                self.paint(range.clone(), Tone::Quoted);
                if depth < DEEPEST && is_script(text, base, node) {
                    let inside = range.start + 1..range.end.saturating_sub(1).max(range.start + 1);
                    self.paint(inside.clone(), Tone::Plain);
                    self.script(text, inside, depth + 1);
                }
            }
            "heredoc_body" => self.documents.push(range),
            "string" => {
                self.paint(range, Tone::Quoted);
                return true;
            }
            "command_name" => {
                self.paint(range, Tone::Strong);
                // `$(which python) x`
                return true;
            }
            "command_substitution" | "process_substitution" => {
                // within a string too it is a command
                self.paint(range, Tone::Plain);
                return true;
            }
            "simple_expansion" | "expansion" | "variable_name" | "special_variable_name" | "arithmetic_expansion" => {
                self.paint(range, Tone::Accent);
            }
            "string_content" | "word" | "number" | "regex" | "extglob_pattern" | "test_operator" | "file_descriptor" => {}
            "ERROR" => return true,
            kind if !node.is_named() && kind != "\"" && kind != "\n" && kind != "=" => self.paint(range, Tone::Keyword),
            _ => return true,
        }
        false
    }
}

/// Whether a quoted text is a script for another shell: `bash -lc '…'`.
fn is_script(text: &str, base: usize, node: Node<'_>) -> bool {
    let word = |node: Node<'_>| text.get(node.start_byte() + base..node.end_byte() + base).unwrap_or_default();
    let flag = node.prev_sibling();
    let shell = flag.and_then(|flag| flag.prev_sibling());
    let is_shell = |node: Node<'_>| node.kind() == "command_name" && matches!(word(node).rsplit('/').next(), Some("bash" | "sh" | "zsh"));
    flag.is_some_and(|flag| matches!(word(flag), "-c" | "-lc")) && shell.is_some_and(is_shell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(command: &str) -> String {
        let mark = |tone| match tone {
            Tone::Strong => 'p',
            Tone::Quoted => 'q',
            Tone::Keyword => 'k',
            Tone::Accent => 'v',
            Tone::Muted => 'm',
            Tone::Added => '+',
            Tone::Removed => '-',
            _ => ' ',
        };
        let line = |line: Line| {
            let marks: String =
                line.pieces().flat_map(|(tone, text)| text.chars().map(move |char| if char == ' ' { ' ' } else { mark(tone) })).collect();
            format!("{}\n{}\n", line.text, marks.trim_end())
        };
        lines(command).into_iter().map(line).collect()
    }

    #[test]
    fn programs_quotes_operators_and_variables_have_their_tones() {
        let command = "cd /w && FOO=1 python3 -m pytest \"$HOME/x\" -k 'a or b' 2>&1 | tail -5 # last\nfor f in *.py; do echo $f; done";
        insta::assert_snapshot!(told(command), @r#"
        cd /w && FOO=1 python3 -m pytest "$HOME/x" -k 'a or b' 2>&1 | tail -5 # last
        pp    kk vvv   ppppppp           qvvvvvqqq    qq qq qq  kk  k pppp    m mmmm
        for f in *.py; do echo $f; done
        kkk v kk     k kk pppp vvk kkkk
        "#);
    }

    #[test]
    fn a_script_for_another_shell_and_a_patch_in_a_document_are_told_as_such() {
        let command =
            "bash -lc 'set -e; ls | wc'\ngit apply <<'EOF'\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\nEOF\npython - <<PY\nimport os\nPY";
        insta::assert_snapshot!(told(command), @r"
        bash -lc 'set -e; ls | wc'
        pppp     qppp   k pp k ppq
        git apply <<'EOF'
        ppp       kkmmmmm
        --- a/x
        mmm mmm
        +++ b/x
        mmm mmm
        @@ -1 +1 @@
        vv vv vv vv
        -a
        --
        +b
        ++
        EOF
        mmm
        python - <<PY
        pppppp   kkmm
        import os

        PY
        mm
        ");
    }

    #[test]
    fn what_is_no_command_is_told_as_it_is() {
        for command in ["", "'", "<<", "$(", "))((", "\u{1b}[31mx", "é'ü\"", "cat <<A <<B\nx\nA\n"] {
            assert_eq!(lines(command).iter().map(|line| line.text.clone()).collect::<Vec<_>>(), clean::lines(command).collect::<Vec<_>>());
        }
        assert_eq!(lines(&"x ".repeat(MOST)).len(), 1);
    }

    proptest! {
        #[test]
        fn any_command_keeps_its_text(command in "([a-z$'\"`(){}<>|&;#= \n\\[\\]é]|<<EOF\n|EOF\n|bash -lc |if |then |fi|case ){0,60}") {
            let told: Vec<_> = lines(&command).into_iter().map(|line| line.text).collect();
            prop_assert_eq!(told, clean::lines(&command).collect::<Vec<_>>());
        }
    }
}
