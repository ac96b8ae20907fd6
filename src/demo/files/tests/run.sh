#!/bin/sh
# The engine's output must stay what it is.
set -eu
cd "$(dirname "$0")/.."
got=$(sh engine/run.sh data/requests.txt)
want=$(cat tests/expected.txt)
if [ "$got" = "$want" ]; then
    echo "ok: $(echo "$got" | wc -l | tr -d ' ') lines as expected"
else
    echo "FAILED: the output changed" >&2
    echo "$got" >&2
    exit 1
fi
