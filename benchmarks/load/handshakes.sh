# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# Certificates, and load that consists of TLS handshakes. Sourced by run.

# make_certificate NAME OPTION...: for localhost, with a key by those options of openssl req:
# NAME.pem, NAME.key and, for who wants both in one file, NAME.both.
make_certificate() {
  local name=$1
  shift
  openssl req -x509 "$@" -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/$name.key" -out "$work/$name.pem" 2> "$work/openssl.log" ||
    fail "$(cat "$work/openssl.log")"
  cat "$work/$name.pem" "$work/$name.key" > "$work/$name.both"
}

# As wrk_load, but each request on a connection of its own, by four openssl s_time side by side. They
# print a letter for each connection, "*" for a full handshake and "r" for a resumed one: what the
# scenario does not mean ($handshake) is an error, as is an answer that is not complete.
handshake_load() {
  local how=-new letter='*' begun=$EPOCHREALTIME i client clients=() failed=0
  [ "$handshake" = full ] || { how=-reuse && letter=r; }
  for i in 1 2 3 4; do
    taskset -c "$load_cores" openssl s_time -connect "127.0.0.1:$1" "$how" -tls1_3 \
      -www "$target" -time "$2" > "$work/s_time.$i" 2>&1 &
    clients+=($!)
  done
  for client in "${clients[@]}"; do wait "$client" || failed=$((failed + 1)); done
  awk -v letter="$letter" -v bytes="$bytes" -v failed="$failed" -v begun="$begun" \
    -v ended="$EPOCHREALTIME" '
    /^[*rtu]+$/ { for (i = 1; i <= length($0); i++) seen[substr($0, i, 1)]++ }
    / connections.user sec, bytes read/ {
      requests += $1
      if ($NF < $1 * bytes) failed += $1
    }
    END {
      seconds = ended - begun
      printf "%d %.3f 0 %d %.2f\n", requests, seconds, failed + requests - seen[letter],
             requests / seconds
    }' "$work"/s_time.[1-4]
}
