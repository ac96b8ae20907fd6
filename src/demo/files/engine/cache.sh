# Blocks of the KV cache.

# Frees all blocks.
cache_reset() {
    block=0
    while [ "$block" -lt "$CACHE_BLOCKS" ]; do
        block=$((block + 1))
        eval "BLOCK_$block=free"
    done
}

# cache_take: sets BLOCK to the first free block, 0 when there is none, and marks it as used.
cache_take() {
    BLOCK=0
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
}
