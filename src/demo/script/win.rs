//! Scenario 0: an optimisation that works, and goes further than the human's.

use super::{MEASURE, Scenario, say};

const OLD_LOAD: &str = "# Nothing to prepare: the vocabulary is a plain list.
tokenize_load() {
    :
}
";
const NEW_LOAD: &str = r#"# Gives every word a variable of its own, `ID_<word>`; the first of equal words wins.
tokenize_load() {
    id=0
    for entry in $VOCAB; do
        id=$((id + 1))
        eval "ID_$entry=\${ID_$entry:-$id}"
    done
}
"#;
const OLD_SEARCH: &str = r#"        id=0
        found=0
        for entry in $VOCAB; do
            id=$((id + 1))
            if [ "$found" -eq 0 ] && [ "$entry" = "$word" ]; then
                found=$id
            fi
        done
"#;
const NEW_SEARCH: &str = r#"        case $word in
        *[!a-z]*) found=0 ;;
        *) eval "found=\${ID_$word:-0}" ;;
        esac
"#;
const OLD_RESET: &str = r#"    block=0
    while [ "$block" -lt "$CACHE_BLOCKS" ]; do
        block=$((block + 1))
        eval "BLOCK_$block=free"
    done
"#;
const NEW_RESET: &str = "    FREE=1
";
const OLD_TAKE: &str = r#"    BLOCK=0
    block=0
    while [ "$block" -lt "$CACHE_BLOCKS" ]; do
        block=$((block + 1))
        eval "state=\$BLOCK_$block"
        if [ "$state" = free ]; then
            BLOCK=$block
            eval "BLOCK_$block=used"
            return
        fi
    done
"#;
const NEW_TAKE: &str = r#"    if [ "$FREE" -gt "$CACHE_BLOCKS" ]; then
        BLOCK=0
        return
    fi
    BLOCK=$FREE
    FREE=$((FREE + 1))
"#;

/// The scenario.
pub(super) fn scenario() -> Scenario {
    let turns = vec![
        say("I'll start with how the repository is laid out, before I decide where the time goes.").view(""),
        say("A shell engine. The README and the notes should tell me what a request goes through.").bash("cat README.md docs/engine.md"),
        say("Now the driver and the two parts that run first: `tokenize` is called once a line, with the whole vocabulary in reach.")
            .view("engine/run.sh")
            .view("engine/tokenize.sh")
            .bash("wc -w engine/config.sh data/requests.txt"),
        say("Before touching anything, a baseline. I want the numbers of the whole engine, not of one function.").bash(MEASURE),
        say("Let me think about what dominates.").think(
            "tokenize() walks all of VOCAB for every word, and goes on after the hit: words x vocabulary comparisons, about 140 x 330. That is \
             quadratic work for what should be one lookup. Shell has no maps, but variables with computed names are one: ID_<word>. The \
             vocabulary holds a few words twice, and the first one wins today, so the table must keep the first. Words with characters \
             outside a-z must not reach eval.",
            1,
            1,
        ),
        say("The plan holds: build the table once in `tokenize_load`, keeping the first of equal words.")
            .replace("engine/tokenize.sh", OLD_LOAD, NEW_LOAD),
        say("And the lookup in place of the walk. Anything but plain letters is unknown by definition, which also keeps `eval` safe.")
            .replace("engine/tokenize.sh", OLD_SEARCH, NEW_SEARCH),
        say("Output first, speed second: the expected lines must not have moved.").bash("sh tests/run.sh").bash(MEASURE),
        say("That took a good part away. What is left that grows with the number of tokens? `cache_take` is called once a token.")
            .bash("cat engine/cache.sh && grep -rn 'BLOCK_' engine"),
        say("Blocks are given out in order and only ever freed all together, so the first free one is a counter. No search needed.")
            .replace("engine/cache.sh", OLD_RESET, NEW_RESET)
            .replace("engine/cache.sh", OLD_TAKE, NEW_TAKE),
        say("Checking the output again, odd input included: a word with a quote and a dollar sign must stay an unknown word.")
            .bash("sh tests/run.sh; f=$(git rev-parse --git-dir)/odd; printf '%s\\n' 'what is $(id) or a;b' > \"$f\"; sh engine/run.sh \"$f\"")
            .bash(MEASURE),
        say("Two files, both smaller in work and the same in output. A last look at the diff as a whole.").bash("git diff --stat && git diff"),
        say(
            "The engine no longer searches the vocabulary and the cache for every token.\n\n## Summary\n- `tokenize`: a table built once at load time, one lookup a \
             word\n- `cache_take`: a counter instead of a search; blocks are only freed all together\n- the output is unchanged (`tests/run.sh`), unknown and odd words included",
        )
        .done(),
    ];
    Scenario { seconds: 10.0, max_steps: 200, turns }
}
