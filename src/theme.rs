//! Roles → colours. Code names roles; `themes/*.toml` give them colours; the terminal decides how many it gets.

pub mod depth;
mod error;
pub mod glyphs;
mod ink;
pub mod palette;
pub mod role;

use ratatui::style::{Color, Style};

use crate::text::ansi::Ink;

pub use depth::Depth;
pub use error::ThemeError;
pub use glyphs::Glyphs;
pub use palette::Palette;
pub use role::Role;

/// The embedded themes: name and text.
pub const EMBEDDED: [(&str, &str); 4] = [
    ("dark", include_str!("../themes/dark.toml")),
    ("light", include_str!("../themes/light.toml")),
    ("high-contrast", include_str!("../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../themes/colour-blind.toml")),
];

/// The text of the embedded theme of this name.
pub fn embedded(name: &str) -> Result<&'static str, ThemeError> {
    let found = EMBEDDED.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text);
    found.ok_or_else(|| ThemeError::Unknown { name: name.to_owned(), known: EMBEDDED.map(|(known, _)| known).join(", ") })
}

/// A style for each role, and the glyphs of the terminal.
#[derive(Debug, Clone, PartialEq)]
pub struct Theme {
    styles: [Style; Role::ALL.len()],
    depth: Depth,
    /// Which characters draw dots, bars and rules.
    pub glyphs: Glyphs,
    /// Painted behind everything, where the terminal's own background would make the theme unreadable.
    pub ground: Option<Color>,
}

/// What a background is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Light text can be read on it.
    Dark,
    /// Dark text can be read on it.
    Light,
}

impl Theme {
    /// The embedded theme of this name, for a terminal of this depth.
    pub fn embedded(name: &str, depth: Depth, glyphs: Glyphs) -> Result<Self, ThemeError> {
        Ok(Self::new(&Palette::parse(embedded(name)?)?, depth, glyphs))
    }

    /// A theme file's colours, for a terminal of this depth.
    pub fn new(palette: &Palette, depth: Depth, glyphs: Glyphs) -> Self {
        let glyphs = if depth == Depth::Mono { glyphs.without_colours() } else { glyphs };
        Self { styles: Role::ALL.map(|role| palette.style(role, depth)), depth, glyphs, ground: None }
    }

    /// A theme from a function, for tests that look at roles.
    pub fn from_fn(glyphs: Glyphs, style: impl Fn(Role) -> Style) -> Self {
        Self { styles: Role::ALL.map(style), depth: Depth::True, glyphs, ground: None }
    }

    /// A theme file's colours for a terminal whose background is like this: where they are made for another one, they
    /// bring their own.
    pub fn on(palette: &Palette, terminal: Ground, depth: Depth, glyphs: Glyphs) -> Self {
        // the sixteen colours are the user's own, and go with his background
        let brings = matches!(depth, Depth::True | Depth::TwoFiftySix) && palette.background.ground() != terminal;
        Self { ground: brings.then(|| palette.background.at(depth)), ..Self::new(palette, depth, glyphs) }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// What a program asked for, in the colours that the terminal has.
    pub fn ink(&self, ink: Ink) -> Style {
        ink::style(ink, self.depth)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn every_embedded_theme_has_every_role_at_every_depth() {
        for (name, _) in EMBEDDED {
            for depth in [Depth::Mono, Depth::Sixteen, Depth::TwoFiftySix, Depth::True] {
                Theme::embedded(name, depth, Glyphs::UNICODE).unwrap();
            }
        }
    }

    #[test]
    fn an_unknown_theme_names_the_known_ones() {
        let error = Theme::embedded("drak", Depth::True, Glyphs::UNICODE).unwrap_err();
        assert_eq!(error.to_string(), "there is no theme 'drak': known are dark, light, high-contrast, colour-blind");
    }

    #[test]
    fn without_colour_no_style_has_one() {
        let theme = Theme::embedded("dark", Depth::Mono, Glyphs::UNICODE).unwrap();
        assert!(Role::ALL.iter().all(|role| theme.style(*role).fg.is_none() && theme.style(*role).bg.is_none()));
    }
}
