# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154  # the settings are those of run
# How long an answer takes where there is room. Sourced by run.

# Loads a participant for half as many requests a second as it has just been seen to take at most;
# and, where that is a peer, Sluice for as many, as "sluice@PEER": how long an answer takes tells
# something only at the same rate.
latency_turn() {
  local proxy=$1 port=$2 of=$3 requests seconds p99 errors rate
  [ "$WARM_UP_SECONDS" -eq 0 ] || "$loader" "$port" "$WARM_UP_SECONDS" "$scheme" > /dev/null
  read -r requests seconds p99 errors rate < <("$loader" "$port" "$RUN_SECONDS" "$scheme")
  rate=$(awk -v full="$rate" 'BEGIN { printf "%.0f", full / 2 }')
  paced "$proxy" "$port" "$of" "$rate" "$errors"
  [ "$proxy" = sluice ] || [ -z "${pids[sluice]:-}" ] ||
    paced "sluice@$proxy" "${ports[sluice]}" "${pids[sluice]}" "$rate" 0
}

# paced NAME PORT PROCESS RATE ERRORS: so many requests a second, evenly. Adds to the samples, as turn
# does, "name rate cpu_us p99_us busy rss errors p50_us p999_us", with those errors that were before.
paced() {
  local name=$1 port=$2 of=$3 rate=$4 before after requests p50 p99 p999 errors
  before=$(cpu_us "$of")
  read -r requests p50 p99 p999 errors < <(taskset -c "$load_cores" build/bench/pace "$port" "$rate" \
    "$RUN_SECONDS" "$CONNECTIONS" "$target")
  after=$(cpu_us "$of")
  [ "$requests" -gt 0 ] || fail "$name answered nothing"
  sample "$name" "$rate" "$requests" "$RUN_SECONDS" $((after - before)) "$p99" \
    "$(rss_kib "$of")" $((errors + $5)) "$p50" "$p999" |
    awk '{ printf "  %-14s %7d requests/s  p50 %d  p99 %d  p99.9 %d us  %d errors\n",
                  $1, $2, $8, $4, $9, $7 }'
}
