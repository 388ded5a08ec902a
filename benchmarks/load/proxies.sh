# SPDX-License-Identifier: MIT
# How each proxy of the load benchmark is configured and started. Sourced by run.
#
# start_NAME PORT ORIGIN_PORT LOG: writes a config under $work and starts the proxy; LOG is "on" or
# "off". All of them do the same work: keep-alive on both sides, X-Forwarded-For and -Proto.

start_sluice() {
  local format=off
  [ "$3" = off ] || format=combined
  cat > "$work/sluice.json" << TEXT
{
  "workers": 1,
  "listeners": [ { "address": "127.0.0.1:$1" } ],
  "pools": { "origin": { "backends": [ "127.0.0.1:$2" ], "keepalive": 256 } },
  "routes": [ { "match": {}, "forward": { "pool": "origin" } } ],
  "access_log": { "path": "$work/sluice.log", "format": "$format" }
}
TEXT
  start sluice "$PROXY_CORE" "$1" "$SLUICE" run "$work/sluice.json"
}

start_nginx() {
  local log=off
  [ "$3" = off ] || log="$work/nginx.log combined buffer=64k flush=1s"
  cat > "$work/nginx.conf" << TEXT
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.error.log crit;
events { worker_connections 4096; }
http {
  access_log $log;
  client_body_temp_path $work/nginx.body;
  proxy_temp_path $work/nginx.proxy;
  fastcgi_temp_path $work/nginx.fastcgi;
  uwsgi_temp_path $work/nginx.uwsgi;
  scgi_temp_path $work/nginx.scgi;
  keepalive_requests 1000000000;
  upstream origin {
    server 127.0.0.1:$2;
    keepalive 256;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:$1;
    location / {
      proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto \$scheme;
    }
  }
}
TEXT
  start nginx "$PROXY_CORE" "$1" /usr/sbin/nginx -c "$work/nginx.conf" -e "$work/nginx.error.log"
}

start_haproxy() {
  local log=
  [ "$3" = off ] || log="log stdout format raw local0"
  cat > "$work/haproxy.cfg" << TEXT
global
  nbthread 1
  maxconn 4096
  $log
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  $([ "$3" = off ] || printf 'log global\n  option httplog')
frontend clients
  bind 127.0.0.1:$1
  default_backend origin
backend origin
  http-reuse always
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  server origin 127.0.0.1:$2
TEXT
  start haproxy "$PROXY_CORE" "$1" /usr/sbin/haproxy -db -f "$work/haproxy.cfg"
}

# "nginx 1.22.1, HAProxy 2.6.12, wrk 4.1.0", as installed.
versions() {
  local text=
  case " $PROXIES " in *" nginx "*) text+="nginx $(/usr/sbin/nginx -v 2>&1 | sed 's|.*/||'), " ;; esac
  case " $PROXIES " in *" haproxy "*)
    text+="HAProxy $(/usr/sbin/haproxy -v | awk 'NR == 1 { sub(/-.*/, "", $3); print $3 }'), " ;;
  esac
  printf '%swrk %s' "$text" "$(wrk -v 2>&1 | sed -n '1s|^wrk \(debian/\)\{0,1\}\([0-9.]*\).*|\2|p')"
}
