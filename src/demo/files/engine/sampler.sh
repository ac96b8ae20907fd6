# The next token of a request.

# logit SEED N: sets LOGIT, the N-th logit.
logit() {
    LOGIT=$((($1 * 7919 + $2 * 104729 + $1 * $2 * 31) % 9973))
}

# sample SEED: sets TOKEN to the id with the best logit; the first of equals wins. The head knows every STRIDE-th word.
sample() {
    ranked=
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
}
