//! The tree: rows under their runs, runs under model, agent and repository; what lies below each node, counted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::filter::Filter;
use super::row::{Branch, Judged, Kind, Outcome, Row, Whole};
use crate::domain::Level;

/// What stands at the top of loose trajectories and of results.
const TOPS: [(Kind, &str); 2] = [(Kind::Loose, "loose trajectories"), (Kind::Results, "results")];

/// In what order siblings stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sort {
    /// The newest first.
    #[default]
    Time,
    /// Those that cost most first.
    Tokens,
    /// The worst first.
    Level,
    /// By their names.
    Name,
}

impl Sort {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Time => Self::Tokens,
            Self::Tokens => Self::Level,
            Self::Level => Self::Name,
            Self::Name => Self::Time,
        }
    }

    /// In a word or two.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "newest first",
            Self::Tokens => "most tokens first",
            Self::Level => "worst first",
            Self::Name => "by name",
        }
    }
}

/// What lies below a node, of what is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Attempts of agents.
    pub items: usize,
    /// Of them, those that were read.
    pub read: usize,
    /// Of those, marked success.
    pub success: usize,
    /// Came to a bad end.
    pub failed: usize,
    /// All others that were read.
    pub open: usize,
    /// Those whose agent was stuck.
    pub stuck: usize,
    /// Commits with arms that were measured: no attempts of agents.
    pub measured: usize,
    /// Of them, those whose agent's arm has numbers, and those whose arm failed.
    pub arms: (usize, usize),
    /// Tokens of those that are known.
    pub tokens: u64,
    /// How long agents ran, in ms.
    pub duration_ms: u64,
}

impl Totals {
    /// Counts one row.
    pub fn take(&mut self, row: &Row) {
        if row.branch.kind == Kind::Results {
            self.measured += 1;
            let outcome = row.facts.as_ref().map(|facts| facts.outcome);
            self.arms.0 += usize::from(outcome == Some(Outcome::Success));
            self.arms.1 += usize::from(outcome == Some(Outcome::Failed));
            return;
        }
        self.items += 1;
        self.stuck += usize::from(row.level == Judged::Is(Level::Stuck));
        let Some(facts) = &row.facts else { return };
        self.read += 1;
        match facts.outcome {
            Outcome::Success => self.success += 1,
            Outcome::Failed => self.failed += 1,
            Outcome::Open => self.open += 1,
        }
        self.tokens = self.tokens.saturating_add(facts.tokens.unwrap_or_default());
        self.duration_ms = self.duration_ms.saturating_add(facts.duration_ms.unwrap_or_default());
    }

    /// Rows of any kind.
    pub const fn rows(&self) -> usize {
        self.items + self.measured
    }
}

/// A node with what lies below it.
#[derive(Debug, Clone)]
pub struct Node {
    /// What tells it from others, as long as names stay.
    pub id: String,
    /// As it is shown.
    pub label: String,
    /// Nodes above it.
    pub depth: usize,
    /// What is opened as a whole; `None` for a folder of others.
    pub whole: Option<Whole>,
    /// Whether rows hang at it.
    pub is_leaf: bool,
    /// What is shown of it.
    pub totals: Totals,
    /// Rows below it in all, shown or not.
    pub all: usize,
    /// The newest below it.
    pub at: Option<Timestamp>,
    /// The worst below it.
    pub level: Level,
}

/// A line of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A node, by its place.
    Node(usize),
    /// A row, by its place, and the nodes above it.
    Row(usize, usize),
}

/// The tree as it is shown.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Its lines, from top to bottom: what is folded is left out.
    pub lines: Vec<Line>,
    /// The rows that pass the filter, in the order of the tree, folded or not.
    pub order: Vec<usize>,
    /// What is shown in all.
    pub totals: Totals,
    /// Items in all, shown or not.
    pub all: Totals,
}

/// A node while the tree is built.
#[derive(Default)]
struct Growing<'a> {
    children: BTreeMap<&'a str, Self>,
    /// Rows that hang here, of what is shown.
    rows: Vec<usize>,
    branch: Option<&'a Branch>,
    totals: Totals,
    all: usize,
    at: Option<Timestamp>,
    level: Level,
}

impl<'a> Growing<'a> {
    fn see(&mut self, row: &'a Row, at: usize, path: &[&'a str], is_shown: bool) {
        self.all += 1;
        if is_shown {
            self.totals.take(row);
            self.at = self.at.max(row.at());
            self.level = self.level.max(row.level.level().unwrap_or_default());
        }
        if let Some((first, rest)) = path.split_first() {
            return self.children.entry(first).or_default().see(row, at, rest, is_shown);
        }
        self.branch = Some(&row.branch);
        if is_shown {
            self.rows.push(at);
        }
    }
}

/// Builds it. `is_open` says of a node, by its id and whether rows hang at it, whether what lies below it is shown.
pub fn build(rows: &[Row], filter: &Filter, sort: Sort, is_open: &dyn Fn(&str, bool) -> bool) -> Tree {
    let mut root = Growing::default();
    let mut all = Totals::default();
    let mut paths: HashMap<*const Branch, Vec<&str>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        all.take(row);
        let path = paths.entry(std::sync::Arc::as_ptr(&row.branch)).or_insert_with(|| path(&row.branch));
        root.see(row, at, path, filter.passes(row));
    }
    let mut tree = Tree { totals: root.totals, all, ..Tree::default() };
    let mut build = Build { rows, sort, is_open, tree: &mut tree };
    build.below(&root, "", 0, true);
    tree
}

/// What the node is called at which a branch ends; the nodes above it are called by its beginnings.
pub fn id_of(branch: &Branch) -> String {
    format!("/{}", path(branch).join("/"))
}

fn path(branch: &Branch) -> Vec<&str> {
    let top = TOPS.iter().find(|(kind, _)| *kind == branch.kind).map(|(_, top)| *top);
    top.into_iter().chain(branch.names.iter().map(String::as_str)).collect()
}

struct Build<'a> {
    rows: &'a [Row],
    sort: Sort,
    is_open: &'a dyn Fn(&str, bool) -> bool,
    tree: &'a mut Tree,
}

impl Build<'_> {
    fn below(&mut self, node: &Growing<'_>, id: &str, depth: usize, is_seen: bool) {
        let mut children: Vec<(&str, &Growing<'_>)> =
            node.children.iter().filter(|(_, child)| child.totals.rows() > 0).map(|(name, child)| (*name, child)).collect();
        match self.sort {
            Sort::Time => children.sort_by_key(|(_, child)| Reverse(child.at)),
            Sort::Tokens => children.sort_by_key(|(_, child)| Reverse(child.totals.tokens)),
            Sort::Level => children.sort_by_key(|(_, child)| Reverse((child.level, child.totals.stuck))),
            Sort::Name => {}
        }
        // what is no run stands below what is one
        let is_top = |name: &str| depth == 0 && TOPS.iter().any(|(_, top)| *top == name);
        children.sort_by_key(|(name, _)| is_top(name));
        for (name, child) in children {
            self.node(name, child, id, depth, is_seen);
        }
        for at in self.sorted(&node.rows) {
            self.tree.order.push(at);
            if is_seen {
                self.tree.lines.push(Line::Row(at, depth));
            }
        }
    }

    fn node(&mut self, name: &str, mut node: &Growing<'_>, above: &str, depth: usize, is_seen: bool) {
        let (mut id, mut label) = (format!("{above}/{name}"), name.to_owned());
        // a folder with one folder in it is one line; a run keeps its own
        while let (true, Some((name, only))) = (node.rows.is_empty() && node.children.len() == 1, node.children.first_key_value()) {
            if only.children.is_empty() {
                break;
            }
            id = format!("{id}/{name}");
            label = format!("{label}  {name}");
            node = only;
        }
        let is_leaf = node.children.is_empty();
        let is_open = (self.is_open)(&id, is_leaf);
        if is_seen {
            self.tree.lines.push(Line::Node(self.tree.nodes.len()));
        }
        self.tree.nodes.push(Node {
            id: id.clone(),
            label,
            depth,
            whole: node.branch.and_then(|branch| branch.whole.clone()),
            is_leaf,
            totals: node.totals,
            all: node.all,
            at: node.at,
            level: node.level,
        });
        self.below(node, &id, depth + 1, is_seen && is_open);
    }

    fn sorted(&self, rows: &[usize]) -> Vec<usize> {
        let mut rows: Vec<(usize, &Row)> = rows.iter().filter_map(|at| Some((*at, self.rows.get(*at)?))).collect();
        let tokens = |row: &Row| row.facts.as_ref().and_then(|facts| facts.tokens);
        rows.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
        match self.sort {
            Sort::Time => rows.sort_by_key(|(_, row)| Reverse(row.at())),
            Sort::Tokens => rows.sort_by_key(|(_, row)| Reverse(tokens(row))),
            Sort::Level => rows.sort_by_key(|(_, row)| Reverse(row.level.level())),
            Sort::Name => {}
        }
        rows.into_iter().map(|(at, _)| at).collect()
    }
}
