# Token ids to words.

# Nothing to prepare: the vocabulary is a plain list.
detokenize_load() {
    :
}

# detokenize IDS: sets TEXT; an unknown id becomes `?`.
detokenize() {
    TEXT=
    for id in $1; do
        at=0
        word='?'
        for entry in $VOCAB; do
            at=$((at + 1))
            if [ "$at" -eq "$id" ]; then
                word=$entry
            fi
        done
        TEXT="$TEXT $word"
    done
}
