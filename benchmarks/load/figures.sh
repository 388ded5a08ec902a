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
  # The median of what the rounds say: those who share a round share what disturbs it.
  function quotient(proxy, other, column,   i, count) {
    for (i = 1; i <= n[proxy] && i <= n[other]; i++) {
      if (value[other, column, i] <= 0) continue
      value["quotient", column, ++count] = value[proxy, column, i] / value[other, column, i]
    }
    n["quotient"] = count
    count = count > 0 ? median("quotient", column) : ""
    delete n["quotient"]
    return count
  }
  function ratio(proxy, other, column,   found) {
    found = proxy in n && other in n ? quotient(proxy, other, column) : ""
    return found == "" ? "-" : sprintf("%.2f", found)
  }
  function total(proxy, column,   i, sum) {
    for (i = 1; i <= n[proxy]; i++) sum += value[proxy, column, i]
    return sum + 0
  }
'

# figure NAME PARTICIPANT COLUMN: the median of it in this run; "best" is the best peer. Nothing where
# it did not take part.
figure() {
  in_samples "$1" "$3" "$2" "" 'printf "%.2f\n", median(one, column)'
}

# quotient NAME PARTICIPANT OTHER COLUMN: of the two, round by round. Nothing where there is none.
quotient() {
  in_samples "$1" "$4" "$2" "$3" '
    if (other in n && (found = quotient(one, other, column)) != "") printf "%.4f\n", found'
}

# in_samples NAME COLUMN ONE OTHER STATEMENT: what that says of the samples, if ONE is in them.
in_samples() {
  case " $measured " in *" $1 "*) ;; *) return 0 ;; esac
  awk -v column="$2" -v one="$3" -v other="$4" "$figures"'
    END {
      if (one == "best") one = best_peer(column)
      if (other == "best") other = best_peer(column)
      if (one in n) { '"$5"' }
    }' "$work/$1.samples"
}
