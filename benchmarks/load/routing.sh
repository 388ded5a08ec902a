# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# 1,000 hosts with 20 paths each, h1.test/p1/ to h1000.test/p20/, as each proxy writes them. Sourced by
# run. A response says which route it took, X-Route: h1-p1; what has no route gets a 404.

sluice_routes() {
  awk 'BEGIN {
    for (host = 1; host <= 1000; host++)
      for (path = 1; path <= 20; path++)
        printf "%s{ \"match\": { \"host\": \"h%d.test\", \"path\": \"/p%d/*\" }, " \
               "\"forward\": { \"pool\": \"origin\" }, " \
               "\"headers\": { \"response\": { \"set\": { \"X-Route\": \"h%d-p%d\" } } } }",
               separator, host, path, host, path, separator = ",\n"
  }'
}

# nginx_servers PORT LOCATION: the locations of a server share what LOCATION says but for its first
# directive, which nginx does not inherit.
nginx_servers() {
  awk -v port="$1" -v location="$2" 'BEGIN {
    pass = shared = location
    sub(/;.*/, ";", pass)
    sub(/^[^;]*;/, "", shared)
    print "server_names_hash_max_size 8192;" shared
    print "server { listen 127.0.0.1:" port " default_server; return 404; }"
    for (host = 1; host <= 1000; host++) {
      printf "server { listen 127.0.0.1:%d; server_name h%d.test;\n", port, host
      for (path = 1; path <= 20; path++)
        printf "  location /p%d/ { %s add_header X-Route h%d-p%d; }\n", path, pass, host, path
      print "  location / { return 404; } }"
    }
  }'
}

# A map that finds the longest prefix of host and path in a tree.
haproxy_routes() {
  awk 'BEGIN {
    for (host = 1; host <= 1000; host++)
      for (path = 1; path <= 20; path++) printf "h%d.test/p%d/ h%d-p%d\n", host, path, host, path
  }' > "$work/haproxy.map"
  echo "http-request set-var(txn.route) base,map_beg($work/haproxy.map)
  http-request return status 404 unless { var(txn.route) -m found }
  http-response set-header X-Route %[var(txn.route)]"
}

# verify_routes PROXY PORT: some of the routes, and three that there are not.
verify_routes() {
  local proxy=$1 url=http://127.0.0.1:$2 route host path got
  for route in h1-p1 h1-p20 h17-p3 h500-p10 h999-p2 h1000-p1 h1000-p20; do
    host=${route%-*} path=${route#*-}
    got=$(curl -sS -H "Host: $host.test" -o /dev/null -D - "$url/$path/x" |
      awk 'NR == 1 { status = $2 } tolower($1) == "x-route:" { print status " " $2 }' | tr -d '\r')
    [ "$got" = "200 $route" ] || fail "$proxy answers \"$got\" for $host.test/$path/"
  done
  for route in h1-p21 h1001-p1 h0-p0; do
    host=${route%-*} path=${route#*-}
    got=$(curl -sS -H "Host: $host.test" -o /dev/null -w '%{http_code}' "$url/$path/x")
    [ "$got" = 404 ] || fail "$proxy answers $got for $host.test/$path/, which is not there"
  done
}
