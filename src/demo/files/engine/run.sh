#!/bin/sh
# run.sh REQUESTS: serves every line of the file, prints one line a request and a summary.
set -eu

here=$(dirname "$0")
for part in config tokenize batch scheduler cache sampler detokenize; do
    . "$here/$part.sh"
done

tokenize_load
detokenize_load
cache_reset
batch_open

count=0
waiting=
while read -r line; do
    count=$((count + 1))
    tokenize "$line"
    length=0
    for id in $IDS; do
        length=$((length + 1))
        waiting="$waiting $length:$count"
    done
    eval "LEFT_$count=$length"
    batch_add "$length"
done <"$1"

schedule "$waiting"

blocks=0
for request in $ORDER; do
    cache_take
    blocks=$((blocks + (BLOCK > 0)))
    left=$((LEFT_$request - 1))
    eval "LEFT_$request=$left"
    if [ "$left" -gt 0 ]; then
        continue
    fi
    new=0
    out=
    while [ "$new" -lt "$NEW_TOKENS" ]; do
        new=$((new + 1))
        sample $((request * 17 + new))
        out="$out $TOKEN"
    done
    detokenize "$out"
    echo "$request:$TEXT"
done
echo "requests $count, batches $BATCHES, blocks $blocks"
