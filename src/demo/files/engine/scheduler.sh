# The order in which the tokens of the waiting requests are read.

# schedule WAITING: sets ORDER, a list of requests. WAITING is a list of `position:request`, one entry a token. First
# tokens go first, then second ones, so that no request waits for a long one; equal positions keep their order.
schedule() {
    waiting=$1
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
}
