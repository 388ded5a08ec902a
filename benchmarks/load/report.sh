# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# The tables and their page. Sourced by run.

# Ends the awk programs that make a table: row() of each participant, in the order in which they ran.
rows='
  END {
    count = split(order, names, " ")
    for (i = 1; i <= count; i++) if (names[i] in n) print row(names[i])
  }
'

# Medians of the samples of a scenario.
table() {
  awk -v order="direct floor $PROXIES" "$figures"'
    BEGIN {
      print "| | requests/s | to the best peer | CPU µs a request | to the best peer | to the floor | both sides | to the best peer | core used | p99 | RSS | errors |"
      print "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    }
    function to_best(proxy, column) {
      return proxy == "floor" ? "" : ratio(proxy, best_peer(column), column)
    }
    function row(proxy,   rate, both, p99) {
      rate = median(proxy, 2)
      both = median(proxy, 8)
      p99 = median(proxy, 4) > 0 ? sprintf("%.2f ms", median(proxy, 4) / 1000) : "-"
      if (proxy == "direct")
        return sprintf("| no proxy | %d | | | | | | | | %s | | %d |", rate, p99, total(proxy, 7))
      return sprintf("| %s | %d | %s | %.2f | %s | %s | %s | %s | %d %% | %s | %.1f MiB | %d |",
                     proxy, rate, to_best(proxy, 2), median(proxy, 3), to_best(proxy, 3),
                     ratio(proxy, "floor", 3), (both > 0 ? sprintf("%.2f", both) : "-"),
                     to_best(proxy, 8), median(proxy, 5), p99,
                     median(proxy, 6) / 1024, total(proxy, 7))
    }'"$rows" "$work/$1.samples"
}

idle_table() {
  awk -v order="$PROXIES" "$figures"'
    BEGIN {
      print "| | bytes a connection | to the best peer | RSS at 4,200 | to the best peer | RSS at 10,000 | to the best peer | errors |"
      print "|---|---:|---:|---:|---:|---:|---:|---:|"
    }
    function row(proxy) {
      return sprintf("| %s | %d | %s | %.1f MiB | %s | %.1f MiB | %s | %d |", proxy, median(proxy, 8),
                     ratio(proxy, best_peer(8), 8), median(proxy, 6) / 1024,
                     ratio(proxy, best_peer(6), 6), median(proxy, 9) / 1024,
                     ratio(proxy, best_peer(9), 9), total(proxy, 7))
    }'"$rows" "$work/$1.samples"
}

# Behind each peer Sluice at the same rate.
latency_table() {
  local proxy order=""
  for proxy in $PROXIES; do order+=" $proxy sluice@$proxy"; done
  awk -v order="$order" "$figures"'
    BEGIN {
      print "| | requests/s | CPU µs a request | p50 | p99 | to the peer | p99.9 | errors |"
      print "|---|---:|---:|---:|---:|---:|---:|---:|"
    }
    function row(proxy,   p99, peer) {
      p99 = median(proxy, 4)
      peer = proxy ~ /@/ ? substr(proxy, index(proxy, "@") + 1) : ""
      return sprintf("| %s | %d | %.2f | %.3f ms | %.3f ms | %s | %.3f ms | %d |",
                     peer == "" ? proxy : "sluice, as many", median(proxy, 2), median(proxy, 3),
                     median(proxy, 8) / 1000, p99 / 1000,
                     peer == "" ? "" : ratio(proxy, peer, 4), median(proxy, 9) / 1000,
                     total(proxy, 7))
    }'"$rows" "$work/$1.samples"
}

# Two workers to one, each proxy to itself.
scaling_table() {
  local proxy
  echo '| | requests/s of one | of two | two to one | CPU µs a request of one | of two | two to one |'
  echo '|---|---:|---:|---:|---:|---:|---:|'
  for proxy in $PROXIES; do
    awk -v proxy="$proxy" -v one="$(figure workers-1 "$proxy" 2)" \
      -v two="$(figure workers-2 "$proxy" 2)" -v cpu_one="$(figure workers-1 "$proxy" 3)" \
      -v cpu_two="$(figure workers-2 "$proxy" 3)" 'BEGIN {
        if (one + 0 > 0 && two + 0 > 0)
          printf "| %s | %d | %d | %.2f | %.2f | %.2f | %.2f |\n", proxy, one, two, two / one,
                 cpu_one, cpu_two, cpu_two / cpu_one
      }'
  done
}

# What a scenario is called, and what is special about it.
heading() {
  local over=""
  [ "${1%-tls}" = "$1" ] || over=" over TLS 1.3"
  case $1 in
    log-*)
      printf '## Forwarded, access log %s\n\n' "${1#log-}"
      printf 'Answers of %s bytes; X-Forwarded-For and X-Forwarded-Proto are added.\n' "$BYTES"
      ;;
    forward-tls) printf '## Forwarded, 1 KiB%s\n' "$over" ;;
    forward-100k*) printf '## Forwarded, 100 KiB%s\n' "$over" ;;
    forward-10m*) printf '## Forwarded, 10 MiB%s\n\nOver 16 connections.\n' "$over" ;;
    forward-post*) printf '## Forwarded, POST of 1 KiB%s\n\nThe answer has 1 KiB, too.\n' "$over" ;;
    cached-*) printf '## Answered from the cache: %s\n\nErrors count requests that reached the origin, too. Bodies that nginx keeps are files in memory,\nbeside its RSS; Varnish logs to memory, as it always does.\n' "${1#cached-}" ;;
    refused) printf '## Refused: more than a client may\n\nEvery request is above its limit and gets a 429; errors count all other answers.\n' ;;
    static-*) printf '## Files: %s\n' "${1#static-}" ;;
    new-connection) printf '## A new connection for each request\n\n1 KiB from the cache; h2o, which has none, sends a file.\n' ;;
    handshake-*)
      printf '## A new connection for each request, TLS 1.3: %s, %s\n\n' \
        "$(case $1 in *-ec-*) echo ECDSA P-256 ;; *) echo RSA-2048 ;; esac)" "${1##*-}"
      printf 'A file of 1 KiB; HAProxy answers from memory. Four clients (openssl s_time) say of each handshake\nwhether it was full or resumed; of the wrong sort, it is an error.\n'
      ;;
    idle*) printf '## Idle connections%s\n\nThe growth of RSS from 200 to 4,200, each of which has had one answer of 1 KiB from the origin,\nand the whole process there and at 10,000. Connections that were closed meanwhile are errors.\n' "$([ "$1" = idle ] || echo ', TLS 1.3')" ;;
    latency) printf '## Latency at half load\n\nForwarded, 1 KiB. Each proxy gets half as many requests a second as it has just taken at most, evenly,\neach timed from when it was due; and after each peer Sluice gets as many.\n' ;;
    workers-1) printf '## One worker and two\n\nForwarded, 1 KiB; proxy, load and origin may run on any of the %d cores%s.\n' "$(nproc)" \
      "$([ "$(nproc)" -ge 4 ] || echo '; with two workers, proxy and load share them')" ;;
    routing) printf '## Routing: 1,000 hosts with 20 paths each\n\nForwarded, 1 KiB; all routes in turn, each with a header field of its own in the response.\n' ;;
  esac
  [ "$1" != log-on ] ||
    printf '\nTo a file: nginx through a 64 KiB buffer, HAProxy through its standard output, the others as they do.\n'
}

# Heading and table of a scenario.
section() {
  [ "$1" != workers-2 ] || return 0
  echo
  heading "$1"
  echo
  case $1 in
    idle*) idle_table "$1" ;;
    latency) latency_table "$1" ;;
    workers-1) scaling_table ;;
    *) table "$1" ;;
  esac
}

report() {
  local name
  cat << TEXT
# Side by side

Written by \`make bench\` on $(date -u +%Y-%m-%d). $(versions).
Machine: $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores, Linux $(uname -r).

Everything over $CONNECTIONS keep-alive connections, where nothing else is said. Each proxy has one
worker alone on core $PROXY_CORE; wrk (one thread) and the origin share core $LOAD_CORE. Medians of $ROUNDS interleaved
rounds of $RUN_SECONDS s, each after $WARM_UP_SECONDS s of warm-up; errors are the sum. CPU is user and system time of the
proxy's own processes over the measured interval, divided by the requests of that interval. Where a
core is not used up, the load was the limit, and the CPU a request costs is the better measure. But
who sends to a busy client leaves much of the work of TCP to it: "both sides" is what proxy, load and
origin together spent on a request, in CPU µs. "No
proxy" is the same load straight at the origin. "Floor" is a program that does nothing but the system
calls: the origin itself in the place of the proxy, a relay that looks at nothing, or, for handshakes,
OpenSSL alone. Ratios are to the best peer of the column, which the floor is not, and the median of the
ratios of each round.

## Targets

CPU µs a request, where nothing else is said.

$(targets)

## Why targets are missed

$(cat "$here/../missed.md")
$(for name in $measured; do section "$name"; done)

## What was tried

$(cat "$here/../tried.md")
TEXT
}

# One line a scenario: the figure of Sluice, of its best peer, and the ratio of the two.
summary() {
  local name column unit
  echo '| | Sluice | best peer | ratio | requests/s to the best peer |'
  echo '|---|---:|---:|---:|---:|'
  for name in $measured; do
    case $name in
      idle*) column=8 unit="B" ;;
      latency) column=4 unit="µs" ;;
      *) column=3 unit="µs" ;;
    esac
    awk -v name="$name" -v column="$column" -v unit="$unit" "$figures"'
      END {
        if (!("sluice" in n)) exit
        peer = best_peer(column)
        mine = "sluice@" peer in n ? "sluice@" peer : "sluice"
        format = unit == "B" || column == 4 ? "%d " : "%.2f "
        printf "| %s | %s | %s | %s | %s |\n", name, sprintf(format unit, median(mine, column)),
               peer == "" ? "" : peer " " sprintf(format unit, median(peer, column)),
               ratio(mine, peer, column),
               unit == "B" || column == 4 ? "" : ratio("sluice", best_peer(2), 2)
      }' "$work/$name.samples"
  done
}

# Puts the summary between its two marks in README.md.
update_readme() {
  summary > "$work/summary.md"
  sed -i -e '/^<!-- begin of: make bench/,/^<!-- end of: make bench/{//!d}' \
    -e "/^<!-- begin of: make bench/r $work/summary.md" README.md
}
