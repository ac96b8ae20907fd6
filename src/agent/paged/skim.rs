//! What one line says of where steps begin: the names that tell are looked for, everything else is passed over as it was
//! written, and nothing is decoded that need not be.

use std::hash::Hasher;

use memchr::memmem;
use rustc_hash::FxHasher;

use crate::agent::claude::is_prompt;
use crate::agent::open::Format;
use crate::agent::value::{Cursor, Next, elements};

/// A word that stands for an id: 0 where there is none.
pub(super) type Word = u64;

/// What a line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The file's first line once more: another transcript begins here.
    Again,
    /// A block of the model's message of this id.
    Message(Word),
    /// Codex's rollout: something of the model's turn, or something that only stands between two.
    Turn,
    Between,
    /// Codex's printed events.
    Exec(Exec),
    /// A line of Claude Code's transcript.
    Session(Line),
}

/// An event of `codex exec --json`, as far as steps depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exec {
    /// The model is asked.
    Asked,
    /// A thread begins, and the model is asked.
    Thread,
    /// The model says something.
    Says,
    /// A call, its answer, and one that is told when it is done.
    Calls(Word),
    Answers(Word),
    Did(Word),
    /// An item that is a call, and whether it is over; one that is told when it is done.
    Item(Word, bool),
    ItemDone(Word),
}

/// A line of a transcript that is a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) uuid: Word,
    pub(super) parent: Word,
    /// The subagent that it names.
    pub(super) agent: Word,
    /// The message of the model of which it is a block.
    pub(super) message: Word,
    pub(super) kind: Kind,
    pub(super) is_sidechain: bool,
    pub(super) goes_on: bool,
    pub(super) is_prompt: bool,
}

/// Who wrote a line of a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    User,
    /// Nobody who says anything.
    Other,
}

/// Whether steps of a format can be found so.
pub(super) const fn can(format: Format) -> bool {
    matches!(format, Format::ClaudeStream | Format::ClaudeSession | Format::CodexExec | Format::CodexRollout | Format::OpenhandsV1)
}

/// What a line of this format says; `None` of one that is no object, or does not matter.
pub(super) fn skim(format: Format, line: &[u8]) -> Option<What> {
    let line = line.trim_ascii();
    if !line.starts_with(b"{") || !line.ends_with(b"}") {
        return None;
    }
    // bytes that are no text become marks in the whole reader's texts; in names and ids they do not occur
    let owned;
    let text = if let Ok(text) = std::str::from_utf8(line) {
        text
    } else {
        owned = String::from_utf8_lossy(line).into_owned();
        owned.as_str()
    };
    match format {
        Format::ClaudeStream => stream(text),
        Format::ClaudeSession => session(text).map(What::Session),
        Format::CodexExec => exec(text).map(What::Exec),
        Format::CodexRollout => rollout(text),
        Format::OpenhandsV1 => event_v1(text),
        _ => None,
    }
}

/// Calls this with each field of an object until it wants no more.
fn fields<'a>(raw: &'a str, mut field: impl FnMut(&'a str, &mut Cursor<'a>) -> Option<More>) -> Option<()> {
    let mut cursor = Cursor::new(raw);
    cursor.enter(b'{')?;
    while let Next::Is(name) = cursor.key()? {
        if field(name, &mut cursor)? == More::Enough {
            break;
        }
    }
    Some(())
}

#[derive(PartialEq, Eq)]
enum More {
    Wanted,
    Enough,
}

/// The value of one field of an object; nothing where it is missing.
fn part<'a>(raw: &'a str, wanted: &str) -> Option<&'a str> {
    let mut found = None;
    // the outermost value may be cut off behind what is wanted
    let _ = fields(raw, |name, cursor| {
        let value = cursor.value()?;
        if name == wanted {
            found = Some(value);
            return Some(More::Enough);
        }
        Some(More::Wanted)
    });
    found
}

/// The text between the marks; nothing of what is no string.
fn plain(raw: &str) -> &str {
    raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or_default()
}

fn word(raw: Option<&str>) -> Word {
    let raw = raw.unwrap_or_default();
    match raw.as_bytes() {
        [b'"', b'"'] => 0,
        [b'"' | b'-' | b'0'..=b'9', ..] => {
            let mut hasher = FxHasher::default();
            hasher.write(raw.as_bytes());
            hasher.finish().max(1)
        }
        _ => 0,
    }
}

fn stream(line: &str) -> Option<What> {
    let (mut kind, mut message) = (None, None);
    fields(line, |name, cursor| {
        match name {
            "type" => kind = Some(plain(cursor.value()?)),
            "message" => message = Some(cursor.value()?),
            _ => drop(cursor.value()?),
        }
        let is_told = kind.is_some_and(|kind| kind != "assistant" || message.is_some());
        Some(if is_told { More::Enough } else { More::Wanted })
    })?;
    (kind? == "assistant").then(|| What::Message(word(message.and_then(|message| part(message, "id")))))
}

fn session(line: &str) -> Option<Line> {
    let (mut kind, mut message, mut is_meta) = ("", "", false);
    let (mut parent, mut logical) = (0, 0);
    let mut told =
        Line { uuid: 0, parent: 0, agent: 0, message: 0, kind: Kind::Other, is_sidechain: false, goes_on: false, is_prompt: false };
    let mut has_uuid = false;
    fields(line, |name, cursor| {
        let value = cursor.value()?;
        match name {
            "type" => kind = plain(value),
            "uuid" => (has_uuid, told.uuid) = (true, word(Some(value))),
            "parentUuid" => parent = word(Some(value)),
            "logicalParentUuid" => (logical, told.goes_on) = (word(Some(value)), true),
            "isCompactSummary" => told.goes_on |= value == "true",
            "isSidechain" => told.is_sidechain = value == "true",
            "agentId" => told.agent = word(Some(value)),
            "isMeta" => is_meta = value == "true",
            "message" => message = value,
            _ => {}
        }
        Some(More::Wanted)
    })?;
    told.parent = if parent == 0 { logical } else { parent };
    match kind {
        "assistant" => {
            told.kind = Kind::Model;
            told.message = word(part(message, "id"));
        }
        "user" => {
            told.kind = Kind::User;
            told.is_prompt = says(message, is_meta);
        }
        _ if !has_uuid => return None,
        _ => {}
    }
    Some(told)
}

/// Whether a message of the user is a prompt. Most are answers of tools, and hold no block of text.
fn says(message: &str, is_meta: bool) -> bool {
    let Some(content) = part(message, "content") else { return false };
    if !content.starts_with('"') && memmem::find(content.as_bytes(), b"\"text\"").is_none() {
        return false;
    }
    if content.starts_with('[') && !elements(content).iter().any(|block| part(block, "type").map(plain) == Some("text")) {
        return false;
    }
    is_prompt(content, is_meta)
}

fn rollout(line: &str) -> Option<What> {
    let (mut kind, mut role, mut payload, mut is_mark) = (None, "", None, false);
    fields(line, |name, cursor| {
        match name {
            "type" => kind = Some(plain(cursor.value()?)),
            "role" => role = plain(cursor.value()?),
            "record_type" => (is_mark, _) = (true, cursor.value()?),
            "payload" if kind.is_some() => {
                payload = Some(cursor.rest());
                return Some(More::Enough);
            }
            "payload" => payload = Some(cursor.value()?),
            _ => drop(cursor.value()?),
        }
        Some(More::Wanted)
    })?;
    let kind = kind.unwrap_or_default();
    let Some(payload) = payload else { return if is_mark { Some(What::Between) } else { item(kind, role) } };
    match kind {
        "response_item" | "event_msg" => {
            let mut inner = None;
            // behind its kind it may be cut off
            let _ = fields(payload, |name, cursor| {
                match name {
                    "type" => inner = Some(plain(cursor.value()?)),
                    "role" => role = plain(cursor.value()?),
                    _ => drop(cursor.value()?),
                }
                let is_told = inner.is_some_and(|inner| inner != "message" || !role.is_empty());
                Some(if is_told { More::Enough } else { More::Wanted })
            });
            match (kind, inner.unwrap_or_default()) {
                ("response_item", inner) => item(inner, role),
                (_, "token_count" | "task_started" | "user_message") => Some(What::Between),
                _ => None,
            }
        }
        "turn_context" | "token_usage_record" | "compacted" => Some(What::Between),
        _ => None,
    }
}

fn item(kind: &str, role: &str) -> Option<What> {
    match kind {
        "message" if role == "assistant" => Some(What::Turn),
        "message" => Some(What::Between),
        "reasoning" | "function_call" | "custom_tool_call" | "local_shell_call" | "web_search_call" => Some(What::Turn),
        _ => None,
    }
}

fn exec(line: &str) -> Option<Exec> {
    let (mut kind, mut item, mut msg, mut has_prompt, mut has_place) = (None, None, None, false, false);
    fields(line, |name, cursor| {
        match name {
            "type" => kind = Some(plain(cursor.value()?)),
            "item" => item = Some(cursor.value()?),
            "msg" => {
                msg = Some(cursor.value()?);
                return Some(More::Enough);
            }
            "prompt" => has_prompt = word(Some(cursor.value()?)) != 0,
            "workdir" => has_place = cursor.value()? != "null",
            _ => drop(cursor.value()?),
        }
        Some(if kind.is_some() && item.is_some() { More::Enough } else { More::Wanted })
    })?;
    if let Some(msg) = msg {
        return event(msg);
    }
    match kind.unwrap_or_default() {
        "thread.started" | "session.created" => Some(Exec::Thread),
        "turn.started" | "turn.completed" | "turn.failed" => Some(Exec::Asked),
        "item.completed" => of_item(item?, true),
        "item.started" | "item.updated" => of_item(item?, false),
        "" if has_prompt => Some(Exec::Asked),
        "" if has_place => Some(Exec::Thread),
        _ => None,
    }
}

/// An event of OpenHands: what one answer of the model asks for is one step.
fn event_v1(line: &str) -> Option<What> {
    let (mut kind, mut source, mut answer, mut id) = ("", "", 0, 0);
    fields(line, |name, cursor| {
        match name {
            "kind" => kind = plain(cursor.value()?),
            "source" => source = plain(cursor.value()?),
            "llm_response_id" => answer = word(Some(cursor.value()?)),
            "id" => id = word(Some(cursor.value()?)),
            _ => drop(cursor.value()?),
        }
        Some(More::Wanted)
    })?;
    let is_answer = kind == "ActionEvent" || (kind == "MessageEvent" && source == "agent");
    is_answer.then(|| What::Message(if answer == 0 { id.max(1) } else { answer }))
}

/// An event of the first generation.
fn event(event: &str) -> Option<Exec> {
    let id = || word(part(event, "call_id"));
    match plain(part(event, "type")?) {
        "task_started" | "token_count" | "error" | "turn_aborted" | "task_complete" => Some(Exec::Asked),
        "agent_reasoning" | "agent_reasoning_raw_content" | "agent_message" => Some(Exec::Says),
        "exec_command_begin" | "patch_apply_begin" | "mcp_tool_call_begin" => Some(Exec::Calls(id())),
        "exec_command_end" | "patch_apply_end" | "mcp_tool_call_end" => Some(Exec::Answers(id())),
        "web_search_end" | "view_image_tool_call" => Some(Exec::Did(id())),
        "plan_update" => Some(Exec::Did(0)),
        _ => None,
    }
}

fn of_item(item: &str, is_end: bool) -> Option<Exec> {
    let kind = part(item, "type").filter(|raw| word(Some(raw)) != 0).or_else(|| part(item, "item_type"));
    let id = || word(part(item, "id"));
    match (plain(kind?), is_end) {
        ("reasoning" | "agent_message" | "assistant_message", true) => Some(Exec::Says),
        ("todo_list", false) => Some(Exec::Did(0)),
        ("web_search", true) => Some(Exec::ItemDone(id())),
        ("command_execution" | "file_change" | "mcp_tool_call" | "collab_tool_call", is_end) => Some(Exec::Item(id(), is_end)),
        _ => None,
    }
}
