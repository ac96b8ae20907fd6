//! The HTML page as a browser reads it: whole, escaped, alone, of bounded size.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::string_slice, reason = "a test says what went wrong by failing")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use isobench_tui::domain::{
    Answer, Arm, BenchKind, Cause, Direction, FailureClass, Flag, Metric, Quadrant, Rung, RungAnswer, SoftVerdict, Standing, Target,
    Verdict, rung,
};
use isobench_tui::report::compare::Comparison;
use isobench_tui::report::counted::Counted;
use isobench_tui::report::html;
use isobench_tui::report::study::{Compared, Coverage, ItemRow, ResultRow, Study};
use jiff::Timestamp;
use scraper::{ElementRef, Html, Selector};

/// What somebody may have put into every text of a file.
const HOSTILE: &str =
    "</td></table><script>alert('x')</script><img src=http://evil.example/x onerror=\"alert(1)\">&lt;\u{202e}gnp\u{1b}[31m\u{0}`a` '\"";

const AGENTS: [(&str, &str); 5] = [
    ("trae", "us-anthropic-claude-sonnet-4-5-20250929-v1-0"),
    ("trae", "gpt-5"),
    ("codex_cli", "default"),
    ("claude_code", "default"),
    ("openhands", "gpt-4o"),
];

/// Numbers that look like chance and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn float(&mut self) -> f64 {
        f64::from(u32::try_from(self.below(1 << 20)).unwrap()) / f64::from(1 << 20)
    }
}

fn sha(n: u64) -> String {
    let n = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!("{n:016x}{:016x}{:08x}", n.rotate_left(17), 0xdead_beef_u32)
}

fn ladder(dice: &mut Dice) -> Vec<RungAnswer> {
    let top = dice.below(10);
    let answer = |at: u64, dice: &mut Dice| match at {
        _ if at < top => Answer::Yes,
        6 if dice.below(2) == 0 => Answer::NotApplicable,
        _ if dice.below(3) == 0 => Answer::No,
        _ => Answer::Unchecked,
    };
    let evidence = |answer| if answer == Answer::No { "hunk 3 of vllm/core/scheduler.py does not apply" } else { "" }.to_owned();
    Rung::ALL
        .into_iter()
        .zip(0..)
        .map(|(rung, at)| {
            let answer = answer(at, dice);
            RungAnswer { rung, answer, evidence: evidence(answer) }
        })
        .collect()
}

fn item(n: u64, dice: &mut Dice) -> ItemRow {
    let (agent, model) = AGENTS[usize::try_from(dice.below(5)).unwrap()];
    let status = ["success", "success", "error", "max_steps_exceeded", "unfinished"][usize::try_from(dice.below(5)).unwrap()];
    let rungs = if status == "unfinished" { Vec::new() } else { ladder(dice) };
    let run = format!("vllm/{agent}/{model}/2026-01-{:02}_21-19-19", 10 + dice.below(4));
    let known = dice.below(4) > 0;
    let failed = status != "success" && status != "unfinished";
    let class = FailureClass::ALL[usize::try_from(dice.below(12) * 4).unwrap()];
    ItemRow {
        item_id: format!("vllm_core-{n:04}"),
        human: sha(n % 96)[..if n.is_multiple_of(3) { 8 } else { 40 }].to_owned(),
        repo: "vllm".to_owned(),
        agent: agent.to_owned(),
        model: model.to_owned(),
        rung: rung::reached(&rungs),
        rungs,
        flags: if status == "success" && dice.below(4) == 0 { vec![Flag::EmptyPatch, Flag::NoSteps] } else { Vec::new() },
        steps: known.then(|| u32::try_from(dice.below(120)).unwrap()),
        input_tokens: known.then(|| dice.below(9_000_000)),
        output_tokens: known.then(|| dice.below(90_000)),
        duration_s: known.then(|| 20.0 + dice.float().powi(3) * 6000.0),
        cost_usd: (agent == "claude_code").then(|| dice.float() * 4.0),
        energy: None,
        patch_bytes: (dice.below(5) > 0).then(|| dice.below(30_000)),
        terminal_error: (dice.below(9) == 0).then(|| "ExpiredTokenException: the security token is expired".to_owned()),
        failure: failed.then(|| Cause { class, evidence: "Error code: 400 - No tool output found for function call".to_owned() }),
        folder: PathBuf::from(format!("/work/shared/corpus/state/runs/{run}/vllm_core-{n:04}")),
        at: None,
        run,
        status: status.to_owned(),
    }
}

fn arm(n: u64, arm: Arm, dice: &mut Dice) -> ResultRow {
    let good = dice.below(3) > 0;
    let metric = |name: &str, value: f64| Metric { name: name.to_owned(), value, unit: "ms".to_owned() };
    let metrics = vec![metric("ttft_mean_ms", 20.0 + dice.float() * 100.0), metric("tpot_mean_ms", dice.float() * 10.0)];
    ResultRow {
        commit: sha(n)[..8].to_owned(),
        arm,
        agent: "codex_cli".to_owned(),
        model: Some("meta-llama/Llama-3.1-8B-Instruct".to_owned()),
        model_run: Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned()),
        kind: Some(BenchKind::Serving),
        status: if good { "success" } else { "error" }.to_owned(),
        metrics: if good { metrics } else { Vec::new() },
        failure: (!good)
            .then(|| Cause { class: FailureClass::NoSpace, evidence: "failed to register layer: no space left on device".to_owned() }),
        flags: vec![Flag::ModelOverridden],
        workload: None,
        file: PathBuf::from(format!("/work/shared/corpus/results/codex_cli/{}_{}_result.json", &sha(n)[..8], arm.name())),
        run: "results/codex_cli".to_owned(),
    }
}

fn comparison(n: u64, dice: &mut Dice) -> Compared {
    let (human, pct) = (40.0, dice.float() * 60.0 - 35.0);
    let lower = n.is_multiple_of(2);
    let verdict = Verdict {
        band: None,
        baseline_band: None,
        metric: if lower { "ttft_mean_ms" } else { "throughput_tok_s" }.to_owned(),
        unit: if lower { "ms" } else { "tok/s" }.to_owned(),
        direction: if lower { Direction::LowerIsBetter } else { Direction::HigherIsBetter },
        agent: human * (1.0 + if lower { -pct } else { pct } / 100.0),
        human: Some(human),
        baseline: (!n.is_multiple_of(5)).then_some(if lower { 47.25 } else { 35.5 }),
        against_human_pct: Some(pct),
        against_baseline_pct: Some(pct + 12.0),
        standing: Some(if pct > 5.0 {
            Standing::Beats
        } else if pct < -5.0 {
            Standing::Worse
        } else {
            Standing::Similar
        }),
    };
    let is_known = !n.is_multiple_of(4);
    let soft = SoftVerdict {
        target: Target::SameTarget,
        approach: Some("valid_alternative".to_owned()),
        says: None,
        by: "soft_metrics.json".to_owned(),
    };
    Compared {
        open: None,
        commit: sha(n),
        agent: "codex_cli".to_owned(),
        model: "default".to_owned(),
        run: "results/codex_cli".to_owned(),
        kind: Some(BenchKind::Serving),
        model_run: Some("meta-llama/Meta-Llama-3-8B-Instruct".to_owned()),
        arms: vec![(Arm::Agent, if is_known { "success" } else { "error" }.to_owned())],
        key: None,
        rate: None,
        incomparable: (!is_known).then(|| "the human's arm was measured with sonnet, the agent's with random".to_owned()),
        rung: is_known.then_some(Rung::Metrics),
        flags: vec![Flag::DifferentWorkload],
        failure: None,
        hard: if is_known { verdict.standing } else { None },
        verdicts: if is_known { vec![verdict] } else { Vec::new() },
        why_not: if is_known { Vec::new() } else { vec!["the human's arm was measured with sonnet, the agent's with random".to_owned()] },
        hard_from: None,
        soft: is_known.then_some(soft),
        quadrant: Some(
            [Quadrant::TrueSuccess, Quadrant::GoodIntent, Quadrant::LuckyWin, Quadrant::Failure][usize::try_from(dice.below(4)).unwrap()],
        ),
    }
}

/// A study that looks like a real one.
fn study(attempts: u64, measured: u64) -> Study {
    let mut dice = Dice(7);
    let mut items: Vec<ItemRow> = (0..attempts).map(|n| item(n, &mut dice)).collect();
    items.sort_by(|a, b| (&a.run, &a.item_id).cmp(&(&b.run, &b.item_id)));
    Study {
        paths: vec![PathBuf::from("/work/shared/corpus")],
        items,
        results: (0..measured).flat_map(|n| [(n, Arm::Human), (n, Arm::Agent)]).map(|(n, of)| arm(n, of, &mut dice)).collect(),
        compared: (0..measured).map(|n| comparison(n, &mut dice)).collect(),
        coverage: Coverage { planned: Some(99), with_patch: 96, missing: vec![sha(500), sha(501), sha(502)], ..Coverage::default() },
        problems: vec![(PathBuf::from("/work/shared/corpus/state/plan.json"), "line 3: expected a comma".to_owned())],
    }
}

fn page(study: &Study) -> String {
    html::page(study, &Counted::of(study), Timestamp::UNIX_EPOCH)
}

/// Keeps a page where a person can look at it.
fn keep(name: &str, page: &str) {
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), page).unwrap();
}

#[test]
fn a_page_of_a_real_size_is_small_and_whole() {
    let page = page(&study(281, 25));
    keep("page.html", &page);
    assert!(page.len() < 400_000, "{} bytes", page.len());
}

fn parsed(page: &str) -> Html {
    let document = Html::parse_document(page);
    assert!(document.errors.is_empty(), "{:?}", document.errors);
    document
}

fn all<'a>(document: &'a Html, selector: &str) -> Vec<ElementRef<'a>> {
    document.select(&Selector::parse(selector).unwrap()).collect()
}

fn texts(document: &Html, selector: &str) -> Vec<String> {
    all(document, selector).into_iter().map(|element| element.text().collect::<String>()).collect()
}

/// Tags that must be closed, each as often as it is opened: what a parser forgives is not forgiven here.
fn is_balanced(page: &str) -> Result<(), String> {
    for tag in [
        "table", "thead", "tbody", "tr", "td", "th", "section", "div", "svg", "g", "text", "title", "ul", "li", "details", "a", "code",
        "span",
    ] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        let closed = page.matches(&format!("</{tag}>")).count();
        if opened != closed {
            return Err(format!("{tag}: opened {opened} times, closed {closed} times"));
        }
    }
    Ok(())
}

/// What must hold for every page.
fn check(page: &str) -> Html {
    assert_eq!(is_balanced(page), Ok(()));
    let document = parsed(page);
    alone(&document);
    accessible(&document);
    plain(page);
    document
}

/// Nothing is loaded, nothing runs but the page's own script, and no link leaves the page.
fn alone(document: &Html) {
    assert_eq!(all(document, "script").len(), 1);
    assert_eq!(all(document, "style").len(), 1);
    let loads = "img, link, iframe, object, embed, video, audio, source, base, form, image, use, foreignObject, script[src]";
    assert!(all(document, loads).is_empty(), "{loads}");
    for element in all(document, "*") {
        for (name, value) in element.value().attrs() {
            assert!(!name.starts_with("on") && !["src", "style", "srcset", "action"].contains(&name), "{name}={value}");
            assert!(!name.ends_with("href") || value.starts_with('#'), "{name}={value}");
        }
    }
    let policy = all(document, "meta[http-equiv='Content-Security-Policy']")[0].attr("content").unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && !policy.contains("unsafe"), "{policy}");
}

/// Headings in order, heads with a scope, drawings with a name, each id once, each link with its end.
fn accessible(document: &Html) {
    assert_eq!(all(document, "html")[0].attr("lang"), Some("en"));
    let levels: Vec<u32> = all(document, "h1, h2, h3, h4").iter().map(|head| head.value().name()[1..].parse().unwrap()).collect();
    assert!(levels.first() == Some(&1) && levels.windows(2).all(|two| two[1] <= two[0] + 1), "{levels:?}");
    assert!(all(document, "th:not([scope])").is_empty());
    for svg in all(document, "svg[role=img]") {
        let name = svg.children().find_map(ElementRef::wrap).filter(|first| first.value().name() == "title");
        assert!(name.is_some_and(|name| name.text().any(|text| !text.is_empty())), "{}", svg.html());
    }
    let ids: Vec<&str> = all(document, "[id]").iter().filter_map(|element| element.attr("id")).collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), once.len(), "an id stands twice");
    for link in all(document, "a[href]") {
        let to = &link.attr("href").unwrap()[1..];
        assert!(once.contains(to), "#{to} is nowhere");
    }
    for row in all(document, "tr") {
        assert!(row.children().any(|child| ElementRef::wrap(child).is_some()), "an empty row");
    }
}

/// Nothing that a browser would not show, and nothing that is no number.
fn plain(page: &str) {
    let invisible =
        |c: &char| (c.is_control() && *c != '\n') || ('\u{202a}'..='\u{202e}').contains(c) || ('\u{2066}'..='\u{2069}').contains(c);
    assert_eq!(page.chars().find(invisible), None);
    for wrong in [">NaN", "NaN%", ">inf<", "inf%", "\"NaN", ">-inf"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}

#[test]
fn a_page_has_every_part_and_every_row_names_its_file() {
    let study = study(281, 40);
    let page = page(&study);
    let document = check(&page);
    let heads = texts(&document, "h2");
    for head in ["Verdict", "Commits by runs", "Every attempt", "Every arm", "Failures by class", "Not read", "Commit by commit"] {
        assert!(heads.iter().any(|found| found == head), "{head}: {heads:?}");
    }
    let rows = all(&document, "#items tbody tr");
    assert_eq!(rows.len(), study.items.len());
    for (row, item) in rows.iter().zip(&study.items) {
        let place = item.folder.strip_prefix("/work/shared/corpus").unwrap().display().to_string();
        assert!(row.text().any(|text| text == place), "{place}");
    }
    let charts = texts(&document, "figcaption b");
    assert_eq!(charts, ["Figure 1. ", "Figure 2. ", "Figure 3. ", "Figure 4. ", "Figure 5. ", "Figure 6. ", "Figure 7. "]);
    assert_eq!(all(&document, "#compared td.d svg.cell").len(), study.compared.iter().filter(|row| !row.verdicts.is_empty()).count());
    assert!(texts(&document, "#compared td.d").iter().any(|text| text.starts_with("incomparable: the human's arm")));
}

#[test]
fn the_funnel_shows_the_unchecked_as_unchecked() {
    let study = study(281, 0);
    let document = check(&page(&study));
    let marked = study.items.iter().filter(|item| item.is_marked()).count();
    let titles = texts(&document, "#figures section:first-child g > title");
    assert_eq!(titles.len(), 9);
    for title in titles {
        let numbers: Vec<usize> = title.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        // holds, its percentage, unchecked, fell
        assert_eq!(numbers[0] + numbers[2] + numbers[3], marked, "{title}");
    }
}

#[test]
fn what_is_unknown_is_a_dash_and_no_zero() {
    let mut study = study(1, 0);
    study.items[0] =
        ItemRow { steps: None, input_tokens: None, output_tokens: Some(0), cost_usd: None, duration_s: None, ..study.items[0].clone() };
    let document = check(&page(&study));
    let heads = texts(&document, "#items thead th");
    let cells = texts(&document, "#items tbody tr > *");
    let cell = |head: &str| cells[heads.iter().position(|found| found.starts_with(head)).unwrap()].clone();
    assert_eq!(["steps", "tokens in", "out", "took", "cost"].map(cell), ["–", "–", "0", "–", "–"]);
    assert!(texts(&document, "footer").concat().contains("unknown is not zero"));
}

/// Every text of a study as somebody who means harm would write it.
fn hostile(text: &str) -> Study {
    let mut study = study(40, 8);
    for item in &mut study.items {
        for field in [&mut item.item_id, &mut item.human, &mut item.repo, &mut item.agent, &mut item.model, &mut item.run, &mut item.status]
        {
            text.clone_into(field);
        }
        item.folder = PathBuf::from("/work/shared/corpus").join(text.replace('\0', ""));
        item.terminal_error = Some(text.to_owned());
        item.failure = Some(Cause { class: FailureClass::Unknown, evidence: text.to_owned() });
        item.rungs = vec![RungAnswer { rung: Rung::Patch, answer: Answer::No, evidence: text.to_owned() }];
    }
    for result in &mut study.results {
        for field in [&mut result.commit, &mut result.agent, &mut result.status, &mut result.run] {
            text.clone_into(field);
        }
        result.model_run = Some(text.to_owned());
        result.metrics = vec![
            Metric { name: text.to_owned(), value: f64::MAX, unit: text.to_owned() },
            Metric { name: "ttft_mean_ms".to_owned(), value: f64::MIN_POSITIVE, unit: String::new() },
        ];
        result.failure = Some(Cause { class: FailureClass::Unknown, evidence: text.to_owned() });
    }
    for row in &mut study.compared {
        for field in [&mut row.commit, &mut row.agent, &mut row.model, &mut row.run] {
            text.clone_into(field);
        }
        row.why_not = vec![text.to_owned()];
        row.incomparable = Some(text.to_owned());
        for verdict in &mut row.verdicts {
            text.clone_into(&mut verdict.metric);
            text.clone_into(&mut verdict.unit);
        }
    }
    study.problems = vec![(PathBuf::from(text.replace('\0', "")), text.to_owned())];
    study.coverage.missing = vec![text.to_owned()];
    study
}

#[test]
fn hostile_texts_are_shown_and_do_nothing() {
    let page = page(&hostile(HOSTILE));
    keep("hostile.html", &page);
    let document = check(&page);
    assert!(texts(&document, "#items tbody th").iter().all(|text| text.contains("<script>alert('x')</script>")));
    assert!(!page.contains("<img"));
}

#[test]
fn endless_words_are_cut_and_the_page_stays_small() {
    let page = page(&hostile(&"W".repeat(10_000)));
    keep("long.html", &page);
    check(&page);
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    let longest = page.split(|c: char| !c.is_alphanumeric()).map(str::len).max().unwrap();
    assert!(longest <= 1000, "{longest}");
}

#[test]
fn nothing_at_all_is_a_page_too() {
    let page = page(&Study::default());
    let document = check(&page);
    assert!(texts(&document, "main").concat().contains("none below these paths"));
    assert!(page.len() < 40_000, "{} bytes", page.len());
}

#[test]
fn degenerate_numbers_are_drawn() {
    let mut study = study(9, 4);
    for (item, value) in study.items.iter_mut().zip([0.0, 1e-300, 1e300, f64::NAN, f64::INFINITY, -1.0, 5.0, 5.0, f64::MIN_POSITIVE]) {
        item.duration_s = Some(value);
        item.input_tokens = Some(u64::MAX);
        item.output_tokens = Some(u64::MAX);
        item.cost_usd = None;
    }
    for (row, pct) in study.compared.iter_mut().zip([f64::NAN, f64::INFINITY, -1e300, 0.0]) {
        for verdict in &mut row.verdicts {
            verdict.against_human_pct = Some(pct);
            verdict.human = Some(0.0);
        }
    }
    let page = page(&study);
    assert_eq!(is_balanced(&page), Ok(()));
    alone(&parsed(&page));
    for wrong in ["=\"NaN", "=\"inf", "NaN%", "inf%"] {
        assert!(!page.contains(wrong), "{wrong}");
    }
}

#[test]
fn five_thousand_attempts_stay_a_page() {
    let page = page(&study(5000, 90));
    keep("many.html", &page);
    assert_eq!(is_balanced(&page), Ok(()));
    assert!(page.len() < 5_000_000, "{} bytes", page.len());
}

#[test]
fn many_runs_of_many_commits_are_shown_in_part() {
    let mut study = study(2000, 0);
    for (n, item) in study.items.iter_mut().enumerate() {
        item.run = format!("vllm/trae/gpt-5/{n}");
        item.agent = format!("agent {n}");
        item.human = sha(n.try_into().unwrap());
    }
    let page = page(&study);
    let document = check(&page);
    assert_eq!(all(&document, "#commits thead th.v").len(), 60);
    assert_eq!(all(&document, "#commits tbody tr").len(), 400);
    assert!(texts(&document, "#commits .says").concat().contains("1940 runs with fewer attempts are not shown"));
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
}

/// Relative luminance of a colour `#rgb` or `#rrggbb` by WCAG 2.
fn luminance(colour: &str) -> f64 {
    let digits: Vec<u32> = colour[1..].chars().map(|c| c.to_digit(16).unwrap()).collect();
    let channel = |at: usize| if digits.len() == 3 { digits[at] * 17 } else { digits[at * 2] * 16 + digits[at * 2 + 1] };
    let linear = |at: usize| {
        let part = f64::from(channel(at)) / 255.0;
        if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(0) + 0.7152 * linear(1) + 0.0722 * linear(2)
}

#[test]
fn colours_stand_out_in_light_dark_and_print() {
    let page = page(&Study::default());
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let themes: Vec<&str> = style.split(":root{").skip(1).map(|block| block.split('}').next().unwrap()).collect();
    assert_eq!(themes.len(), 3);
    for theme in themes {
        let colour = |name: &str| theme.split(&format!("--{name}:")).nth(1).unwrap().split([';', '}']).next().unwrap().trim();
        let contrast = |a: &str, b: &str| {
            let (a, b) = (luminance(colour(a)), luminance(colour(b)));
            (a.max(b) + 0.05) / (a.min(b) + 0.05)
        };
        for ink in ["ink", "soft", "link", "good-ink", "bad-ink", "doubt-ink"] {
            for ground in ["paper", "band", "mark"] {
                assert!(contrast(ink, ground) >= 4.5, "{ink} on {ground}: {:.2} in {theme}", contrast(ink, ground));
            }
        }
        for sign in ["true", "marked", "bad", "open", "known"] {
            assert!(contrast(sign, "paper") >= 3.0, "{sign}: {:.2} in {theme}", contrast(sign, "paper"));
        }
        for ground in ["true", "bad"] {
            assert!(contrast("on", ground) >= 4.5, "on {ground}: {:.2} in {theme}", contrast("on", ground));
        }
    }
}

#[test]
fn no_letter_is_smaller_than_12_pixels() {
    let page = page(&Study::default());
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    for size in style.split("font-size:").skip(1) {
        let number: f64 = size.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect::<String>().parse().unwrap();
        let unit = size.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        // 15 px is the text's size; points are paper's
        let is_readable = if unit.starts_with("rem") {
            number * 16.0 >= 12.0
        } else if unit.starts_with("em") {
            number * 13.0 >= 11.9
        } else if unit.starts_with("pt") {
            number >= 8.5
        } else {
            number >= 12.0
        };
        assert!(is_readable, "{size:.40}");
    }
}

#[test]
fn two_trees_are_a_page() {
    let (mut first, second) = (study(60, 20), study(90, 25));
    first.results.iter_mut().for_each(|result| result.metrics.iter_mut().for_each(|metric| metric.value *= 1.3));
    let (a, b) = (Path::new("runs/<a>"), Path::new("runs/b"));
    let page = html::comparison(&Comparison::of((a, &first), (b, &second)), Timestamp::UNIX_EPOCH);
    keep("two.html", &page);
    let document = check(&page);
    assert!(texts(&document, "header").concat().contains("runs/<a>, runs/b"));
    assert!(all(&document, "#deltas td.d svg.cell").len() > 3);
    check(&html::comparison(&Comparison::default(), Timestamp::UNIX_EPOCH));
}
