//! The log screen: keys in, lines and sentences out, over real files.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail loudly")]

use std::fs;

use isobench_tui::domain::Stage;
use isobench_tui::ui::log::Stick;
use isobench_tui::ui::mouse::Did;
use isobench_tui::ui::state::Follow;
use isobench_tui::ui::{Key, Mouse, Msg, Screen};

use crate::log_desk::{Desk, append, numbered};
use crate::screen_runs as runs;

/// The log of the agent at work, with these bytes.
fn agent(bytes: impl AsRef<[u8]>) -> Desk {
    let mut desk = Desk::on(&runs::agent_running());
    fs::write(desk.agent(), bytes).unwrap();
    desk.type_in("6");
    desk
}

fn note(desk: &Desk) -> String {
    desk.bench.state.note.as_ref().map(|(_, said)| said.text.clone()).unwrap_or_default()
}

/// The numbers of the numbered lines that are seen: first and last.
fn seen(text: &str) -> (usize, usize) {
    let numbers: Vec<usize> = text.lines().filter_map(|row| row.trim().strip_prefix("line ")?.parse().ok()).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{text}");
    (numbers.first().copied().unwrap_or_default(), numbers.last().copied().unwrap_or_default())
}

#[test]
fn the_end_is_shown_and_followed() {
    let mut desk = agent(numbered(5000));
    let text = desk.text();
    assert_eq!(seen(&text).1, 5000, "{text}");
    assert!(text.contains("end of 48.9 kB") && text.contains("agent"), "{text}");
    append(&desk.agent(), "line 5001\nline 5002\n");
    assert_eq!(seen(&desk.wait_for("line 5002")).1, 5002);
}

#[test]
fn scrolling_up_leaves_the_end_and_says_how_much_came() {
    let mut desk = agent(numbered(5000));
    let (first, last) = seen(&desk.text());
    let text = desk.press(Key::Up);
    assert_eq!(seen(&text), (first - 1, last - 1));
    assert!(text.contains("99 %  48.9 kB of 48.9 kB"), "{text}");
    append(&desk.agent(), &"x".repeat(2000));
    let text = desk.wait_for("2.0 kB came since; f follows");
    assert_eq!(seen(&text).0, first - 1);
    let text = desk.type_in("f");
    assert!(text.contains("xxxx") && text.contains("end of") && !text.contains("came since"), "{text}");
    desk.press(Key::Up);
    assert!(desk.press(Key::End).contains("xxxx"));
    desk.press(Key::PageUp);
    assert!(desk.type_in("G").contains("xxxx"));
    // so does scrolling down to it
    desk.press(Key::Up);
    assert_eq!(desk.bench.state.log.stick, Stick::Hand);
    desk.press(Key::Down);
    assert_eq!(desk.bench.state.log.stick, Stick::Newest);
}

#[test]
fn every_line_is_passed_on_the_way_up_and_down() {
    let mut desk = agent(numbered(7000));
    let mut at = seen(&desk.text());
    let rows = at.1 - at.0 + 1;
    while at.0 > 1 {
        let next = seen(&desk.press(Key::PageUp));
        assert!(next.0 < at.0 && next.1 >= at.0 - 1, "{at:?} {next:?}");
        at = next;
    }
    assert_eq!(at, (1, rows));
    assert!(desk.press(Key::Up).contains("line 1\n"));
    while at.1 < 7000 {
        let next = seen(&desk.press(Key::PageDown));
        assert!(next.0 <= at.1 + 1 && next.1 > at.1, "{at:?} {next:?}");
        at = next;
    }
    assert_eq!(desk.bench.state.log.stick, Stick::Newest);
    assert_eq!(seen(&desk.type_in("g")), (1, rows));
    assert_eq!(seen(&desk.press(Key::End)).1, 7000);
    // keys that come faster than lines
    let effects = desk.bench.press(Key::Home);
    desk.heed(effects);
    for _ in 0..4 {
        let effects = desk.bench.press(Key::Down);
        desk.heed(effects);
    }
    assert_eq!(seen(&desk.text()).0, 5);
    for _ in 0..100 {
        let effects = desk.bench.press(Key::PageDown);
        desk.heed(effects);
    }
    assert_eq!(seen(&desk.text()).0, 5 + 100 * (rows - 1));
}

#[test]
fn the_wheel_scrolls() {
    let mut desk = agent(numbered(500));
    let (first, _) = seen(&desk.text());
    let text = desk.tell(Msg::Mouse(Mouse { did: Did::WheelUp, x: 3, y: 12 }));
    assert_eq!(seen(&text).0, first - 3);
}

#[test]
fn a_progress_bar_takes_one_row_and_colours_stay() {
    let bar = (0..=100).fold(String::new(), |text, n| text + &format!("\r{n:3}%|####|"));
    let mut desk = agent(format!("begin\n{bar}\n\u{1b}[31mred\u{1b}[0m \u{1b}]0;title\u{7}plain\u{1b}[2J\n"));
    let text = desk.text();
    assert!(text.contains("begin\n 100%|####|\n red plain\n") && !text.contains("title"), "{text}");
    let buffer = desk.bench.frame(80, 24);
    let cell = buffer.content().iter().find(|cell| cell.fg == ratatui::style::Color::Red).unwrap();
    assert_eq!(cell.symbol(), "r");
}

#[test]
fn a_long_line_is_read_sideways() {
    let line = (0..40).fold(String::new(), |text, n| text + &format!("{n:02}------"));
    let mut desk = agent(format!("{line}\nshort\n"));
    assert!(desk.text().contains("00------01------"));
    let text = desk.press(Key::Right);
    assert!(text.contains("\n 01------02------") && !text.contains("00------"), "{text}");
    assert!(desk.type_in("ll").contains("\n 03------"));
    assert!(desk.press(Key::Left).contains("\n 02------"));
    for _ in 0..60 {
        desk.press(Key::Right);
    }
    // it ends where the line does
    assert!(desk.text().contains("39------\n"));
    for _ in 0..60 {
        desk.type_in("h");
    }
    assert!(desk.text().contains("\n 00------"));
}

#[test]
fn a_search_goes_both_ways_and_round() {
    let text: String =
        (1..=9000).map(|n| if n % 3000 == 5 { format!("a \u{1b}[1mnee\u{1b}[0mdle {n}\n") } else { format!("line {n}\n") }).collect();
    let mut desk = agent(text);
    desk.type_in("g/needle");
    desk.press(Key::Enter);
    assert!(desk.wait_search().contains("a needle 5\n"));
    desk.type_in("n");
    assert!(desk.wait_search().contains("a needle 3005\n"));
    assert_eq!(note(&desk), "");
    desk.type_in("n");
    assert!(desk.wait_search().contains("a needle 6005\n"));
    desk.type_in("n");
    assert!(desk.wait_search().contains("a needle 5\n"));
    assert_eq!(note(&desk), "the search went round: on from the beginning");
    desk.type_in("N");
    assert!(desk.wait_search().contains("a needle 6005\n"));
    assert_eq!(note(&desk), "the search went round: on from the end");
    desk.type_in("N");
    assert!(desk.wait_search().contains("a needle 3005\n"));
    // all of them are lit
    assert_eq!(desk.bench.roles(80, 24).lines().filter(|row| row.trim() == "t mmmmmm tttt").count(), 1);
}

#[test]
fn a_search_for_what_is_not_there_says_so_and_a_wrong_one_what_is_wrong() {
    let mut desk = agent(numbered(3000));
    desk.type_in("/nowhere");
    desk.press(Key::Enter);
    desk.wait_search();
    assert_eq!(note(&desk), "'nowhere' is not in this log");
    desk.type_in("/");
    desk.press(Key::Tab);
    desk.type_in("a(");
    desk.press(Key::Enter);
    assert_eq!(note(&desk), "unclosed group");
    desk.press(Key::Backspace);
    desk.press(Key::Backspace);
    desk.type_in("^line 1[23]5$");
    desk.press(Key::Enter);
    assert!(desk.wait_search().contains("line 125"));
    desk.type_in("n");
    desk.wait_search();
    desk.type_in("n");
    desk.wait_search();
    assert_eq!(note(&desk), "the search went round: on from the beginning");
}

#[test]
fn a_secret_is_neither_shown_nor_found() {
    let mut desk = agent("the key is sk-very-secret\nkey of \u{1b}[1msk-ve\u{1b}[0mry-secret too\nsk-ver");
    let text = desk.text();
    assert!(text.contains("the key is •••\n key of ••• too\n") && !text.contains("sk-v"), "{text}");
    desk.type_in("/very");
    desk.press(Key::Enter);
    desk.wait_search();
    assert_eq!(note(&desk), "'very' is not in this log");
}

#[test]
fn esc_ends_a_search_and_only_then_the_screen() {
    let mut desk = agent(numbered(400_000));
    desk.type_in("/nowhere");
    let effects = desk.bench.press(Key::Enter);
    desk.heed(effects);
    assert!(desk.bench.text(80, 24).contains("searching 'nowhere': 0 B of 4.7 MB searched; Esc stops"));
    desk.press(Key::Esc);
    assert!(desk.bench.state.log.hunting.is_none());
    assert!(note(&desk).starts_with("the search was left after"), "{}", note(&desk));
    assert_eq!(desk.bench.state.screen, Screen::Log);
    desk.press(Key::Esc);
    assert_eq!(desk.bench.state.screen, Screen::Queue);
}

#[test]
fn e_goes_to_the_next_line_that_says_an_error() {
    let mut text = numbered(4000);
    text.insert_str(text.find("line 700\n").unwrap(), "Traceback (most recent call last):\n");
    text.insert_str(text.find("line 2200\n").unwrap(), "RuntimeError: CUDA out of memory\n");
    let mut desk = agent(text);
    desk.type_in("E");
    assert!(desk.wait_search().contains("CUDA out of memory"));
    desk.type_in("E");
    assert!(desk.wait_search().contains("Traceback"));
    desk.type_in("e");
    assert!(desk.wait_search().contains("CUDA out of memory"));
    desk.type_in("e");
    desk.wait_search();
    assert_eq!(note(&desk), "the search went round: on from the beginning");
    let mut desk = agent(numbered(10));
    desk.type_in("e");
    desk.wait_search();
    assert_eq!(note(&desk), "a line that says an error is not in this log");
}

#[test]
fn sources_are_chosen_by_key_and_click_and_stay() {
    let mut desk = Desk::on(&runs::paused());
    desk.size = (120, 40);
    fs::write(desk.path(2, 1, Stage::Agent, "out"), "the agent's words\n").unwrap();
    fs::write(desk.path(2, 1, Stage::Agent, "err"), "the agent's errors\n").unwrap();
    fs::write(desk.path(2, 1, Stage::Human, "out"), "the human's arm\n").unwrap();
    fs::write(desk.path(2, 1, Stage::Baseline, "err"), "the live arm\n").unwrap();
    fs::write(desk.run_log(), "the runner's words\n").unwrap();
    let text = desk.type_in("6");
    assert!(text.contains("the live arm"), "{text}");
    assert!(text.contains("agent 18 B  agent err 19 B  human 16 B  baseline err  run log 19 B"), "{text}");
    assert!(desk.type_in("]").contains("the runner's words"));
    assert!(desk.type_in("]").contains("the runner's words"));
    assert!(desk.type_in("[[").contains("the human's arm"));
    let row = desk.text().lines().position(|row| row.contains("agent err")).unwrap();
    let col = desk.text().lines().nth(row).unwrap().find("agent err").unwrap();
    let click = Mouse { did: Did::Click, x: u16::try_from(col).unwrap(), y: u16::try_from(row).unwrap() };
    assert!(desk.tell(Msg::Mouse(click)).contains("the agent's errors"));
    // the next stage begins: what was chosen stays, until it is followed again
    let mut story = runs::paused();
    story.end(2, 1, Stage::Baseline, isobench_tui::domain::StageEnd::Done, isobench_tui::domain::StageDetail::Nothing);
    story.start(2, 1, Stage::Candidate);
    fs::write(desk.path(2, 1, Stage::Candidate, "out"), "the candidate's arm\n").unwrap();
    desk.bench.state.run = story.run();
    assert!(desk.tell(Msg::Facts).contains("the agent's errors"));
    desk.type_in("f");
    assert!(desk.wait_for("the candidate's arm").contains("end of 20 B"));
}

#[test]
fn what_the_harness_wrote_is_called_so() {
    let mut story = runs::agent_running();
    let (source, digest) = (isobench_tui::domain::PromptSource::Harness, String::new());
    story.push(isobench_tui::ledger::Fact::AgentAsked { item: runs::id(7), n: 2, source, from: None, digest });
    let mut desk = Desk::on(&story);
    fs::write(desk.agent(), "bench.cli says\n").unwrap();
    let text = desk.type_in("6");
    assert!(text.contains("bench.cli says") && text.contains("vllm_core-0007  harness log"), "{text}");
}

#[test]
fn the_log_goes_along_with_the_live_stage_and_with_the_item() {
    let mut desk = Desk::on(&runs::paused());
    fs::write(desk.path(2, 1, Stage::Baseline, "out"), "the live arm\n").unwrap();
    assert!(desk.type_in("6").contains("the live arm"));
    let mut story = runs::paused();
    story.end(2, 1, Stage::Baseline, isobench_tui::domain::StageEnd::Done, isobench_tui::domain::StageDetail::Nothing);
    story.start(2, 1, Stage::Candidate);
    desk.bench.state.run = story.run();
    desk.tell(Msg::Facts);
    assert!(desk.text().contains("no such file yet: candidate only begins"), "{}", desk.text());
    fs::write(desk.path(2, 1, Stage::Candidate, "out"), "").unwrap();
    desk.wait_for("nothing written yet: candidate runs");
    fs::write(desk.path(1, 1, Stage::Candidate, "out"), "of another item\n").unwrap();
    assert!(desk.type_in("{").contains("of another item"));
    assert_eq!(desk.bench.state.queue.follow, Follow::Hand);
}

#[test]
fn every_state_has_its_sentence() {
    let mut desk = agent("");
    assert!(desk.text().contains("nothing written yet: agent runs"));
    fs::remove_file(desk.agent()).unwrap();
    fs::create_dir(desk.agent()).unwrap();
    let mut desk = Desk::on(&runs::agent_running());
    let path = desk.agent();
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::RWXU, 0).unwrap();
    desk.type_in("6");
    assert!(desk.text().contains("this is no regular file: a pipe, a device or a folder"));
    fs::remove_file(&path).unwrap();
    desk.wait_for("no such file yet: agent only begins");
    std::os::unix::fs::symlink("/etc/passwd", &path).unwrap();
    desk.wait_for("this is no regular file: a pipe, a device or a folder, or a link");
    assert!(!desk.text().contains("root:"));
    let mut desk = Desk::on(&runs::queued());
    assert!(desk.type_in("6").contains("no run log yet: no runner has begun"));
    fs::write(desk.run_log(), "").unwrap();
    desk.wait_for("the file is empty");
    let mut desk = Desk::on(&runs::finished());
    desk.type_in("G6");
    desk.wait_for("candidate wrote nothing");
}

#[test]
fn a_file_that_is_cut_replaced_or_removed_is_told_with_the_time() {
    let mut desk = agent(numbered(3000));
    fs::write(desk.agent(), "anew\n").unwrap();
    let text = desk.wait_for("10:33  the file was cut or written anew: it begins again");
    assert!(text.contains("anew") && text.contains("end of 5 B"), "{text}");
    // longer than before, and yet another one
    fs::write(desk.agent(), numbered(10)).unwrap();
    desk.wait_for("line 10");
    fs::rename(desk.agent(), desk.agent().with_extension("1")).unwrap();
    desk.wait_for("the file was removed: this is what was read of it");
    assert!(desk.text().contains("line 10"));
    fs::write(desk.agent(), "the new file\n").unwrap();
    assert!(desk.wait_for("the file was replaced: this is the new one").contains("the new file"));
    assert!(!desk.type_in("f").contains("replaced"));
    // by hand it goes to where the new one begins
    fs::write(desk.agent(), numbered(500)).unwrap();
    desk.wait_for("line 500");
    desk.press(Key::PageUp);
    let text = numbered(400).replace("line", "next");
    fs::write(desk.agent(), text).unwrap();
    let text = desk.wait_for("next 1\n");
    assert!(text.contains("it begins again") && !text.contains("came since"), "{text}");
}

#[test]
fn a_gigantic_line_is_read_in_pieces() {
    let mut desk = agent("x".repeat(1_000_000) + "\nthe last line\n");
    let text = desk.text();
    assert!(text.contains("xxxx") && text.contains("…\n") && text.contains("the last line"), "{text}");
    desk.type_in("g/last");
    desk.press(Key::Enter);
    assert!(desk.wait_search().contains("the last line"));
}

#[test]
fn a_search_in_time_slices_asks_whether_to_go_on() {
    use isobench_tui::ui::log::{Found, News, Progress};
    let mut desk = agent(numbered(100));
    desk.type_in("/nowhere");
    let effects = desk.bench.press(Key::Enter);
    desk.heed(effects);
    let number = desk.bench.state.log.hunting.as_ref().unwrap().hunt.number;
    let progress = Progress { at: 20, wrapped: true, searched: 3_100_000_000 };
    desk.bench.tell(Msg::Log(News::Hunt(number, Found::Late(progress))));
    assert_eq!(note(&desk), "'nowhere' was not found in the 3.1 GB searched so far; n searches on");
    let effects = desk.bench.type_in("n");
    desk.heed(effects);
    assert_eq!(desk.bench.state.log.hunting.as_ref().unwrap().hunt.on, Some(progress));
    desk.wait_search();
    assert_eq!(note(&desk), "'nowhere' is not in this log");
}

#[test]
fn it_is_whole_at_every_size() {
    let mut desk = agent(numbered(5000) + "日本語 é\u{301} \u{1b}[31m🙂 wide\n");
    for (cols, rows) in [(0, 0), (1, 1), (20, 3), (40, 12), (80, 24), (120, 40), (200, 60), (500, 200)] {
        desk.size = (cols, rows);
        desk.press(Key::Up);
        desk.press(Key::Right);
        let text = desk.type_in("Gh");
        if cols >= 40 {
            assert!(text.contains("日 本 語") && text.contains("🙂") && text.contains("end of"), "{cols}x{rows}\n{text}");
        }
    }
}

#[test]
fn what_took_a_logs_name_is_said_and_what_was_read_stays() {
    let mut desk = agent("what was read\n");
    let (path, aside) = (desk.agent(), desk.agent().with_extension("aside"));
    desk.wait_for("what was read");
    let takes: [fn(&std::path::Path); 2] =
        [|path| fs::create_dir(path).unwrap(), |path| std::os::unix::fs::symlink("/etc/passwd", path).unwrap()];
    for take in takes {
        fs::rename(&path, &aside).unwrap();
        take(&path);
        let text = desk.wait_for("a link, a pipe, a device or a folder has the file's name now");
        assert!(text.contains("what was read") && !text.contains("root:"), "{text}");
        fs::remove_file(&path).or_else(|_| fs::remove_dir(&path)).unwrap();
        fs::rename(&aside, &path).unwrap();
        desk.wait_for("the file is there again");
    }
}
