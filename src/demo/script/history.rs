//! What the humans did: the commits of the demo's repository after the first.

/// One commit: places of one file, changed.
#[derive(Debug)]
pub(in super::super) struct Commit {
    /// Its message.
    pub(in super::super) message: &'static str,
    /// Whether it made the engine faster, so that it is an item of the plan.
    pub(in super::super) item: bool,
    /// The file changed.
    pub(in super::super) file: &'static str,
    /// Old text → new text.
    pub(in super::super) edits: &'static [(&'static str, &'static str)],
}

/// The commits, oldest first. The item commits change one part of the engine each, the costliest first.
pub(in super::super) const COMMITS: &[Commit] = &[
    Commit {
        message: "tokenize: stop at the word that was found",
        item: true,
        file: "engine/tokenize.sh",
        edits: &[(
            r#"            if [ "$found" -eq 0 ] && [ "$entry" = "$word" ]; then
                found=$id
            fi
"#,
            r#"            if [ "$entry" = "$word" ]; then
                found=$id
                break
            fi
"#,
        )],
    },
    Commit {
        message: "scheduler: one bucket a position instead of a search for each token",
        item: true,
        file: "engine/scheduler.sh",
        edits: &[(
            r#"    waiting=$1
    ORDER=
    while [ -n "$waiting" ]; do
        best=
        for entry in $waiting; do
            if [ -z "$best" ] || [ "${entry%%:*}" -lt "${best%%:*}" ]; then
                best=$entry
            fi
        done
        rest=
        for entry in $waiting; do
            if [ "$entry" != "$best" ]; then
                rest="$rest $entry"
            fi
        done
        ORDER="$ORDER ${best#*:}"
        waiting=$rest
    done
"#,
            r#"    longest=0
    for entry in $1; do
        place=${entry%%:*}
        eval "BUCKET_$place=\"\${BUCKET_$place-} ${entry#*:}\""
        if [ "$place" -gt "$longest" ]; then
            longest=$place
        fi
    done
    ORDER=
    place=0
    while [ "$place" -le "$longest" ]; do
        eval "ORDER=\"\$ORDER\${BUCKET_$place-}\""
        eval "BUCKET_$place="
        place=$((place + 1))
    done
"#,
        )],
    },
    Commit {
        message: "README: how to measure",
        item: false,
        file: "README.md",
        edits: &[(
            "    sh tests/run.sh                        # the output must stay what it is
",
            "    sh tests/run.sh                        # the output must stay what it is

To measure, serve the same file a few times and look at `times`.
",
        )],
    },
    Commit {
        message: "cache: a cursor instead of a search for a free block",
        item: true,
        file: "engine/cache.sh",
        edits: &[
            (
                r#"    block=0
    while [ "$block" -lt "$CACHE_BLOCKS" ]; do
        block=$((block + 1))
        eval "BLOCK_$block=free"
    done
}
"#,
                "    NEXT_BLOCK=1
}
",
            ),
            (
                r#"    BLOCK=0
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
"#,
                r#"    BLOCK=0
    if [ "$NEXT_BLOCK" -le "$CACHE_BLOCKS" ]; then
        BLOCK=$NEXT_BLOCK
        NEXT_BLOCK=$((NEXT_BLOCK + 1))
    fi
"#,
            ),
        ],
    },
    Commit {
        message: "batch: keep the size and the longest request of the open batch",
        item: true,
        file: "engine/batch.sh",
        edits: &[
            (
                "    BATCH=
    BATCHES=0
",
                "    SIZE=0
    LONGEST=0
    BATCHES=0
",
            ),
            (
                r#"        size=0
        longest=0
        for slot in $BATCH; do
            size=$((size + 1))
            if [ "$slot" -gt "$longest" ]; then
                longest=$slot
            fi
        done
        if [ $((size + longest)) -ge "$BATCH_TOKENS" ]; then
            BATCHES=$((BATCHES + 1))
            BATCH=
        fi
        BATCH="$BATCH $token"
"#,
                r#"        if [ $((SIZE + LONGEST)) -ge "$BATCH_TOKENS" ]; then
            BATCHES=$((BATCHES + 1))
            SIZE=0
            LONGEST=0
        fi
        SIZE=$((SIZE + 1))
        if [ "$token" -gt "$LONGEST" ]; then
            LONGEST=$token
        fi
"#,
            ),
        ],
    },
    Commit {
        message: "docs: no forks, and why",
        item: false,
        file: "docs/engine.md",
        edits: &[(
            "Nothing here forks: every step is a shell function on shell variables.
",
            "Nothing here forks: every step is a shell function on shell variables. A fork costs about as much as serving a request.
",
        )],
    },
    Commit {
        message: "sampler: one pass, only the best logit is used",
        item: true,
        file: "engine/sampler.sh",
        edits: &[(
            r#"    ranked=
    rank=0
    while [ "$rank" -lt "$TOP_K" ]; do
        rank=$((rank + 1))
        TOP=-1
        at=0
        while [ "$at" -lt "$LOGITS" ]; do
            at=$((at + 1))
            case " $ranked " in
            *" $at "*) continue ;;
            esac
            logit "$1" "$at"
            if [ "$LOGIT" -gt "$TOP" ]; then
                TOP=$LOGIT
                pick=$at
            fi
        done
        ranked="$ranked $pick"
    done
    set -- $ranked
    TOKEN=$(($1 * STRIDE))
"#,
            r#"    TOP=-1
    at=0
    while [ "$at" -lt "$LOGITS" ]; do
        at=$((at + 1))
        logit "$1" "$at"
        if [ "$LOGIT" -gt "$TOP" ]; then
            TOP=$LOGIT
            pick=$at
        fi
    done
    TOKEN=$((pick * STRIDE))
"#,
        )],
    },
    Commit {
        message: "detokenize: a table of words instead of a walk through the vocabulary",
        item: true,
        file: "engine/detokenize.sh",
        edits: &[
            (
                "# Nothing to prepare: the vocabulary is a plain list.
detokenize_load() {
    :
}
",
                r#"# Gives every word a variable of its own, `WORD_<id>`.
detokenize_load() {
    at=0
    for entry in $VOCAB; do
        at=$((at + 1))
        eval "WORD_$at=\$entry"
    done
}
"#,
            ),
            (
                r#"        at=0
        word='?'
        for entry in $VOCAB; do
            at=$((at + 1))
            if [ "$at" -eq "$id" ]; then
                word=$entry
            fi
        done
        TEXT="$TEXT $word"
"#,
                r#"        eval "TEXT=\"\$TEXT \${WORD_$id:-?}\""
"#,
            ),
        ],
    },
];
