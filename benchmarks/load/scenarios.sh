# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2153,SC2154  # the settings are those of run, and read elsewhere
# What is measured. Sourced by run.
#
# A group measures its scenarios; what one of them does differently from the rest, it says in a local
# variable that the functions below it read.

all_groups="forward transfers cached static refused connections handshakes idle latency workers routing"

# The usual way: wrk, over connections that are kept, at a proxy of one worker on a core of its own.
take_turn=turn               # measures one participant once
loader=wrk_load              # what turn loads it with
wrk_options=()               # what wrk does besides
as_client=(--http1.1)        # how the answers are looked at before: options for curl
certificate=ec               # of TLS
workers=1
proxy_cores=                 # PROXY_CORE
load_cores=                  # LOAD_CORE
most_connections=4096        # that the proxies make room for

# scenario NAME KIND LOG SCHEME BYTES PARTICIPANTS: all rounds of it, there and back, so that a machine
# that becomes slower or faster meanwhile does it to none more than to another; the samples go to
# $work/NAME.samples, behind those that this run has there. KIND is forward, cached, static, refused or routes. Those of
# the proxies among PARTICIPANTS take part that are chosen. "floor" is the least that the work can
# cost, and "direct" the load at the origin without anything in between.
scenario() {
  local name=$1 kind=$2 log=$3 scheme=$4 bytes=$5 takes_part="" target=/
  local participant round turns origin_port origin_pid
  local proxy_cores=${proxy_cores:-$PROXY_CORE} load_cores=${load_cores:-$LOAD_CORE}
  local -A ports=() pids=()
  for participant in $6; do
    case " direct floor $PROXIES " in *" $participant "*) takes_part+=" $participant" ;; esac
  done
  samples=$work/$name.samples
  case " $measured " in *" $name "*) ;; *) : > "$samples" && measured+=" $name" ;; esac
  [ "$kind" != static ] || target=/$bytes.txt
  [ "$kind" != routes ] || target=/p1/x
  origin_port=$(free_port 18000)
  start origin "$load_cores" "$origin_port" build/bench/origin "$origin_port" "$bytes" \
    "$([ "$kind" = cached ] && echo 3600 || echo 0)"
  origin_pid=$pid
  for participant in $takes_part; do
    if [ "$participant" = direct ]; then
      ports[direct]=$origin_port
      pids[direct]=$origin_pid
      continue
    fi
    ports[$participant]=$(free_port 18100)
    start_"$participant" "${ports[$participant]}" "$origin_port" "$log"
    pids[$participant]=$pid
    verify "$participant" "${ports[$participant]}"
  done
  for ((round = 1; round <= ROUNDS; round++)); do
    echo "$name, round $round of $ROUNDS"
    turns=$takes_part
    [ $((round % 2)) -eq 1 ] || turns=$(tr ' ' '\n' <<< "$takes_part" | tac)
    for participant in $turns; do
      "$take_turn" "$participant" "${ports[$participant]}" "${pids[$participant]}"
    done
  done
  for participant in $takes_part; do
    [ "$participant" = direct ] || stop "${pids[$participant]}"
  done
  stop "$origin_pid"
}

# The same plain, with the floor, and over TLS 1.3; $4 are those that take part, $5 those of them
# without TLS.
both_schemes() {
  scenario "$1" "$2" off http "$3" "floor $4 $5"
  scenario "$1-tls" "$2" off https "$3" "$4"
}

group_forward() {
  scenario log-off forward off http "$BYTES" "direct floor sluice nginx haproxy varnish h2o"
  scenario log-on forward on http "$BYTES" "direct sluice nginx haproxy h2o"
}

# Other sizes, the other direction, and TLS.
group_transfers() {
  scenario forward-tls forward off https 1024 "sluice nginx haproxy h2o"
  forward_both_schemes forward-100k 102400
  large_transfers
  uploads
}

# Long enough that the slowest has sent some of them.
large_transfers() {
  local CONNECTIONS=16 RUN_SECONDS=$((3 * RUN_SECONDS))
  forward_both_schemes forward-10m 10485760
}

uploads() {
  local wrk_options=(-s "$here/post.lua") as_client=(--http1.1 --data-binary "@$work/www/1024.txt")
  forward_both_schemes forward-post 1024
}

forward_both_schemes() {
  scenario "$1" forward off http "$2" "direct floor sluice nginx haproxy varnish h2o"
  scenario "$1-tls" forward off https "$2" "sluice nginx haproxy h2o"
}

group_cached() {
  both_schemes cached-1k cached 1024 "sluice nginx haproxy" varnish
  both_schemes cached-100k cached 102400 "sluice nginx haproxy" varnish
}

group_static() {
  both_schemes static-1k static 1024 "sluice nginx h2o" ""
  both_schemes static-1m static 1048576 "sluice nginx h2o" ""
}

group_refused() { scenario refused refused off http 1024 "floor sluice nginx haproxy"; }

# A new connection for each request.
group_connections() {
  local wrk_options=(-H "Connection: close")
  scenario new-connection cached off http 1024 "sluice nginx haproxy varnish h2o"
}

# The same over TLS 1.3: with full handshakes, by each sort of key, and with resumed ones.
group_handshakes() {
  local loader=handshake_load as_client=(--http1.0 --no-alpn -H Host:) certificate handshake
  for certificate in ec rsa; do
    for handshake in full resumed; do
      scenario "handshake-$certificate-$handshake" static off https 1024 "floor sluice nginx haproxy h2o"
    done
  done
}

# Memory does not vary from round to round, and a proxy that has had its clients is not as before.
group_idle() {
  local ROUNDS=1 take_turn=idle_turn most_connections=11264
  scenario idle forward off http 1024 "sluice nginx haproxy varnish h2o"
  scenario idle-tls forward off https 1024 "sluice nginx haproxy h2o"
}

group_latency() {
  local take_turn=latency_turn
  scenario latency forward off http 1024 "sluice nginx haproxy varnish h2o"
}

# One worker and two in turns, and all that runs is free to run on any core. Varnish has no workers.
group_workers() {
  local round rounds=$ROUNDS ROUNDS=1 workers
  local proxy_cores load_cores
  proxy_cores=0-$(($(nproc) - 1))
  load_cores=$proxy_cores
  for ((round = 1; round <= rounds; round++)); do
    for workers in 1 2; do
      scenario "workers-$workers" forward off http 1024 "sluice nginx haproxy h2o"
    done
  done
}

# 1,000 hosts with 20 paths each; routing.sh says how.
group_routing() {
  local wrk_options=(-s "$here/routes.lua") as_client=(--http1.1 -H "Host: h1.test")
  scenario routing routes off http 1024 "sluice nginx haproxy"
}
