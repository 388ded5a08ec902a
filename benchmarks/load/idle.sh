# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154  # the settings are those of run
# What connections cost that do nothing. Sourced by run.

# hold PORT COUNT: so many more clients, and waits until they have had their answers. Adds the
# process to $held; it lives until descriptor $hold is closed.
hold() {
  local tls="" tries=0
  [ "$scheme" = http ] || tls=tls
  : > "$work/idle.$2"  # else it says what those before said
  # shellcheck disable=SC2086  # none, or one word
  taskset -c "$load_cores" build/bench/idle "$1" "$2" "$target" $tls \
    < "$work/idle.fifo" > "$work/idle.$2" 2> "$work/idle.err" {hold}>&- &
  held+=($!)
  started[$!]=idle
  until grep -q ready "$work/idle.$2"; do
    kill -0 "${held[-1]}" 2> /dev/null || fail "idle clients: $(cat "$work/idle.err")"
    tries=$((tries + 1))
    [ "$tries" -lt 1200 ] || fail "idle clients do not get their answers"
    sleep 0.05
  done
}

# Adds to the samples, as turn does, "proxy 0 0 0 0 rss errors bytes rss": the whole at 4,200
# connections, how much of it each of the last 4,000 brought, and the whole at 10,000. Connections that
# the proxy closed are errors.
idle_turn() {
  local proxy=$1 port=$2 of=$3 hold before after most pid held=() closed
  rm -f "$work/idle.fifo"
  mkfifo "$work/idle.fifo"
  exec {hold}<> "$work/idle.fifo"
  hold "$port" 200
  before=$(rss_kib "$of")
  hold "$port" 4000
  after=$(rss_kib "$of")
  hold "$port" 5800
  most=$(rss_kib "$of")
  # The fifo ends for its readers when nobody has it open for writing.
  exec {hold}>&-
  for pid in "${held[@]}"; do
    wait "$pid" || true
    unset "started[$pid]"
  done
  closed=$(cat "$work"/idle.{200,4000,5800} | awk '/open/ { open += $1 } END { print 10000 - open }')
  echo "$proxy 0 0 0 0 $after $closed $(((after - before) * 1024 / 4000)) $most" | tee -a "$samples" |
    awk '{ printf "  %-8s %6d bytes a connection  %6d KiB RSS  %d errors\n", $1, $8, $6, $7 }'
}
