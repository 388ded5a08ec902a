# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# How each proxy of the load benchmark is configured and started. Sourced by run.
#
# start_NAME PORT ORIGIN_PORT LOG: writes a config under $work and starts the proxy; LOG is "on" or
# "off". The scenario's $kind and $scheme say what it does. All of them do the same work: keep-alive on both sides, X-Forwarded-For and -Proto.

start_sluice() {
  local format=off
  [ "$3" = off ] || format=combined
  local tls="" does='"forward": { "pool": "origin" }'
  [ "$scheme" = http ] || tls=", \"tls\": { \"min_version\": \"1.3\", \"certificates\": [
    { \"cert\": \"$work/cert.pem\", \"key\": \"$work/key.pem\" } ] }"
  [ "$kind" != cached ] || does+=', "cache": {}'
  [ "$kind" != static ] || does="\"files\": { \"root\": \"$work/www\" }"
  [ "$kind" != refused ] || does+=', "limits": { "per_ip": { "rate": "1/m", "burst": 1 } }'
  cat > "$work/sluice.json" << TEXT
{
  "workers": 1,
  "listeners": [ { "address": "127.0.0.1:$1"$tls } ],
  "pools": { "origin": { "backends": [ "127.0.0.1:$2" ], "keepalive": 256 } },
  "routes": [ { "match": {}, $does } ],
  "access_log": { "path": "$work/sluice.log", "format": "$format" }
}
TEXT
  start sluice "$PROXY_CORE" "$1" "$SLUICE" run "$work/sluice.json"
}

start_nginx() {
  local log=off
  [ "$3" = off ] || log="$work/nginx.log combined buffer=64k flush=1s"
  local tls="" ssl="" cache="" location
  if [ "$scheme" = https ]; then
    ssl=" ssl"
    tls="ssl_certificate $work/cert.pem; ssl_certificate_key $work/key.pem; ssl_protocols TLSv1.3;"
  fi
  location="proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto \$scheme;"
  if [ "$kind" = cached ]; then
    cache="proxy_cache_path $memory/$name keys_zone=answers:10m inactive=1h use_temp_path=off;"
    location+=" proxy_cache answers;"
  fi
  if [ "$kind" = refused ]; then
    cache="limit_req_zone \$binary_remote_addr zone=clients:10m rate=1r/m; limit_req_status 429;"
    location+=" limit_req zone=clients;"
  fi
  [ "$kind" != static ] || location="root $work/www;"
  if [ "$kind" = cached ] || [ "$kind" = static ]; then
    cache+=" sendfile on;
  open_file_cache max=1000 inactive=1h; open_file_cache_valid 60s;"
  fi
  cat > "$work/nginx.conf" << TEXT
daemon off;
$([ "$(id -u)" -ne 0 ] || echo "user root;")
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.error.log crit;
events { worker_connections 4096; }
http {
  types { text/plain txt; }
  $cache
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
    listen 127.0.0.1:$1$ssl;
    $tls
    location / {
      $location
    }
  }
}
TEXT
  start nginx "$PROXY_CORE" "$1" /usr/sbin/nginx -c "$work/nginx.conf" -e "$work/nginx.error.log"
}

start_haproxy() {
  local log="" tls="" use="" store=""
  [ "$scheme" = http ] || tls=" ssl crt $work/both.pem ssl-min-ver TLSv1.3"
  if [ "$kind" = cached ]; then
    use="http-request cache-use answers"
    store="http-response cache-store answers"
  fi
  if [ "$kind" = refused ]; then
    use="stick-table type ip size 100k expire 1h store http_req_rate(60s)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1 }"
  fi
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
$([ -z "$store" ] || printf 'cache answers\n  total-max-size 64\n  max-object-size 1048576\n  max-age 3600')
frontend clients
  bind 127.0.0.1:$1$tls
  $use
  default_backend origin
backend origin
  http-reuse always
  $store
  option forwardfor
  http-request set-header X-Forwarded-Proto http
  server origin 127.0.0.1:$2
TEXT
  start haproxy "$PROXY_CORE" "$1" /usr/sbin/haproxy -db -f "$work/haproxy.cfg"
}

start_varnish() {
  start varnish "$PROXY_CORE" "$1" /usr/sbin/varnishd -F -j none -n "$memory/varnish" -T none \
    -a "127.0.0.1:$1" -b "127.0.0.1:$2" -s malloc,256m \
    -p thread_pools=1 -p thread_pool_min=100 -p thread_pool_max=500
}

start_h2o() {
  local tls=""
  [ "$scheme" = http ] || tls="
  ssl: { certificate-file: $work/cert.pem, key-file: $work/key.pem, minimum-version: TLSv1.3,
         ocsp-update-interval: 0 }"
  cat > "$work/h2o.conf" << TEXT
num-threads: 1
$([ "$(id -u)" -ne 0 ] || echo "user: root")
listen:
  host: 127.0.0.1
  port: $1$tls
hosts:
  default:
    paths:
      "/": { file.dir: $work/www }
TEXT
  start h2o "$PROXY_CORE" "$1" /usr/bin/h2o -c "$work/h2o.conf"
}

# "nginx 1.22.1, HAProxy 2.6.12, wrk 4.1.0", as installed.
versions() {
  local text=
  case " $PROXIES " in *" nginx "*) text+="nginx $(/usr/sbin/nginx -v 2>&1 | sed 's|.*/||'), " ;; esac
  case " $PROXIES " in *" haproxy "*)
    text+="HAProxy $(/usr/sbin/haproxy -v | awk 'NR == 1 { sub(/-.*/, "", $3); print $3 }'), " ;;
  esac
  case " $PROXIES " in *" varnish "*)
    text+="Varnish $(/usr/sbin/varnishd -V 2>&1 | sed -n '1s/.*varnish-\([0-9.]*\).*/\1/p'), " ;;
  esac
  case " $PROXIES " in *" h2o "*) text+="h2o $(h2o -v | awk 'NR == 1 { print $3 }'), " ;; esac
  printf '%swrk %s' "$text" "$(wrk -v 2>&1 | sed -n '1s|^wrk \(debian/\)\{0,1\}\([0-9.]*\).*|\2|p')"
}
