# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# Starting and ending processes, loading them, reading what they cost. Sourced by run.

declare -A started=()  # by process number: what runs and has to be ended

stop() {
  kill "$1" 2> /dev/null || true
  wait "$1" 2> /dev/null || true
  unset "started[$1]"
}

cleanup() {
  local pid
  for pid in "${!started[@]}"; do stop "$pid"; done
  rm -rf "${memory:-}"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() {
  echo "bench: $*" >&2
  exit 1
}

open_port() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2> /dev/null; }

# A port that nobody listens on, from $1 upwards.
free_port() {
  local port=$1
  while open_port "$port"; do port=$((port + 1)); done
  echo "$port"
}

# start NAME CORE PORT COMMAND...: runs it in the background, pinned, until its port is open. The
# process number is left in $pid.
start() {
  local name=$1 core=$2 port=$3 tries=0
  shift 3
  taskset -c "$core" "$@" > "$work/$name.out" 2> "$work/$name.err" &
  pid=$!
  started[$pid]=$name
  until open_port "$port"; do
    kill -0 "$pid" 2> /dev/null || fail "$name ended: $(tail -n 5 "$work/$name.err")"
    tries=$((tries + 1))
    [ "$tries" -lt 200 ] || fail "$name does not open port $port"
    sleep 0.05
  done
}

# The process and all below it.
family() {
  local child
  echo "$1"
  # shellcheck disable=SC2013  # words are meant
  for child in $(cat /proc/"$1"/task/*/children 2> /dev/null); do family "$child"; done
}

# Microseconds of CPU time that a family has used, user and system: what the scheduler has counted of
# each thread. (The ticks of /proc/PID/stat are too coarse for rounds of a second.)
cpu_us() {
  local member
  for member in $(family "$1"); do cat /proc/"$member"/task/*/schedstat 2> /dev/null || true; done |
    awk '{ total += $1 } END { printf "%.0f\n", total / 1000 }'
}

rss_kib() {
  local member
  for member in $(family "$1"); do cat "/proc/$member/status"; done |
    awk '/^VmRSS:/ { total += $2 } END { print total }'
}

# wrk for $2 seconds at port $1, $3 is http or https; prints "requests seconds p99_us errors rate", and
# leaves in load.seconds what it cost.
wrk_load() {
  local TIMEFORMAT='%U %S'
  { time taskset -c "$load_cores" wrk -t 1 -c "$CONNECTIONS" -d "${2}s" --timeout 10s --latency \
    "${wrk_options[@]}" "$3://127.0.0.1:$1$target" > "$work/wrk.out"; } 2> "$work/load.seconds"
  awk -v refused="$([ "$kind" = refused ] && [ "$proxy" != floor ] && echo 1 || echo 0)" '
    function microseconds(text) {
      if (text ~ /us$/) return text + 0
      if (text ~ /ms$/) return text * 1000
      return text * 1000000
    }
    / 99%/ { p99 = microseconds($2) }
    / requests in / {
      requests = $1
      seconds = $4 ~ /m,$/ ? $4 * 60 : $4 + 0
    }
    /Requests\/sec:/ { rate = $2 }
    /Socket errors:/ { errors += $4 + $6 + $8 + $10 }
    /Non-2xx/ { others = $NF }
    END {
      errors += refused ? requests - others : others
      printf "%d %s %d %d %s\n", requests, seconds, p99, errors, rate
    }' "$work/wrk.out"
}

# sample PROXY RATE REQUESTS SECONDS CPU_US P99_US RSS_KIB ERRORS ...: adds "proxy rate cpu_us p99_us
# busy rss errors ..." to the samples, and prints it.
sample() {
  local proxy=$1 rate=$2 requests=$3 seconds=$4 cpu=$5 p99=$6 rss=$7 errors=$8
  shift 8
  awk -v p="$proxy" -v cpu="$cpu" -v requests="$requests" -v seconds="$seconds" -v p99="$p99" \
    -v errors="$errors" -v rate="$rate" -v rss="$rss" -v more="$*" 'BEGIN {
      printf "%s %.0f %.3f %d %.0f %d %d %s\n", p, rate, cpu / requests, p99,
             cpu / 1e4 / seconds, rss, errors, more
    }' | tee -a "$samples"
}

# both_sides REQUESTS CPU_US: CPU µs a request of the proxy, the origin and the load together; nothing
# where the load does not say what it cost.
both_sides() {
  [ -s "$work/load.seconds" ] || return 0
  awk -v requests="$1" -v cpu="$2" '
    { printf "%.2f\n", (($1 + $2) * 1e6 + cpu) / requests }' "$work/load.seconds"
}

# One turn of one participant: a sample of it under full load, with what both sides cost.
turn() {
  local proxy=$1 port=$2 of=$3 asked before after origin requests seconds p99 errors rate
  asked=$(served "http://127.0.0.1:$origin_port/")
  [ "$WARM_UP_SECONDS" -eq 0 ] || "$loader" "$port" "$WARM_UP_SECONDS" "$scheme" > /dev/null
  rm -f "$work/load.seconds"
  origin=$(cpu_us "$origin_pid")
  before=$(cpu_us "$of")
  read -r requests seconds p99 errors rate < <("$loader" "$port" "$RUN_SECONDS" "$scheme")
  after=$(cpu_us "$of")
  origin=$(($(cpu_us "$origin_pid") - origin))
  [ "$proxy" != direct ] || origin=0  # it is the one that is measured
  [ "$kind" != cached ] ||
    errors=$((errors + $(served "http://127.0.0.1:$origin_port/") - asked - 1))
  [ "$requests" -gt 0 ] || fail "$proxy answered nothing"
  sample "$proxy" "$rate" "$requests" "$seconds" $((after - before)) "$p99" "$(rss_kib "$of")" \
    "$errors" "$(both_sides "$requests" $((after - before + origin)))" |
    awk '{ printf "  %-8s %7d requests/s  %6.2f us CPU  %d errors\n", $1, $2, $3, $7 }'
}

# The number that the origin gave the answer, 0 if it numbers none.
served() {
  curl -sS "${as_client[@]}" --cacert "$work/$certificate.pem" -o /dev/null -D - "$1" |
    awk 'tolower($1) == "x-served:" { number = $2 + 0 } END { print number + 0 }'
}

# answer URL: its "status size".
answer() {
  curl -sS "${as_client[@]}" --tlsv1.3 --cacert "$work/$certificate.pem" -o /dev/null \
    -w '%{http_code} %{size_download}' "$1"
}

# The answer has to be the right one before its speed means anything, and a cached one has to be the
# same whenever it is asked for. Who is to be refused gets the first answer, and no second; the floor
# gives those that follow none, but as many bytes.
verify() {
  local proxy=$1 url=$scheme://127.0.0.1:$2$target got first
  got=$(answer "$url")
  [ "$got" = "200 $bytes" ] || [ "$proxy/$kind" = floor/refused ] ||
    fail "$proxy answers \"$got\" instead of \"200 $bytes\""
  [ "$proxy" != floor ] || return 0
  if [ "$kind" = refused ]; then
    got=$(answer "$url")
    [ "${got% *}" = 429 ] || fail "$proxy answers \"$got\" instead of 429"
  fi
  [ "$kind" != routes ] || verify_routes "$proxy" "$2"
  [ "$kind" = cached ] && [ "$proxy" != h2o ] || return 0
  first=$(served "$url")
  if [ "$first" -eq 0 ] || [ "$(served "$url")" -ne "$first" ]; then
    fail "$proxy does not answer from its cache"
  fi
}
