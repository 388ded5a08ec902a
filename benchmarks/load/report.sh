# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# The tables and their page. Sourced by run.

# Medians of the samples as a table, the proxies in the order in which they ran.
table() {
  awk -v order="direct $PROXIES" '
    { n[$1]++; for (i = 2; i <= 7; i++) value[$1, i, n[$1]] = $i }
    function median(proxy, column,   i, j, held, sorted) {
      for (i = 1; i <= n[proxy]; i++) {
        held = value[proxy, column, i] + 0
        for (j = i - 1; j >= 1 && sorted[j] > held; j--) sorted[j + 1] = sorted[j]
        sorted[j + 1] = held
      }
      if (n[proxy] % 2) return sorted[(n[proxy] + 1) / 2]
      return (sorted[n[proxy] / 2] + sorted[n[proxy] / 2 + 1]) / 2
    }
    # Of the peers: the highest rate, the lowest cost.
    function best(column,   proxy, value_of, found) {
      for (proxy in n) {
        if (proxy == "direct" || proxy == "sluice") continue
        value_of = median(proxy, column)
        if (!found || (column == 2 ? value_of > found : value_of < found)) found = value_of
      }
      return found + 0
    }
    function ratio(mine, column) {
      return best(column) > 0 ? sprintf("%.2f", mine / best(column)) : "-"
    }
    function total(proxy, column,   i, sum) {
      for (i = 1; i <= n[proxy]; i++) sum += value[proxy, column, i]
      return sum + 0
    }
    END {
      print "| | requests/s | to the best peer | CPU µs a request | to the best peer | core used | p99 | RSS | errors |"
      print "|---|---:|---:|---:|---:|---:|---:|---:|---:|"
      count = split(order, names, " ")
      for (i = 1; i <= count; i++) {
        proxy = names[i]
        if (!(proxy in n)) continue
        rate = median(proxy, 2)
        if (proxy == "direct")
          printf "| no proxy | %d | | | | | %.2f ms | | %d |\n", rate, median(proxy, 4) / 1000,
                 total(proxy, 7)
        else
          printf "| %s | %d | %s | %.2f | %s | %d %% | %.2f ms | %.1f MiB | %d |\n", proxy, rate,
                 ratio(rate, 2), median(proxy, 3), ratio(median(proxy, 3), 3), median(proxy, 5),
                 median(proxy, 4) / 1000, median(proxy, 6) / 1024, total(proxy, 7)
      }
    }' "$1"
}

# A heading, what is special about it, and the table of one scenario.
section() {
  case $1 in
    log-*) printf '\n## Forwarded, access log %s\n\nAnswers of %s bytes; X-Forwarded-For and X-Forwarded-Proto are added.\n' "${1#log-}" "$BYTES" ;;
    cached-*) printf '\n## Answered from the cache: %s\n\nErrors count requests that reached the origin, too. Bodies that nginx keeps are files in memory,\nbeside its RSS; Varnish logs to memory, as it always does.\n' "${1#cached-}" ;;
    refused) printf '\n## Refused: more than a client may\n\nEvery request is above its limit and gets a 429; errors count all other answers.\n' ;;
    static-*) printf '\n## Files: %s\n' "${1#static-}" ;;
  esac
  [ "$1" != log-on ] ||
    printf '\nTo a file: nginx through a 64 KiB buffer, HAProxy through its standard output, Sluice as it does.\n'
  echo
  table "$work/$1"
}

report() {
  cat << TEXT
# Side by side

Written by \`make bench\` on $(date -u +%Y-%m-%d). $(versions).
Machine: $(awk -F ': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores, Linux $(uname -r).

Everything over $CONNECTIONS keep-alive connections. Each proxy has one worker alone on core
$PROXY_CORE; wrk (one thread) and the origin share core $LOAD_CORE. Medians of $ROUNDS interleaved
rounds of $RUN_SECONDS s, each after $WARM_UP_SECONDS s of warm-up; errors are the sum. CPU is user and system time of the proxy's own
processes over the measured interval, divided by the requests of that interval. Where a core is not
used up, the load was the limit, and the CPU a request costs is the better measure. "No proxy" is
the same load straight at the origin. Ratios are to the best peer of the column.
$(for name in $measured; do section "$name"; done)
TEXT
}

# One line a scenario: what a request costs Sluice, its best peer, and the ratio of the two.
summary() {
  local name
  echo '| | CPU µs a request | of the best peer | ratio | requests/s to the best peer |'
  echo '|---|---:|---:|---:|---:|'
  for name in $measured; do
    table "$work/$name" | awk -F ' *[|] *' -v name="$name" '
      $2 == "sluice" { cpu = $5; ratio = $6; rate = $4 }
      $2 != "sluice" && $6 == "1.00" && $5 + 0 > 0 && !peer { peer = $2 " " $5 }
      END { printf "| %s | %s | %s | %s | %s |\n", name, cpu, peer, ratio, rate }'
  done
}

# Puts the summary between its two marks in README.md.
update_readme() {
  summary > "$work/summary.md"
  sed -i -e '/^<!-- begin of: make bench/,/^<!-- end of: make bench/{//!d}' \
    -e "/^<!-- begin of: make bench/r $work/summary.md" README.md
}
