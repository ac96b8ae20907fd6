//! Themes: what can be read and told apart, and the user's own.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::process::Command;

use isobench_tui::theme::palette::Rgb;
use isobench_tui::theme::{Depth, EMBEDDED, Glyphs, Ground, Palette, Role, Theme};
use ratatui::style::{Color, Modifier};

use crate::screen_pty::show_in;
use crate::screen_runs::agent_running;
use crate::support::BINARY;

type Channels = [f64; 3];

fn palettes() -> Vec<(&'static str, Palette)> {
    EMBEDDED.into_iter().map(|(name, text)| (name, Palette::parse(text).unwrap())).collect()
}

/// The colour that a terminal shows, by the xterm palette for indexed ones.
fn shown(colour: Color) -> Channels {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let bytes = match colour {
        Color::Rgb(red, green, blue) => [red, green, blue],
        Color::Indexed(index @ 16..=231) => {
            let at = usize::from(index - 16);
            [STEPS[at / 36], STEPS[at / 6 % 6], STEPS[at % 6]]
        }
        Color::Indexed(index @ 232..) => [8 + 10 * (index - 232); 3],
        other => panic!("{other:?}"),
    };
    bytes.map(|byte| f64::from(byte) / 255.0)
}

/// Light itself, of a channel that is made for eyes (sRGB).
fn linear(colour: Channels) -> Channels {
    colour.map(|c| if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) })
}

/// The contrast of two colours by WCAG 2: 1 to 21.
fn contrast(one: Channels, other: Channels) -> f64 {
    let luminance = |colour| linear(colour).into_iter().zip([0.2126, 0.7152, 0.0722]).map(|(c, weight)| c * weight).sum::<f64>() + 0.05;
    let (one, other) = (luminance(one), luminance(other));
    one.max(other) / one.min(other)
}

/// What a theme must reach for a role.
fn wanted(theme: &str, role: Role) -> f64 {
    match role {
        Role::Faint | Role::Track => 1.3,
        Role::Text | Role::Strong => 7.0,
        _ if theme == "high-contrast" => 7.0,
        _ => 4.5,
    }
}

#[test]
fn everything_can_be_read_on_its_background_and_on_the_selected_row() {
    for (name, palette) in palettes() {
        for depth in [Depth::True, Depth::TwoFiftySix] {
            let behind = shown(palette.background.at(Depth::True));
            let selected = shown(palette.style(Role::Selected, depth).bg.unwrap());
            assert!(contrast(behind, selected) > 1.1, "{name} {depth:?}: the selected row");
            for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Selected | Role::Match)) {
                let colour = shown(palette.style(role, depth).fg.unwrap());
                let least = contrast(colour, behind).min(contrast(colour, selected));
                assert!(least >= wanted(name, role), "{name} {depth:?} {}: {least:.2}", role.name());
            }
            for role in [Role::AddedWord, Role::RemovedWord] {
                let word = palette.style(role, depth);
                let within = contrast(shown(word.fg.unwrap()), shown(word.bg.unwrap()));
                assert!(within >= wanted(name, role), "{name} {depth:?}: {within:.2} in {}", role.name());
            }
            let found = palette.style(Role::Match, depth);
            let within = contrast(shown(found.fg.unwrap()), shown(found.bg.unwrap()));
            assert!(within >= 7.0, "{name} {depth:?}: {within:.2} in what was found");
            assert!(contrast(shown(found.bg.unwrap()), selected) > 1.1, "{name} {depth:?}: what was found on the selected row");
        }
    }
}

/// The sixteen colours, in the order of their numbers, of two terminals: xterm, and the VGA card and all its heirs.
const SIXTEEN: [[u32; 16]; 2] = [
    [
        0x0000_0000,
        0x00cd_0000,
        0x0000_cd00,
        0x00cd_cd00,
        0x0000_00ee,
        0x00cd_00cd,
        0x0000_cdcd,
        0x00e5_e5e5,
        0x007f_7f7f,
        0x00ff_0000,
        0x0000_ff00,
        0x00ff_ff00,
        0x005c_5cff,
        0x00ff_00ff,
        0x0000_ffff,
        0x00ff_ffff,
    ],
    [
        0x0000_0000,
        0x00aa_0000,
        0x0000_aa00,
        0x00aa_5500,
        0x0000_00aa,
        0x00aa_00aa,
        0x0000_aaaa,
        0x00aa_aaaa,
        0x0055_5555,
        0x00ff_5555,
        0x0055_ff55,
        0x00ff_ff55,
        0x0055_55ff,
        0x00ff_55ff,
        0x0055_ffff,
        0x00ff_ffff,
    ],
];

fn number(colour: Color) -> Option<usize> {
    const ORDER: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    ORDER.iter().position(|found| *found == colour)
}

#[test]
fn sixteen_colours_can_be_read_on_black_or_white() {
    for (name, palette) in palettes() {
        let is_dark = palette.background.0[0] < 128;
        let behind = if is_dark { [0.0; 3] } else { [1.0; 3] };
        for role in Role::ALL.into_iter().filter(|role| !matches!(role, Role::Selected | Role::Match | Role::Faint | Role::Track)) {
            let Some(number) = palette.style(role, Depth::Sixteen).fg.and_then(number) else { continue };
            for terminal in SIXTEEN {
                let [_, bytes @ ..] = terminal[number].to_be_bytes();
                let found = contrast(shown(Rgb(bytes).at(Depth::True)), behind);
                assert!(found >= 4.5, "{name} {}: {found:.2}", role.name());
            }
        }
    }
}

#[test]
fn the_selection_shows_without_colours() {
    for (name, palette) in palettes() {
        for depth in [Depth::Sixteen, Depth::Mono] {
            for role in [Role::Selected, Role::Match] {
                let style = palette.style(role, depth);
                assert!(style.add_modifier.contains(Modifier::REVERSED) || style.bg.is_some(), "{name} {depth:?} {}", role.name());
            }
        }
    }
}

/// How people without one kind of cone see a colour: Machado, Oliveira and Fernandes 2009, severity 1.
const EYES: [(&str, [Channels; 3]); 3] = [
    ("protanopia", [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]]),
    ("deuteranopia", [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]]),
    ("tritanopia", [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]]),
];

fn seen(colour: Channels, eyes: &[Channels; 3]) -> Channels {
    let light = linear(colour);
    eyes.map(|row| row.into_iter().zip(light).map(|(a, b)| a * b).sum::<f64>().clamp(0.0, 1.0))
}

/// CIE Lab of linear light, under D65.
fn lab(light: Channels) -> Channels {
    const XYZ: [(Channels, f64); 3] =
        [([0.4124, 0.3576, 0.1805], 0.95047), ([0.2126, 0.7152, 0.0722], 1.0), ([0.0193, 0.1192, 0.9505], 1.08883)];
    let curve = |t: f64| if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 };
    let [x, y, z] = XYZ.map(|(row, white)| curve(row.into_iter().zip(light).map(|(a, b)| a * b).sum::<f64>() / white));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn the_colour_blind_tell_states_apart() {
    let palette = Palette::parse(isobench_tui::theme::embedded("colour-blind").unwrap()).unwrap();
    let states = [Role::Good, Role::Bad, Role::Warn, Role::Live];
    for depth in [Depth::True, Depth::TwoFiftySix] {
        for (who, eyes) in EYES {
            let labs = states.map(|role| lab(seen(shown(palette.style(role, depth).fg.unwrap()), &eyes)));
            for (n, one) in labs.iter().enumerate() {
                for (m, other) in labs.iter().enumerate().skip(n + 1) {
                    let apart = one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    assert!(apart >= 20.0, "{who} {depth:?}: {} and {} are {apart:.1} apart", states[n].name(), states[m].name());
                }
            }
        }
    }
    // the measure tells what it should: red and green of the same lightness are nearly one to a deuteranope
    let red_green = [Rgb([200, 60, 60]), Rgb([110, 125, 40])].map(|rgb| lab(seen(shown(rgb.at(Depth::True)), &EYES[1].1)));
    assert!(red_green[0].iter().zip(red_green[1]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() < 20.0);
}

#[test]
fn no_state_is_told_by_colour_alone() {
    for glyphs in [Glyphs::UNICODE, Glyphs::ASCII] {
        let mut states = [glyphs.done, glyphs.running, glyphs.pending, glyphs.failed, glyphs.cut, glyphs.none];
        states.sort_unstable();
        assert!(states.windows(2).all(|pair| pair[0] != pair[1]), "{states:?}");
        assert!(glyphs.bar != glyphs.track && glyphs.ok != glyphs.no && glyphs.ok != glyphs.open);
    }
}

#[test]
fn a_key_takes_the_next_theme_and_the_next_screen_remembers_it() {
    let mut shown = show_in(&agent_running(), 120, 40, |_| ());
    let text = |name: &str| {
        let Some(Color::Rgb(red, green, blue)) = Theme::embedded(name, Depth::True, Glyphs::UNICODE).unwrap().style(Role::Good).fg else {
            panic!("{name} has no green")
        };
        format!(";38;2;{red};{green};{blue}")
    };
    shown.pty.wait_for("? help");
    assert!(String::from_utf8_lossy(&shown.pty.written).contains(&text("dark")));
    shown.pty.press("T");
    shown.pty.wait_for("theme: light");
    assert!(String::from_utf8_lossy(&shown.pty.written).contains(&text("light")));
    let remembered = shown.root.path().join("home-state/isobench-tui/theme");
    assert_eq!(fs::read_to_string(remembered).unwrap(), "light\n");
    for name in ["high-contrast", "colour-blind", "dark"] {
        shown.pty.press("T");
        shown.pty.wait_for(&format!("theme: {name}"));
    }
}

#[test]
fn a_terminal_that_tells_its_background_gets_what_fits() {
    let ground = |rgb: [u8; 3]| format!(";48;2;{};{};{}", rgb[0], rgb[1], rgb[2]);
    let (light, dark) = (palettes()[1].1.clone(), palettes()[0].1.clone());
    let good = |palette: &Palette| {
        let [red, green, blue] = palette.look(Role::Good).fg.unwrap().0;
        format!(";38;2;{red};{green};{blue}")
    };
    for asked in [None, Some("dark")] {
        let mut shown = show_in(&agent_running(), 120, 40, |command| {
            if let Some(name) = asked {
                command.env("ISOBENCH_TUI_THEME", name);
            }
        });
        shown.pty.wait_for("? help");
        assert!(!String::from_utf8_lossy(&shown.pty.written).contains(&ground(dark.background.0)));
        shown.pty.press("\u{1b}]11;rgb:ffff/fdfd/f8f8\u{1b}\\?");
        shown.pty.wait_for("pause after the live stage");
        let written = String::from_utf8_lossy(&shown.pty.written).into_owned();
        // chosen by us: the light one, on the terminal's own background; asked for: dark on its own
        let seen =
            [written.contains(&good(&light)), written.contains(&ground(light.background.0)), written.contains(&ground(dark.background.0))];
        assert_eq!(seen, if asked.is_none() { [true, false, false] } else { [false, false, true] }, "{asked:?}");
    }
}

#[test]
fn a_theme_that_there_is_not_is_an_error_before_the_screen() {
    let mut shown = show_in(&agent_running(), 120, 40, |command| {
        command.env("ISOBENCH_TUI_THEME", "drak");
    });
    shown.pty.wait_for("no screen: there is no theme 'drak': known are dark, light, high-contrast, colour-blind");
    assert!(!String::from_utf8_lossy(&shown.pty.written).contains("\u{1b}[?1049h"));
}

#[test]
fn a_light_theme_brings_its_background_to_a_dark_terminal() {
    let light = &palettes()[1].1;
    let ground = |terminal, depth| Theme::on(light, terminal, depth, Glyphs::UNICODE).ground;
    assert_eq!(ground(Ground::Dark, Depth::True), Some(Color::Rgb(0xfb, 0xfb, 0xfa)));
    assert_eq!([ground(Ground::Light, Depth::True), ground(Ground::Dark, Depth::Sixteen), ground(Ground::Dark, Depth::Mono)], [None; 3]);
}

#[test]
fn a_copy_of_the_users_is_read_again_when_it_changes() {
    let mut shown = show_in(&agent_running(), 140, 40, |_| ());
    shown.pty.wait_for("? help");
    // the folder appears while the screen runs, step by step
    let folder = shown.root.path().join("config/isobench-tui/themes");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("dark.toml");
    shown.pty.press("TTTT");
    shown.pty.wait_for("theme: dark");
    let has = |colour: &str, shown: &mut crate::screen_pty::Shown, act: &dyn Fn()| {
        let end = std::time::Instant::now() + crate::pty::patience();
        while !String::from_utf8_lossy(&shown.pty.written).contains(colour) {
            act();
            shown.pty.pump(std::time::Duration::from_millis(50));
            assert!(std::time::Instant::now() < end, "{colour}: {}", shown.pty.text());
        }
    };
    // written until it is seen: when the watch moves to the new folder is not ours to say
    has("38;2;18;52;86", &mut shown, &|| fs::write(&file, "[roles]\naccent = { fg = '#123456' }").unwrap());
    fs::write(&file, "[roles]\naccent = { fg = 'mauve' }").unwrap();
    shown.pty.wait_for("dark.toml, line 2, column 17: 'mauve' is no colour");
    has("38;2;101;67;33", &mut shown, &|| fs::write(&file, "[roles]\naccent = { fg = '#654321' }").unwrap());
    shown.pty.press("q");
}

fn print(args: &[&str], config: &std::path::Path) -> (String, i32) {
    let mut command = Command::new(BINARY);
    command.arg("print").arg("themes").args(args).env("XDG_CONFIG_HOME", config).env_remove("ISOBENCH_TUI_THEME");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap(), output.status.code().unwrap())
}

#[test]
fn themes_can_be_listed_and_started_from() {
    let config = tempfile::tempdir().unwrap();
    let folder = config.path().join("isobench-tui/themes");
    fs::create_dir_all(&folder).unwrap();
    let (text, code) = print(&["dark"], config.path());
    assert_eq!((text.as_str(), code), (EMBEDDED[0].1, 0));
    fs::write(folder.join("mine.toml"), &text).unwrap();
    fs::write(folder.join("odd.toml"), "[roles]\ngoood = {}").unwrap();
    let (text, code) = print(&[], config.path());
    assert_eq!(code, 0);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[0].starts_with("dark           text strong ") && lines[0].ends_with("for #16181d, embedded"), "{text}");
    assert!(lines[4].starts_with("mine ") && lines[4].ends_with("themes/mine.toml"), "{text}");
    assert!(lines[5].contains("odd.toml, line 2, column 1: there is no role 'goood'"), "{text}");
    let (text, _) = print(&["--format", "json"], config.path());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["themes"][0]["roles"]["selected"]["bg"], "#262c37");
    assert_eq!(json["themes"][4]["file"], folder.join("mine.toml").display().to_string());
    assert!(json["themes"][5]["error"].as_str().unwrap().contains("goood"));
    let (text, code) = print(&["drak"], config.path());
    assert_eq!(
        (text.trim_end(), code),
        ("isobench-tui: there is no theme 'drak': known are dark, light, high-contrast, colour-blind, mine, odd", 2)
    );
}
