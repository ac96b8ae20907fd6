//! `print themes`: which there are, what they look like, and a file to start one from.

use std::io::{IsTerminal, Write};

use clap::Args;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use serde_json::{Map, Value, json};

use super::{Format, for_stdout, usage};
use crate::exit::Exit;
use crate::host::environment::variable;
use crate::shell::encode;
use crate::shell::themes::{Origin, Themes, ThemesError};
use crate::text::{clean, width};
use crate::theme::palette::{Ansi, Look, Mod, Rgb};
use crate::theme::{Depth, Glyphs, Palette, Role, Theme};

/// `print themes`
#[derive(Debug, Args)]
pub(super) struct ThemesArgs {
    /// Print this theme's file, to start one of your own from
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) fn themes(args: &ThemesArgs) -> Exit {
    let themes = Themes::of(variable);
    let text = match (&args.name, args.format) {
        (Some(name), Format::Text) => match themes.text(name) {
            Ok((text, _)) => for_stdout(&text).into_owned(),
            Err(error) => return usage(error),
        },
        (Some(name), Format::Json) => match themes.palette(name) {
            Ok((palette, origin)) => format!("{:#}\n", json(name, &Ok((palette, origin)))),
            Err(error) => return usage(error),
        },
        (None, Format::Json) => {
            let all: Vec<Value> = themes.names().iter().map(|name| json(name, &themes.palette(name))).collect();
            format!("{:#}\n", json!({"folder": themes.folder(), "themes": all}))
        }
        (None, Format::Text) => list(&themes),
    };
    // a closed pipe is no failure of ours
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Exit::Well
}

fn json(name: &str, found: &Result<(Palette, Origin), ThemesError>) -> Value {
    let (palette, origin) = match found {
        Ok(found) => found,
        Err(error) => return json!({"name": name, "error": error.to_string()}),
    };
    let file = match origin {
        Origin::Embedded => None,
        Origin::File(path) => Some(path),
    };
    let roles: Map<String, Value> = Role::ALL.into_iter().map(|role| (role.name().to_owned(), look(palette.look(role)))).collect();
    json!({"name": name, "file": file, "background": palette.background.to_string(), "roles": roles})
}

fn look(look: &Look) -> Value {
    let names = |mods: &[Mod]| mods.iter().map(|found| found.name()).collect::<Vec<_>>();
    json!({
        "fg": look.fg.as_ref().map(Rgb::to_string),
        "bg": look.bg.as_ref().map(Rgb::to_string),
        "ansi": look.ansi.map(Ansi::name),
        "ansi_bg": look.ansi_bg.map(Ansi::name),
        "mods": names(&look.mods),
        "mono": names(&look.mono),
    })
}

/// A line a theme: its name, its roles in their own colours where a terminal reads, and where it comes from.
fn list(themes: &Themes) -> String {
    let names = themes.names();
    let column = names.iter().map(|name| width::width(name)).max().unwrap_or_default();
    let line = |name: &String| {
        let pad = " ".repeat(column.saturating_sub(width::width(name)));
        let shown = clean::line(name);
        match themes.palette(name) {
            Ok((palette, origin)) => {
                let origin = match origin {
                    Origin::Embedded => "embedded".to_owned(),
                    Origin::File(path) => clean::line(&path.display().to_string()),
                };
                format!("{shown}{pad}  {}  for {}, {origin}\n", swatch(&palette), palette.background)
            }
            Err(error) => format!("{shown}{pad}  {}\n", clean::line(&error.to_string())),
        }
    };
    let mut text: String = names.iter().map(line).collect();
    let folder =
        themes.folder().map_or_else(|| "no folder: HOME is not set".to_owned(), |folder| clean::line(&folder.display().to_string()));
    let hint = "T on the screen chooses, and so does ISOBENCH_TUI_THEME; `print themes dark` is a file to start one of your own from:";
    text.push_str(&[hint, " ", &folder, "/NAME.toml\n"].concat());
    text
}

/// The names of the roles, each as it looks.
fn swatch(palette: &Palette) -> String {
    let names = Role::ALL.map(Role::name).join(" ");
    if !std::io::stdout().is_terminal() {
        return names;
    }
    let depth = Depth::of(variable);
    let theme = Theme::new(palette, depth, Glyphs::of(variable));
    let empty = Buffer::empty(Rect::new(0, 0, u16::try_from(names.len()).unwrap_or(u16::MAX), 1));
    let mut row = empty;
    if matches!(depth, Depth::True | Depth::TwoFiftySix) {
        row.set_style(row.area, Style::new().bg(palette.background.at(depth)));
    }
    let mut x = 0_u16;
    for role in Role::ALL {
        row.set_string(x, 0, role.name(), theme.style(role));
        x = x.saturating_add(u16::try_from(role.name().len()).unwrap_or_default()).saturating_add(1);
    }
    encode::line(&row)
}
