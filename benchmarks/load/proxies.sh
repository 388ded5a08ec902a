# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2154  # the settings are those of run
# How each proxy of the load benchmark is configured and started. Sourced by run.
#
# start_NAME PORT ORIGIN_PORT LOG: writes a config under $work and starts the proxy; LOG is "on" or
# "off". The scenario's $kind, $scheme, $certificate, $workers and $most_connections say what it does.
# All of them do the same work: keep-alive on both sides, X-Forwarded-For and -Proto. Who can has its
# connections handed over with their first bytes (TCP_DEFER_ACCEPT), as h2o always has.

# What the work costs at least: the same bytes from memory, or handed on without a look at them, or what
# OpenSSL takes. Of a refusal they are as many as Sluice's, 265 with the head.
start_floor() {
  local size=$bytes
  [ "$kind" != refused ] || size=180
  if [ "$kind" = forward ]; then
    start floor "$proxy_cores" "$1" build/bench/relay "$1" "$2"
  elif [ "$scheme" = https ]; then
    start floor "$proxy_cores" "$1" build/bench/terminator "$1" "$bytes" "$work/$certificate.both"
  else
    start floor "$proxy_cores" "$1" build/bench/origin "$1" "$size"
  fi
}

start_sluice() {
  local format=off routes
  [ "$3" = off ] || format=combined
  local tls="" does='"forward": { "pool": "origin" }'
  [ "$scheme" = http ] || tls=", \"tls\": { \"min_version\": \"1.3\", \"certificates\": [
    { \"cert\": \"$work/$certificate.pem\", \"key\": \"$work/$certificate.key\" } ] }"
  [ "$kind" != cached ] || does+=', "cache": {}'
  [ "$kind" != static ] || does="\"files\": { \"root\": \"$work/www\" }"
  [ "$kind" != refused ] || does+=', "limits": { "per_ip": { "rate": "1/m", "burst": 1 } }'
  routes="{ \"match\": {}, $does }"
  [ "$kind" != routes ] || routes=$(sluice_routes)
  cat > "$work/sluice.json" << TEXT
{
  "workers": $workers, "limits": { "connections": $most_connections },
  "listeners": [ { "address": "127.0.0.1:$1", "defer_accept": true$tls } ],
  "pools": { "origin": { "backends": [ "127.0.0.1:$2" ], "keepalive": 256 } },
  "routes": [ $routes ],
  "access_log": { "path": "$work/sluice.log", "format": "$format" }
}
TEXT
  start sluice "$proxy_cores" "$1" "$SLUICE" run "$work/sluice.json"
}

start_nginx() {
  local log=off
  [ "$3" = off ] || log="$work/nginx.log combined buffer=64k flush=1s"
  local tls="" ssl="" cache="" several="" location servers
  [ "$workers" -eq 1 ] || several=" reuseport"
  if [ "$scheme" = https ]; then
    ssl=" ssl"
    tls="ssl_certificate $work/$certificate.pem; ssl_certificate_key $work/$certificate.key;
    ssl_protocols TLSv1.3; ssl_session_cache shared:sessions:10m;"
  fi
  location="proxy_pass http://origin;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host \$host;
      proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto \$scheme;"
  # Large bodies pass through large buffers, and never through files.
  if [ "$kind" = forward ] && [ "$bytes" -gt 1048576 ]; then
    location+=" proxy_max_temp_file_size 0;
      proxy_buffer_size 128k; proxy_buffers 4 128k; proxy_busy_buffers_size 256k;"
  elif [ "$kind" = forward ] && [ "$bytes" -gt 16384 ]; then
    location+=" proxy_max_temp_file_size 0; proxy_buffer_size 32k; proxy_buffers 16 32k;"
  fi
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
  # The head of a large file goes with its beginning, as Debian's nginx.conf has it: twice as many of
  # them a second. Small ones leave without, which is cheaper for them.
  [ "$kind/$bytes" != static/1048576 ] || cache+=" tcp_nopush on;"
  servers="server { listen 127.0.0.1:$1$ssl$several deferred; $tls location / { $location } }"
  [ "$kind" != routes ] || servers=$(nginx_servers "$1" "$location")
  cat > "$work/nginx.conf" << TEXT
daemon off;
$([ "$(id -u)" -ne 0 ] || echo "user root;")
worker_processes $workers;
pid $work/nginx.pid;
error_log $work/nginx.error.log crit;
events { worker_connections $most_connections; }
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
  $servers
}
TEXT
  start nginx "$proxy_cores" "$1" /usr/sbin/nginx -c "$work/nginx.conf" -e "$work/nginx.error.log"
}

start_haproxy() {
  local log="" tls="" use="" store="" splice="" pipes=""
  [ "$scheme" = http ] || tls=" ssl crt $work/$certificate.both ssl-min-ver TLSv1.3"
  if [ "$kind" = cached ]; then
    use="http-request cache-use answers"
    store="http-response cache-store answers"
  fi
  if [ "$kind" = refused ]; then
    use="stick-table type ip size 100k expire 1h store http_req_rate(60s)
  http-request track-sc0 src
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt 1 }"
  fi
  # Large bodies pass through pipes, and never through its memory.
  if [ "$kind" = forward ] && [ "$bytes" -gt 16384 ]; then
    splice="option splice-response"
    pipes="tune.pipesize 1048576"
  fi
  # It has no files but those that it answers with itself.
  [ "$kind" != static ] ||
    use="http-request return status 200 content-type text/plain file $work/www/$bytes.txt"
  [ "$kind" != routes ] || use=$(haproxy_routes)
  [ "$3" = off ] || log="log stdout format raw local0"
  cat > "$work/haproxy.cfg" << TEXT
global
  nbthread $workers
  maxconn $most_connections
  $([ "$most_connections" -lt 9000 ] || echo no strict-limits)
  $pipes
  $log
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  $([ "$3" = off ] || printf 'log global\n  option httplog')
$([ -z "$store" ] || printf 'cache answers\n  total-max-size 64\n  max-object-size 1048576\n  max-age 3600')
frontend clients
  bind 127.0.0.1:$1 defer-accept$tls
  $use
  default_backend origin
backend origin
  http-reuse always
  $splice
  $store
  option forwardfor
  http-request set-header X-Forwarded-Proto $scheme
  server origin 127.0.0.1:$2
TEXT
  start haproxy "$proxy_cores" "$1" /usr/sbin/haproxy -db -f "$work/haproxy.cfg"
}

# With the settings that it is built with, what the origin sends is kept.
start_varnish() {
  local backend=(-b "127.0.0.1:$2")
  if [ "$kind" = forward ]; then
    cat > "$work/varnish.vcl" << TEXT
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "$2"; }
sub vcl_recv { set req.http.X-Forwarded-Proto = "$scheme"; return (pass); }
TEXT
    backend=(-f "$work/varnish.vcl")
  fi
  start varnish "$proxy_cores" "$1" /usr/sbin/varnishd -F -j none -n "$memory/varnish" -T none \
    -a "127.0.0.1:$1" "${backend[@]}" -s malloc,256m \
    -p thread_pools=1 -p thread_pool_min=100 -p thread_pool_max=500 -p timeout_idle=60
}

# Has no cache: where others send what they keep, it sends a file.
start_h2o() {
  local tls="" log="" does="file.dir: $work/www"
  [ "$scheme" = http ] || tls="
  ssl: { certificate-file: $work/$certificate.pem, key-file: $work/$certificate.key,
         minimum-version: TLSv1.3, ocsp-update-interval: 0 }"
  [ "$3" = off ] || log="access-log: $work/h2o.log"
  [ "$kind" != forward ] || does="proxy.reverse.url: \"http://127.0.0.1:$2/\",
             proxy.preserve-host: ON, proxy.timeout.keepalive: 60000"
  [ "$kind" != cached ] || does="file.file: $work/www/$bytes.txt"
  cat > "$work/h2o.conf" << TEXT
num-threads: $workers
max-connections: $most_connections
http1-request-timeout: 60
$([ "$(id -u)" -ne 0 ] || echo "user: root")
$log
listen:
  host: 127.0.0.1
  port: $1$tls
hosts:
  default:
    paths:
      "/": { $does }
TEXT
  start h2o "$proxy_cores" "$1" /usr/bin/h2o -c "$work/h2o.conf"
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
  text+="OpenSSL $(openssl version | awk '{ print $2 }'), "
  printf '%swrk %s' "$text" "$(wrk -v 2>&1 | sed -n '1s|^wrk \(debian/\)\{0,1\}\([0-9.]*\).*|\2|p')"
}
