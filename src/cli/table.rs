//! Preflight's table as lines of text.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::os::fd::AsFd;

use super::{draw, tell};
use crate::domain::short_sha;
use crate::ledger::PlannedItem;
use crate::ledger::fact::Blocked;
use crate::runner::{Check, Preflight, Row};
use crate::text::count;
use crate::text::mask::Masker;
use crate::text::width::{clip, wrap};
use crate::theme::Depth;
use crate::ui::home::card::BlockedItems;

/// Columns before the sentence: the check and what it is about.
const MARGIN: usize = 19;

/// So many blocked items are told one by one.
const MOST: usize = 20;

/// Says the table, as [`masked`] left it, on stderr, and below it the items that are blocked.
pub(super) fn tell_preflight(found: &Preflight) {
    let (columns, colour) = terminal(std::io::stderr());
    for line in lines(&found.rows, columns, colour) {
        draw(&line);
    }
    for line in columns.map_or_else(|| blocked(found), |columns| own_reasons(found, columns)) {
        tell(format_args!("{line}"));
    }
}

/// The table and the items that are blocked by something of their own, as wide as the terminal or 80 columns.
pub(super) fn shown(found: &Preflight) -> String {
    let (columns, colour) = terminal(std::io::stdout());
    let columns = columns.unwrap_or(80);
    let mut text = lines(&found.rows, Some(columns), colour);
    text.extend(own_reasons(found, columns));
    text.join("\n") + "\n"
}

/// The items that are blocked by something of their own: what blocks them all is a row.
fn own(found: &Preflight) -> Vec<Group<'_>> {
    let of_row = |blocked: &Blocked| found.rows.iter().any(|row| row.sentence() == blocked.why);
    grouped(found.items.iter().filter_map(|item| Some((item, item.blocked.as_ref()?))).filter(|(_, blocked)| !of_row(blocked)))
}

/// The same for the start screen.
pub(super) fn own_of_screen(found: &Preflight) -> Vec<BlockedItems> {
    let of = |group: Group<'_>| BlockedItems {
        class: group.first.class,
        why: if group.items.len() == 1 { group.first.why.clone() } else { group.why },
        items: group.items.iter().map(|item| item.item.to_string()).collect(),
    };
    own(found).into_iter().map(of).collect()
}

/// The same in so many columns.
fn own_reasons(found: &Preflight, columns: usize) -> Vec<String> {
    let groups = own(found);
    let mut text: Vec<String> = groups.iter().take(MOST).flat_map(|group| group.lines(columns)).collect();
    let rest: usize = groups.iter().skip(MOST).map(|group| group.items.len()).sum();
    text.extend((rest > 0).then(|| format!("… and {rest} more")));
    text
}

/// Items that are blocked by the same but for their shas.
struct Group<'a> {
    why: String,
    first: &'a Blocked,
    items: Vec<&'a PlannedItem>,
}

fn grouped<'a>(items: impl Iterator<Item = (&'a PlannedItem, &'a Blocked)>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut known = HashMap::new();
    for (item, blocked) in items {
        let why = without_shas(&blocked.why);
        let nth = *known.entry((blocked.class, why.clone())).or_insert(groups.len());
        match groups.get_mut(nth) {
            Some(group) => group.items.push(item),
            None => groups.push(Group { why, first: blocked, items: vec![item] }),
        }
    }
    groups
}

impl Group<'_> {
    fn lines(&self, columns: usize) -> Vec<String> {
        let indent = " ".repeat(9);
        let wrapped = |text: &str| wrap(text, columns.saturating_sub(indent.len()).max(20), usize::MAX);
        let (head, mut below) = match self.items.as_slice() {
            [item] => (format!("{}  {}", item.item, short_sha(&item.human)), wrapped(&self.first.why)),
            items => (count(items.len(), "item"), wrapped(&self.why)),
        };
        if self.items.len() > 1 {
            let mut ids: Vec<String> = self.items.iter().take(MOST).map(|item| item.item.to_string()).collect();
            ids.extend((self.items.len() > MOST).then(|| format!("… and {} more", self.items.len() - MOST)));
            below.extend(wrapped(&ids.join(", ")));
        }
        let head = format!("{:<8} {head}  {}", "blocked", self.first.class);
        [clip(&head, columns).into_owned()].into_iter().chain(below.into_iter().map(|line| format!("{indent}{line}"))).collect()
    }
}

/// A sentence with a `…` for every sha that stands in it as a word.
fn without_shas(why: &str) -> String {
    let is_mark = |c: char| !c.is_alphanumeric();
    let is_sha = |word: &str| (7..=64).contains(&word.len()) && word.chars().all(|c| c.is_ascii_hexdigit());
    let word = |word: &str| {
        let bare = word.trim_matches(is_mark);
        if is_sha(bare) { word.replacen(bare, "…", 1) } else { word.to_owned() }
    };
    why.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// A line for each blocked item, up to a number.
fn blocked(found: &Preflight) -> Vec<String> {
    let blocked: Vec<_> = found.items.iter().filter_map(|item| Some((item, item.blocked.as_ref()?))).collect();
    // a cause with its fix stands above; of each item it is said too, for people look for theirs
    let line = |(item, blocked): &(&PlannedItem, &Blocked)| {
        let common = found.rows.iter().find(|row| row.sentence() == blocked.why);
        let why = common.map_or(blocked.why.as_str(), |row| row.says.as_str());
        format!("{:<8} {}  {}  {}: {}", "blocked", item.item, short_sha(&item.human), blocked.class, why)
    };
    let mut lines: Vec<String> = blocked.iter().take(MOST).map(line).collect();
    lines.extend((blocked.len() > MOST).then(|| format!("… and {} more", blocked.len() - MOST)));
    lines
}

/// Columns of a terminal and whether it has colours; neither for a pipe or a file.
fn terminal(stream: impl AsFd + IsTerminal) -> (Option<usize>, bool) {
    if !stream.is_terminal() {
        return (None, false);
    }
    let columns = rustix::termios::tcgetwinsize(stream).map_or(0, |size| usize::from(size.ws_col));
    let colour = Depth::of(|name| std::env::var(name).ok()) != Depth::Mono;
    (Some(columns).filter(|columns| *columns > 0).or(Some(80)), colour)
}

/// Lines of the table. Wrapped to `columns` where they are given, in one line a row where not: `grep` likes that better.
/// A row's fix stands below it. `colour` adds colour to the word of the check, which says the same without.
fn lines(rows: &[Row], columns: Option<usize>, colour: bool) -> Vec<String> {
    rows.iter().flat_map(|row| row_lines(row, columns, colour)).collect()
}

/// What was found without any secret in it: it is shown, and it goes on record.
pub(super) fn masked(found: Preflight, masker: &Masker) -> Preflight {
    let mask = |text: &str| masker.line(text);
    let row = |row: Row| Row { says: mask(&row.says), fix: row.fix.as_deref().map(mask), ..row };
    let item = |item: PlannedItem| {
        let blocked = item.blocked.map(|blocked| Blocked { why: mask(&blocked.why), ..blocked });
        PlannedItem { blocked, ..item }
    };
    Preflight { rows: found.rows.into_iter().map(row).collect(), items: found.items.into_iter().map(item).collect(), ..found }
}

fn row_lines(row: &Row, columns: Option<usize>, colour: bool) -> Vec<String> {
    let word = format!("{:<8}", row.check.name());
    let word = match (colour, row.check) {
        (false, _) => word,
        (true, Check::Ok) => format!("\u{1b}[32m{word}\u{1b}[0m"),
        (true, Check::Warning) => format!("\u{1b}[33m{word}\u{1b}[0m"),
        (true, Check::Blocked) => format!("\u{1b}[31m{word}\u{1b}[0m"),
    };
    let head = format!("{word} {:<9} ", row.about.name());
    let Some(columns) = columns else { return vec![head + &row.sentence()] };
    let room = columns.saturating_sub(MARGIN).max(20);
    let mut texts = wrap(&row.says, room, usize::MAX);
    let fix = row.fix.as_ref().map(|fix| wrap(fix, room - 2, usize::MAX)).unwrap_or_default();
    texts.extend(fix.iter().enumerate().map(|(nth, line)| if nth == 0 { format!("> {line}") } else { format!("  {line}") }));
    let indent = " ".repeat(MARGIN);
    texts.into_iter().enumerate().map(|(nth, text)| if nth == 0 { format!("{head}{text}") } else { format!("{indent}{text}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::preflight::About;
    use crate::text::width::width;

    #[test]
    fn a_row_fits_its_columns_with_the_fix_below() {
        let says = "AWS login expires in 3 h 20 min; the queue needs about 25 h";
        let row = Row::warning(About::Keys, says, "`aws sso login` before, or expect items to fail from 11:10 on");
        let seen = lines(std::slice::from_ref(&row), Some(60), false);
        assert_eq!(
            seen,
            [
                "warning  keys      AWS login expires in 3 h 20 min; the",
                "                   queue needs about 25 h",
                "                   > `aws sso login` before, or expect items",
                "                     to fail from 11:10 on",
            ]
        );
        assert!(seen.iter().all(|line| width(line) <= 60));
        let one = lines(std::slice::from_ref(&row), None, true);
        assert_eq!(one, [format!("\u{1b}[33mwarning \u{1b}[0m keys      {}", row.sentence())]);
    }
}
