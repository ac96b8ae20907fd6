# Requests to batches of limited size.

# Opens the first batch.
batch_open() {
    BATCH=
    BATCHES=0
}

# batch_add N: puts a request of N tokens into the open batch, token by token. A batch is full when its tokens and the
# padding, which is as long as its longest request, reach BATCH_TOKENS.
batch_add() {
    token=0
    while [ "$token" -lt "$1" ]; do
        token=$((token + 1))
        size=0
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
    done
}
