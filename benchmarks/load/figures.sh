# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2016,SC2034,SC2154  # the settings are those of run
# What the samples amount to. Sourced by run.
#
# A sample is "participant rate cpu_us p99_us busy rss_kib errors", and, of full load, " both_sides_us",
# of latency, " p50_us p999_us", or, of idle connections, " bytes_each".

# Begins the awk programs that read samples.
figures='
  { n[$1]++; for (i = 2; i <= NF; i++) value[$1, i, n[$1]] = $i }
  function median(proxy, column,   i, j, held, sorted) {
    for (i = 1; i <= n[proxy]; i++) {
      held = value[proxy, column, i] + 0
      for (j = i - 1; j >= 1 && sorted[j] > held; j--) sorted[j + 1] = sorted[j]
      sorted[j + 1] = held
    }
    if (n[proxy] % 2) return sorted[(n[proxy] + 1) / 2]
    return (sorted[n[proxy] / 2] + sorted[n[proxy] / 2 + 1]) / 2
  }
  # Of the peers the one with the highest rate, or the lowest of whatever else; none: "".
  function best_peer(column,   proxy, figure, found, name) {
    for (proxy in n) {
      if (proxy == "direct" || proxy == "floor" || proxy ~ /^sluice/) continue
      figure = median(proxy, column)
      if (name == "" || (column == 2 ? figure > found : figure < found)) {
        found = figure
        name = proxy
      }
    }
    return name
  }
  function best(column) { return best_peer(column) == "" ? 0 : median(best_peer(column), column) }
  function quotient(one, other) { return other > 0 ? sprintf("%.2f", one / other) : "-" }
  function ratio(mine, column) { return quotient(mine, best(column)) }
  function total(proxy, column,   i, sum) {
    for (i = 1; i <= n[proxy]; i++) sum += value[proxy, column, i]
    return sum + 0
  }
'

# figure NAME PARTICIPANT COLUMN: the median of it in this run; "best" is the best peer. Nothing where
# it did not take part.
figure() {
  case " $measured " in *" $1 "*) ;; *) return 0 ;; esac
  awk -v who="$2" -v column="$3" "$figures"'
    END {
      if (who == "best") who = best_peer(column)
      if (who in n) printf "%.2f\n", median(who, column)
    }' "$work/$1.samples"
}
