# What is the same for every arm. Before it stand the words of this one, after it stands the call of `main`.

io=${0%/*}
port=${ISOBENCH_PORT:-8000}
began_in=$PWD
umask 022

# what is written shows at once; the client's requests to the server are no business of a proxy
export PYTHONUNBUFFERED=1
export no_proxy="127.0.0.1,localhost${no_proxy:+,$no_proxy}"
export NO_PROXY="$no_proxy"

# children: a command that takes its time, the server, who watches it, the client
busy='' server='' watcher='' client=''
# arguments of ours that this server does not take
without=''

mark() { printf '%s\n' "$*" >>"$io/marks"; }

# a shell that waits for `sleep` hears of TERM after it: never long
pause() { sleep "$1" 2>/dev/null || sleep 1; }

may_repair() { case " $repairs " in *" $1 "*) ;; *) return 1 ;; esac }

# whether a child runs: one that ended stays a zombie until the shell asks for it
alive() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 0
    case ${stat##*) } in Z* | X*) return 1 ;; esac
}

# hundredths of a second since the machine began
now() { read -r now _ </proc/uptime && now=${now%.*}${now#*.}; }

# end PID SECONDS: TERM, then KILL
end() {
    alive "$1" || return 0
    kill -TERM "$1" 2>/dev/null
    left=$(($2 * 10))
    while alive "$1" && [ "$left" -gt 0 ]; do
        pause 0.1
        left=$((left - 1))
    done
    kill -KILL "$1" 2>/dev/null
    return 0
}

stopped() {
    trap '' TERM INT HUP
    for child in $watcher $busy $client $server; do kill -TERM "$child" 2>/dev/null; done
    for child in $busy $client $server; do end "$child" 3; done
    mark 'phase stop'
    exit 143
}

# a command that takes its time: TERM is heard meanwhile
wait_for() {
    "$@" </dev/null &
    busy=$!
    wait "$busy"
    set -- "$?"
    busy=''
    return "$1"
}

# two lines: the folder of the package, and its version. Nothing is imported, which would take seconds. What has no location
# is a folder that happens to have this name
LOOK='
from importlib import metadata, util
vllm = util.find_spec("vllm")
if not vllm or not vllm.has_location: raise SystemExit(1)
print(list(vllm.submodule_search_locations)[0])
try: print(metadata.version("vllm"))
except Exception: pass
'

# one line: what pip is to install again, the version that is there or else what vLLM asks for
WANTED='
from importlib import metadata
try: print("transformers==" + metadata.version("transformers"))
except Exception:
    asked = [ask.split(";")[0] for ask in metadata.requires("vllm") or [] if ask.startswith("transformers")]
    print("".join((asked + ["transformers"])[0].split()).replace("(", "").replace(")", ""))
'

find_python() {
    # the folder where we are counts as one of packages
    cd "$io" || return 1
    for python in python3 python /opt/venv/bin/python /usr/bin/python3 /usr/local/bin/python3 /opt/conda/bin/python; do
        command -v "$python" >/dev/null 2>&1 || continue
        found=$("$python" -c "$LOOK" 2>/dev/null </dev/null) || continue
        version=${found#*
}
        package=${found%%
*}
        [ "$version" != "$found" ] || version=unknown
        python=$(command -v "$python")
        home=${package%/*}
        mark "python $python"
        mark "vllm $version"
        return 0
    done
    mark 'no vllm'
    return 1
}

# again FILE…: it is tried again, and what was printed until now is no cause of what may go wrong from here on
again() { for file in "$@"; do mark "again $file $(wc -c <"$io/$file")"; done; }

# repair_transformers FILE: whether what failed says that it can't be imported, and it was installed again; once
repair_transformers() {
    may_repair transformers || return 1
    grep -q "No module named 'transformers" "$1" || return 1
    repairs=''
    wanted=$("$python" -c "$WANTED" 2>/dev/null </dev/null) || return 1
    wait_for "$python" -m pip install --quiet --force-reinstall --no-deps "$wanted" >>"$io/err" 2>&1 || return 1
    mark 'repaired transformers'
}

# how many files of the patch have such a name
of_patch() { grep '^+++ ' "$io/agent.patch" | grep -cE "$1"; }

# the files that the patch names, as they are now
state() {
    grep '^+++ ' "$io/agent.patch" | while read -r _ name _; do
        [ "$strip" = 0 ] || name=${name#*/}
        md5sum "$name" 2>/dev/null
    done
}

# try PROGRAM ARGUMENT…: what it says is kept for the case that none succeeds
try() {
    command -v "$1" >/dev/null 2>&1 || return 1
    said=$("$@" 2>&1 </dev/null)
}

# the patch, in the folder that holds the package. A patch that goes in by force may be half there: that is named
take_patch() {
    said='neither git nor patch is in the image'
    cd "$home" || return 1
    uncompiled=$(of_patch '\.(cu|cuh|cpp|cc|cxx|c|h|hpp|hip|pyx|rs)([[:space:]]|$)')
    [ "$uncompiled" -eq 0 ] || mark "patch uncompiled $uncompiled"
    # no tree of sources, but what was installed of it
    only='*'
    if [ ! -e setup.py ] && [ ! -d csrc ]; then
        only='vllm/*'
        left_out=$(grep '^+++ ' "$io/agent.patch" | grep -cvE '^\+\+\+ ([a-z]/)?(vllm/|/?dev/null)')
        [ "$left_out" -eq 0 ] || mark "patch left_out $left_out"
        said="none of its files is of the package in $home"
        [ "$left_out" -lt "$(of_patch .)" ] || return 1
    fi
    # within somebody's repository git would leave out, without a word, what lies outside of the folder
    GIT_CEILING_DIRECTORIES=$(dirname "$PWD")
    export GIT_CEILING_DIRECTORIES
    # what is not included git leaves out without a word as well: it must not guess
    if grep -qE '^(---|\+\+\+) [a-z]/' "$io/agent.patch"; then strip=1 how=git; else strip=0 how=p0; fi
    if try git apply "-p$strip" "--include=$only" "$io/agent.patch"; then :
    elif try patch -p1 -N -f --dry-run -i "$io/agent.patch" && try patch -p1 -N -f -i "$io/agent.patch"; then how=p1
    elif try patch -p0 -N -f --dry-run -i "$io/agent.patch" && try patch -p0 -N -f -i "$io/agent.patch"; then how=p0
    else
        before=$(state)
        try patch "-p$strip" -N -f -i "$io/agent.patch"
        [ "$(state)" != "$before" ] || return 1
        how=forced
        # the word by which ISO-Bench's containers, and whoever reads them, know it
        printf '%s\nAGENT_PATCH_APPLIED_FALLBACK\n' "$said" >>"$io/err"
    fi
    mark "patch applied $how"
}

answers() {
    health="http://127.0.0.1:$port/health"
    if command -v curl >/dev/null 2>&1; then
        curl -fs -m 5 -o /dev/null "$health"
    elif command -v wget >/dev/null 2>&1; then
        wget -q -t 1 -T 5 -O /dev/null "$health" 2>/dev/null
    else
        "$python" -c "import urllib.request as r; r.urlopen('$health', timeout=5)" 2>/dev/null </dev/null
    fi
}

# run_server --model MODEL …: the module is in every version; the program came with 0.5
run_server() {
    if [ -e "$package/entrypoints/openai/api_server.py" ]; then
        set -- "$python" -m vllm.entrypoints.openai.api_server "$@"
    else
        model=$2
        shift 2
        set -- vllm serve "$model" "$@"
    fi
    "$@" </dev/null >>"$io/server" 2>&1 &
    server=$!
}

# an argument that we gave, not the benchmark's author, and that this server does not take
refused() {
    for argument in $ours; do
        case " $without " in *" $argument "*) continue ;; esac
        says="unrecognized arguments:.*$argument"
        [ "$argument" != --max-model-len ] || says="$says|User-specified max_model_len"
        grep -qE -e "$says" "$io/server" && return 0
    done
    return 1
}

serve() {
    mark 'phase start'
    now
    began=$now
    while :; do
        start_server
        until answers; do
            alive "$server" || break
            pause 0.5
        done
        alive "$server" && break
        wait "$server"
        crashed=$?
        server=''
        if refused; then
            without="$without $argument"
            mark "server without $argument"
        elif ! repair_transformers "$io/server"; then
            mark "server crashed $crashed"
            return 1
        fi
        again server
    done
    now
    took=$((now - began))
    mark "ready $((took / 100)).$((took / 10 % 10))$((took % 10))"
    mark 'phase ready'
}

# beside the client: one whose server is gone might wait for hours
watch() {
    while alive "$server"; do pause 0.5; done
    left=60
    while alive "$client" && [ "$left" -gt 0 ]; do
        pause 0.5
        left=$((left - 1))
    done
    kill -TERM "$client" 2>/dev/null
    pause 2
    kill -KILL "$client" 2>/dev/null
}

# run_client PROGRAM ARGUMENT…
run_client() {
    "$@" </dev/null >>"$io/out" 2>>"$io/err" &
    client=$!
    if [ -n "$server" ]; then
        watch </dev/null >/dev/null 2>&1 &
        watcher=$!
    fi
    wait "$client"
    code=$?
    client=''
    if [ -n "$watcher" ]; then
        kill -TERM "$watcher" 2>/dev/null
        watcher=''
    fi
    if [ -n "$server" ] && ! alive "$server"; then
        wait "$server"
        mark "server died $?"
        server=''
    fi
    return "$code"
}

# run_vllm ARGUMENT…: the CLI of the Python that was found
run_vllm() {
    if [ -x "${python%/*}/vllm" ]; then
        run_client "${python%/*}/vllm" "$@"
    elif [ -e "$package/entrypoints/cli/main.py" ] || ! command -v vllm >/dev/null 2>&1; then
        run_client "$python" -m vllm.entrypoints.cli.main "$@"
    else
        run_client vllm "$@"
    fi
}

# by the script of the image where it has one that works, else by the CLI
measure() {
    if [ -n "$benchmark" ] && find_benchmark; then
        cd "$source" || return 94
        by_script
        code=$?
        if [ "$code" -eq 0 ] || ! grep -q '^DEPRECATED: This script has been moved' "$io/out"; then return "$code"; fi
        # what it says is no cause of what may go wrong now
        : >"$io/out"
    elif [ -n "$benchmark" ]; then
        mark 'no benchmarks'
    fi
    [ "$has_cli" = yes ] || return 94
    if [ -n "$benchmark" ]; then
        benchmark=''
        mark 'repaired moved_to_cli'
    fi
    cd "$io" || return 94
    by_cli
}

main() {
    trap stopped TERM INT HUP
    mark 'phase prepare' || exit 90
    find_python || exit 91
    if [ -n "$dataset" ] && [ ! -e "$dataset" ]; then
        mark 'no dataset'
        exit 95
    fi
    if [ "$patched" = yes ]; then
        take_patch || { mark 'patch refused'; printf '%s\n' "$said" >>"$io/err"; exit 92; }
    fi
    cd "$io" || exit 90
    if [ "$serving" = yes ]; then
        serve || exit 93
    else
        mark 'phase start'
    fi
    measure
    code=$?
    if [ "$code" -ne 0 ] && repair_transformers "$io/err"; then
        again out err
        measure
        code=$?
    fi
    [ "$code" -eq 94 ] || mark "client $code"
    mark 'phase stop'
    end "$server" 10
    exit "$code"
}
