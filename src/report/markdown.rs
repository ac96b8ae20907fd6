//! The report as Markdown, as GitHub draws it. What comes out of files is text there and nothing else.

use std::fmt::Write as _;

use super::section::{Align, Cell, Document, Section};

/// The report as Markdown.
pub fn markdown(document: &Document) -> String {
    let mut text = format!("# {}\n\n", escaped(&document.lead.title));
    for line in &document.lead.lines {
        let _ = writeln!(text, "- **{}**: {}", escaped(line.about), escaped(&line.says));
    }
    for (nth, section) in document.sections.iter().enumerate() {
        let _ = writeln!(text, "\n## Table {}. {}\n", nth + 1, escaped(section.title));
        if !section.says.is_empty() {
            let _ = writeln!(text, "{}\n", escaped(&section.says));
        }
        table(&mut text, section);
    }
    text
}

fn table(text: &mut String, section: &Section) {
    let columns = &section.table.columns;
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    text.push_str(&line(columns.iter().map(|column| escaped(&column.head())).collect()));
    let rule = |align: Align| if align == Align::Right { "---:" } else { "---" };
    text.push_str(&line(columns.iter().map(|column| rule(column.align).to_owned()).collect()));
    for (nth, row) in section.table.rows.iter().enumerate() {
        let is_sum = section.table.has_sum && nth + 1 == section.table.rows.len();
        let strong = |cell: String| if is_sum && !cell.is_empty() { format!("**{cell}**") } else { cell };
        text.push_str(&line(row.iter().zip(columns).map(|(cell, column)| strong(shown(cell, column.align))).collect()));
    }
}

/// A number that is missing has a mark, words that are missing have none.
fn shown(cell: &Cell, align: Align) -> String {
    let says = escaped(&cell.says());
    if says.is_empty() && align == Align::Right { "–".to_owned() } else { says }
}

/// A text in which nothing is a mark of Markdown, a tag, a link or a mention.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let is_inside = before.is_alphanumeric() && chars.peek().is_some_and(|next| next.is_alphanumeric());
        match char {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // GitHub calls whoever is named so
            '@' => out.push_str("&#64;"),
            // a bare address becomes a link
            ':' if chars.peek() == Some(&'/') => out.push_str("&#58;"),
            // within a word it is a letter: `max_steps_exceeded` stays readable
            '_' if is_inside => out.push(char),
            '\\' | '|' | '`' | '*' | '_' | '[' | ']' | '~' | '#' | '$' => {
                out.push('\\');
                out.push(char);
            }
            '\n' | '\r' | '\t' => out.push(' '),
            _ => out.push(char),
        }
        before = char;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_foreign_text_is_a_mark() {
        let seen = escaped("a|b `c` <script>alert(1)</script> *x* _y_ max_steps [z](http://e.x) @all #1 a&b");
        assert_eq!(
            seen,
            "a\\|b \\`c\\` &lt;script&gt;alert(1)&lt;/script&gt; \\*x\\* \\_y\\_ max_steps \\[z\\](http&#58;//e.x) &#64;all \\#1 a&amp;b"
        );
    }
}
