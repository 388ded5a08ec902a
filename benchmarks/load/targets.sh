# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# What is wanted, and whether this run had it. Sourced by run.

# check NAME COLUMN FACTOR OF [WHO]: whether Sluice's figure, or that of the participant WHO, is at
# most FACTOR times that of the participant OF ("best": the best peer). Prints the measured ratio and
# "met", "missed" or "not run".
check() {
  local name=$1 column=$2 factor=$3 of=$4 who=${5:-sluice}
  awk -v ratio="$(quotient "$name" "$who" "$of" "$column")" -v factor="$factor" -v of="$of" 'BEGIN {
      if (ratio == "") { print "| not run"; exit }
      printf "%.3f × %s| %s\n", ratio, of == "best" ? "best peer" : of,
             ratio <= factor ? "met" : "missed"
    }'
}

# check_size NAME LIMIT: whether an idle connection takes at most LIMIT bytes.
check_size() {
  awk -v mine="$(figure "$1" sluice 8)" -v limit="$2" 'BEGIN {
    if (mine == "") print "| not run"
    else printf "%d bytes| %s\n", mine, mine <= limit ? "met" : "missed"
  }'
}

# Two workers beside one: the rate at least 1.8 times as high, the cost at most 10 % higher.
check_scaling() {
  awk -v one="$(figure workers-1 sluice 2)" -v two="$(figure workers-2 sluice 2)" \
    -v cpu_one="$(figure workers-1 sluice 3)" -v cpu_two="$(figure workers-2 sluice 3)" 'BEGIN {
      if (one + 0 <= 0 || two == "" || cpu_one + 0 <= 0) { print "| not run"; exit }
      rate = two / one
      cpu = cpu_two / cpu_one
      met = rate >= 1.8 && cpu <= 1.1
      printf "%.3f × one, CPU %.3f ×| %s\n", rate, cpu, met ? "met" : "missed"
    }'
}

# target WHAT WANTED: a row, of the checks that come on standard input. One that is missed makes the
# row missed, one that is not run makes it not run, if none is missed.
target() {
  awk -F '|' -v what="$1" -v wanted="$2" '
    { verdict = substr($2, 2) }
    $1 != "" { measured = measured (measured == "" ? "" : ", ") $1 }
    verdict == "missed" || (verdict == "not run" && result != "missed") || result == "" {
      result = verdict
    }
    END { printf "| %s | %s | %s | %s |\n", what, wanted, measured, result }'
}

targets() {
  local peer
  echo '| scenario | target | measured | |'
  echo '|---|---|---|---|'
  { check cached-1k 3 1.2 floor && check cached-1k 3 0.65 best; } |
    target "cached 1 KiB" "≤ 1.2 × floor and ≤ 0.65 × best peer"
  check cached-100k 3 1.1 floor | target "cached 100 KiB" "≤ 1.1 × floor"
  { check static-1k 3 1.0 h2o && check static-1k 3 0.75 nginx; } |
    target "static 1 KiB" "≤ 1.0 × h2o, ≤ 0.75 × nginx"
  check static-1m 3 1.0 best | target "static 1 MiB" "≤ 1.0 × best peer"
  check static-1m-tls 3 0.95 best | target "static 1 MiB over TLS" "≤ 0.95 × best peer"
  check cached-1k-tls 3 0.75 best | target "cached 1 KiB over TLS" "≤ 0.75 × best peer"
  { check log-off 3 1.2 floor && check log-off 3 0.85 nginx; } |
    target "forward 1 KiB" "≤ 1.2 × relay floor and ≤ 0.85 × nginx"
  { check forward-100k 3 1.0 floor && check forward-100k 3 0.65 haproxy; } |
    target "forward 100 KiB" "≤ 1.0 × relay floor, ≤ 0.65 × HAProxy"
  check forward-tls 3 0.85 best | target "forward 1 KiB over TLS" "≤ 0.85 × best peer"
  check new-connection 3 0.8 best | target "new plain connection per request" "≤ 0.8 × best peer"
  check handshake-ec-full 3 0.92 best | target "full handshake, ECDSA" "≤ 0.92 × best peer"
  check handshake-ec-resumed 3 0.9 best | target "resumed handshake" "≤ 0.9 × best peer"
  check refused 3 0.9 best | target "refused 429" "≤ 0.9 × best peer"
  check_size idle 1024 | target "memory of an idle connection" "≤ 1 KiB"
  check idle-tls 8 0.8 best | target "memory of an idle connection over TLS" "≤ 0.8 × best peer"
  { check idle 6 1.0 best && check idle-tls 6 1.0 best; } |
    target "whole process at 4,200 connections, plain and TLS" "≤ best peer"
  for peer in nginx haproxy varnish h2o; do check latency 4 1.0 "$peer" "sluice@$peer"; done |
    target "p99 at half of a peer's load" "≤ each peer's"
  check_scaling | target "2 workers" "≥ 1.8 × one (CPU a request within 10 %)"
}
