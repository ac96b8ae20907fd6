# Words to token ids.

# Nothing to prepare: the vocabulary is a plain list.
tokenize_load() {
    :
}

# tokenize TEXT: sets IDS, one id a word, 0 for an unknown one.
tokenize() {
    IDS=
    for word in $1; do
        id=0
        found=0
        for entry in $VOCAB; do
            id=$((id + 1))
            if [ "$found" -eq 0 ] && [ "$entry" = "$word" ]; then
                found=$id
            fi
        done
        IDS="$IDS $found"
    done
}
