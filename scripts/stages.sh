# shellcheck shell=bash
# Sourced by the other scripts: one line per stage with its duration, silence when all is well, the output when not.
#
# Needs nothing but bash and coreutils. A stage's output goes to a file under build/log; on a terminal its last line
# is shown while it runs. LC_ALL=C because a bare machine has no other locale.

export LC_ALL=C
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log_dir=$root/build/log
# Objects are the same in whichever folder the checkout lies.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=true
stage_log=

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

seconds_since() { # seconds_since START: with one decimal; START is a value of EPOCHREALTIME
  local ms=$(((${EPOCHREALTIME/./} - ${1/./}) / 1000))
  printf '%d.%d s' $((ms / 1000)) $((ms % 1000 / 100))
}

# Shows the last line of a growing file until killed, shortened to the terminal's width.
follow_last_line() { # follow_last_line NAME FILE
  local line width=${COLUMNS:-100}
  while sleep 1; do
    line=$(tail -n 1 "$2" 2>/dev/null | tr -d '\r' | cut -c "1-$((width - 40))")
    printf '\r\033[K%-28s %s' "$1" "$line"
  done
}

# stage NAME COMMAND…: runs it, prints `NAME  ok  12.3 s`. On failure prints its output and returns its status.
# Afterwards stage_log names the file with its output.
stage() {
  local name=$1 start=$EPOCHREALTIME status=0 ticker=
  shift
  mkdir -p "$log_dir"
  stage_log=$log_dir/$(printf '%s' "$name" | tr -cs 'a-zA-Z0-9' '-').log
  : >"$stage_log"
  if [ -t 1 ]; then
    follow_last_line "$name" "$stage_log" &
    ticker=$!
  else
    printf '%-28s ' "$name"
  fi
  "$@" >"$stage_log" 2>&1 </dev/null || status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K%-28s ' "$name"
  fi
  if [ "$status" -eq 0 ]; then
    printf 'ok      %s\n' "$(seconds_since "$start")"
  else
    printf 'FAILED  %s  (exit %d, full output: %s)\n' "$(seconds_since "$start")" "$status" "${stage_log#"$root"/}"
    tail -n 80 "$stage_log" | cut -c 1-500 | sed 's/^/    /'
  fi
  return "$status"
}

# build_preset PRESET [TARGET…]: configures and builds into build/PRESET.
build_preset() {
  local preset=$1 cache=$root/build/$1/CMakeCache.txt fresh=()
  shift
  # When the compiler changes, cmake would begin anew without the preset's other settings.
  if [[ $preset =~ ^(debug|soak)$ && -f $cache ]] && ! grep -q '^CMAKE_CXX_COMPILER:.*clang' "$cache"; then fresh=(--fresh); fi
  cmake --preset "$preset" -S "$root" ${fresh[@]+"${fresh[@]}"} && cmake --build "$root/build/$preset" ${1:+--target "$@"}
}
