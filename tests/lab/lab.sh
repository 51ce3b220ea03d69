# shellcheck shell=bash
# Homes, routers and an internet made of network namespaces, for the tests that source this file.
#
#   phone .50 --+                                                   +-- hosted  203.0.113.10, .11, 2001:db8::10, ::11
#   edge  .10 --+-- router .1 == wan == [carrier] == [shim] == br0 --+-- central 203.0.113.20
#   (each home: 192.168.1.0/24)                                     +-- mallory 203.0.113.66, 2001:db8::66
#
# A namespace is called dwl<pid>-<host>; a home's hosts are <home>-phone, <home>-edge, <home>-rtr. Nothing survives a
# test: a trap removes everything, spawned processes die with the shell, and every wait has a limit.

set -u
LAB_PREFIX=dwl$$
LAB_DIR=
LAB_FAILED=0
LAB_PASSED=0
LAB_NEXT_HOME=1
LAB_NEXT_CARRIER=1
declare -A LAB_PID LAB_WAN_GATEWAY LAB_NAT

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck disable=SC2034  # for the tests
HOSTED=203.0.113.10 HOSTED2=203.0.113.11 CENTRAL=203.0.113.20 MALLORY=203.0.113.66 EDGE=192.168.1.10

# ---- beginning and end -------------------------------------------------------------------------------------------

lab_skip() {
  echo "SKIPPED, NOT TESTED: $*"
  exit 77
}

# lab_begin LIMIT_SECONDS: exits 77 if namespaces can't be created.
lab_begin() {
  if ((EUID != 0)); then
    sudo -n true 2>/dev/null || lab_skip "network namespaces need root or a sudo that asks nothing"
    exec sudo -n env DW_BIN="${DW_BIN:-}" DW_BUILT="${DW_BUILT:-}" DW_LAB_TOOLS="${DW_LAB_TOOLS:-}" DW_SCREENSHOT="${DW_SCREENSHOT:-}" bash "$0"
  fi
  # At the limit, timeout ends the whole process group, so that no foreground command delays the trap.
  [[ -n ${LAB_BOUNDED:-} ]] || exec timeout -k 60 "$1" env LAB_BOUNDED=1 bash "$0"
  local tool
  for tool in ip nft conntrack curl tftp atftp setpriv nginx; do
    command -v "$tool" >/dev/null || PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null ||
      lab_skip "$tool is not installed"
  done
  PATH=$PATH:/usr/sbin:/sbin
  unshare --net true 2>/dev/null || lab_skip "this machine does not let us make network namespaces"
  [[ -c /dev/net/tun ]] || lab_skip "/dev/net/tun is missing, so the WAN shim can't run"
  : "${DW_BIN:=${DW_BUILT:?the dropwire binary}}" "${DW_LAB_TOOLS:?the folder of lab_phone, lab_probe, lab_shim}"
  LAB_DIR=$(mktemp -d "${TMPDIR:-/tmp}/dropwire-lab.$$.XXXXXX")
  chmod 755 "$LAB_DIR"
  : >"$LAB_DIR/empty.toml"
  trap lab_cleanup EXIT
  trap 'echo "FAIL: stopped from outside or out of time"; exit 1' INT TERM
  lab_sweep
}

# Removes what a killed test left behind: its trap did not run, and its shell is gone.
lab_sweep() {
  local name dir pid
  for name in $(ip netns list | awk '{print $1}' | grep -E '^dwl[0-9]+-'); do
    pid=${name%%-*}
    [[ -d /proc/${pid#dwl} ]] || ip netns del "$name"
  done
  for dir in "${TMPDIR:-/tmp}"/dropwire-lab.*.*; do
    pid=${dir#*/dropwire-lab.}
    pid=${pid%%.*}
    [[ ! $pid =~ ^[0-9]+$ || -d /proc/$pid ]] || rm -rf "$dir"
  done
}

lab_cleanup() {
  local status=$? name host pid
  trap - EXIT
  for name in "${!LAB_PID[@]}"; do
    disown "${LAB_PID[$name]}" 2>/dev/null # keeps the shell from reporting its end
    kill -KILL "${LAB_PID[$name]}" 2>/dev/null
  done
  for host in $(ip netns list | awk '{print $1}' | grep "^$LAB_PREFIX-"); do
    for pid in $(ip netns pids "$host"); do kill -KILL "$pid" 2>/dev/null; done
    ip netns del "$host"
  done
  if ((status != 0 && status != 77)) && [[ -n ${DW_LAB_KEEP:-} ]]; then
    echo "kept: $LAB_DIR"
  else
    rm -rf "$LAB_DIR"
  fi
  exit "$status"
}

pass() {
  LAB_PASSED=$((LAB_PASSED + 1))
  echo "PASS $*"
}
fail() {
  LAB_FAILED=$((LAB_FAILED + 1))
  echo "FAIL $*"
}
# check WHAT COMMAND...: one line of the result.
check() {
  local what=$1
  shift
  if "$@"; then pass "$what"; else fail "$what"; fi
}
# lab_done: the last line of a test; shows the ends of the logs when something failed.
lab_done() {
  local log
  echo "$LAB_PASSED passed, $LAB_FAILED failed"
  ((LAB_FAILED == 0)) && exit 0
  for log in "$LAB_DIR"/*.log; do
    [[ -s $log ]] && echo "--- ${log##*/}" && tail -n 25 "$log"
  done
  exit 1
}

# ---- hosts, processes --------------------------------------------------------------------------------------------

ns() { echo "$LAB_PREFIX-$1"; }
lab_in() {
  local host=$1
  shift
  ip netns exec "$(ns "$host")" "$@"
}
# lab_spawn HOST NAME COMMAND...: in the background; output in NAME.log, pid in LAB_PID[NAME].
lab_spawn() {
  local host=$1 name=$2
  shift 2
  setpriv --pdeathsig KILL ip netns exec "$(ns "$host")" "$@" >>"$LAB_DIR/$name.log" 2>&1 </dev/null &
  LAB_PID[$name]=$!
}
# lab_stop NAME [SIGNAL]: ends a spawned process within 8 s; returns its exit status.
lab_stop() {
  local pid=${LAB_PID[$1]} i
  unset "LAB_PID[$1]"
  { # without the shell's own line about a killed process
    kill -"${2:-TERM}" "$pid"
    for ((i = 0; i < 160; i++)); do
      kill -0 "$pid" || break
      sleep 0.05
    done
    kill -KILL "$pid"
    wait "$pid"
  } 2>/dev/null
}
# wait_until SECONDS COMMAND...: true as soon as the command succeeds.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS >= end)) && return 1
    sleep 0.1
  done
}
file_has() { (($(stat -c %s "$1" 2>/dev/null || echo 0) >= $2)); } # FILE OCTETS
log_has() { grep -q -- "$2" "$LAB_DIR/$1.log" 2>/dev/null; }
same() { cmp -s "$1" "$2"; }

host_make() {
  ip netns add "$(ns "$1")" && ip -n "$(ns "$1")" link set lo up
}
host_address() { # HOST IF ADDRESS/LEN...
  local host=$1 device=$2 address
  shift 2
  for address in "$@"; do
    if [[ $address == *:* ]]; then
      ip -n "$(ns "$host")" addr add "$address" dev "$device" nodad
    else
      ip -n "$(ns "$host")" addr add "$address" dev "$device" broadcast +
    fi
  done
}
# With br_netfilter in the kernel, NAT rules would also apply to bridged packets: a packet that a router returns to its
# port of origin (hairpin) would be bridged instead of routed, and a bridge never sends to the port it received from.
bridge_make() { # HOST BRIDGE
  lab_in "$1" sysctl -qw net.bridge.bridge-nf-call-iptables=0 2>/dev/null
  ip -n "$(ns "$1")" link add "$2" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip -n "$(ns "$1")" link set "$2" up
}
# link_make HOST IF SWITCH BRIDGE PORT: a cable from a host to a bridge in another namespace.
link_make() {
  ip link add "$2" netns "$(ns "$1")" type veth peer name "$5" netns "$(ns "$3")"
  ip -n "$(ns "$1")" link set "$2" up
  ip -n "$(ns "$3")" link set "$5" master "$4" up
}

# ---- the internet, carriers, homes -------------------------------------------------------------------------------

lab_internet() {
  host_make inet
  bridge_make inet br0
  local host
  for host in hosted central mallory; do
    host_make $host
    link_make $host eth0 inet br0 "i-$host"
  done
  host_address hosted eth0 $HOSTED/24 $HOSTED2/24 2001:db8::10/64 2001:db8::11/64
  host_address central eth0 $CENTRAL/24 2001:db8::20/64
  host_address mallory eth0 203.0.113.66/24 2001:db8::66/64
}

# lab_carrier NAME NAT: a carrier's own NAT, homes behind it get 100.64.0.x.
lab_carrier() {
  local carrier=$1 number=$((LAB_NEXT_CARRIER++))
  host_make "$carrier"
  bridge_make "$carrier" br-lan
  host_address "$carrier" br-lan 100.64.0.1/24
  link_make "$carrier" wan inet br0 "c$number"
  host_address "$carrier" wan "203.0.113.$((1 + number))/24"
  lab_in "$carrier" sysctl -qw net.ipv4.ip_forward=1
  nat_set "$carrier" "$2"
}

# lab_home HOME NAT [carrier=NAME] [edge] [shim]: NAT is none, masq, random, fullcone, hairpin (as fullcone), alg, random_alg or masq_sip.
# Without NAT the internet's hosts get a route into the home, so a lab has room for one such home.
lab_home() {
  local home=$1 nat=$2 number=$((LAB_NEXT_HOME++)) carrier="" edge="" shim="" word
  shift 2
  for word in "$@"; do
    case $word in carrier=*) carrier=${word#*=} ;; edge) edge=1 ;; shim) shim=1 ;; esac
  done
  host_make "$home-rtr"
  bridge_make "$home-rtr" br-lan
  host_address "$home-rtr" br-lan 192.168.1.1/24
  lab_in "$home-rtr" sysctl -qw net.ipv4.ip_forward=1
  home_host "$home" phone 50
  [[ -n $edge ]] && home_host "$home" edge 10
  if [[ -n $shim ]]; then
    home_shim "$home" "$number"
  else
    link_make "$home-rtr" wan "${carrier:-inet}" "$([[ -n $carrier ]] && echo br-lan || echo br0)" "h$number"
  fi
  if [[ -n $carrier ]]; then
    host_address "$home-rtr" wan "100.64.0.$((10 + number))/24"
    LAB_WAN_GATEWAY[$home]=100.64.0.1
    ip -n "$(ns "$home-rtr")" route add default via 100.64.0.1
  else
    host_address "$home-rtr" wan "203.0.113.$((100 + number))/24"
  fi
  LAB_NAT[$home]=$nat
  nat_set "$home-rtr" "$nat" || return 1
  [[ $nat == none ]] || return 0
  for word in hosted central mallory; do
    ip -n "$(ns $word)" route add 192.168.1.0/24 via "203.0.113.$((100 + number))"
  done
}
home_host() { # HOME HOST NUMBER
  host_make "$1-$2"
  link_make "$1-$2" eth0 "$1-rtr" br-lan "l-$2"
  host_address "$1-$2" eth0 "192.168.1.$3/24"
  ip -n "$(ns "$1-$2")" route add default via 192.168.1.1
}

# The shim creates two taps in the internet; one becomes the router's WAN.
home_shim() { # HOME NUMBER
  : >"$LAB_DIR/shim-$1.conf"
  lab_spawn inet "shim-$1" "$DW_LAB_TOOLS/lab_shim" "tap$2a" "tap$2b" "$LAB_DIR/shim-$1.conf"
  wait_until 5 log_has "shim-$1" ready || return 1
  ip -n "$(ns inet)" link set "tap$2a" netns "$(ns "$1-rtr")" name wan
  ip -n "$(ns "$1-rtr")" link set wan txqueuelen 10000 up
  ip -n "$(ns inet)" link set "tap$2b" master br0 txqueuelen 10000 up
}
# lab_shim HOME delay_us=N loss_ppm=N rate_kbps=N…: changes the WAN's properties; those not given are zero.
lab_shim() {
  local home=$1
  shift
  printf '%s\n' "${@//=/ }" >"$LAB_DIR/shim-$home.conf"
  kill -HUP "${LAB_PID[shim-$home]}"
}

# lab_reboot HOME SECONDS: the router loses all mappings and is away for a while.
lab_reboot() {
  local rtr=$1-rtr
  ip -n "$(ns "$rtr")" link set wan down
  lab_in "$rtr" conntrack -F >/dev/null 2>&1
  [[ ${LAB_NAT[$1]} == @(fullcone|hairpin) ]] && lab_in "$rtr" nft flush map ip lab eim
  sleep "$2"
  lab_wan "$1" up
}
# lab_renumber HOME NUMBER: the provider gives the router another address, 203.0.113.NUMBER, and all mappings are lost.
lab_renumber() {
  ip -n "$(ns "$1-rtr")" -4 addr flush dev wan
  ip -n "$(ns "$1-rtr")" addr add "203.0.113.$2/24" dev wan
  lab_in "$1-rtr" conntrack -F >/dev/null 2>&1
  lab_wan "$1" up
}
lab_wan() { # HOME up|down
  ip -n "$(ns "$1-rtr")" link set wan "$2"
  [[ $2 == up && -n ${LAB_WAN_GATEWAY[$1]:-} ]] &&
    ip -n "$(ns "$1-rtr")" route replace default via "${LAB_WAN_GATEWAY[$1]}"
  return 0
}

# ---- NAT ---------------------------------------------------------------------------------------------------------

# nat_set ROUTER NAT: masq keeps ports where it can and filters by address and port, random doesn't keep them,
# fullcone lets anyone in once a port is mapped, …alg adds the kernel's TFTP helper, …sip its SIP helper, for port 5060.
nat_set() {
  local how=masquerade learn='' open='' helper='' back='' wan
  case $2 in
    none) return 0 ;;
    random*) how='masquerade fully-random' ;;
    fullcone | hairpin)
      learn='iifname "br-lan" oifname "wan" meta l4proto udp update @eim { udp sport timeout 120s : ip saddr }'
      open='iifname "wan" meta l4proto udp dnat to udp dport map @eim'
      ;;
  esac
  if [[ $2 == hairpin ]]; then # RFC 4787 §6: the other host sees the outer address, too
    wan=$(ip -n "$(ns "$1")" -4 -o addr show dev wan | awk '{ sub("/.*", "", $4); print $4 }')
    open+="
    iifname \"br-lan\" ip daddr $wan meta l4proto udp dnat to udp dport map @eim"
    back="iifname \"br-lan\" oifname \"br-lan\" ct status dnat snat to $wan"
  fi
  [[ $2 == *alg ]] && helper='iifname "br-lan" udp dport 69 ct helper set "tftp69"'
  [[ $2 == *sip ]] && helper='iifname "br-lan" udp dport 5060 ct helper set "sip5060"
    iifname "br-lan" tcp dport 5060 ct helper set "sip5060t"'
  lab_in "$1" nft -f - <<NFT
table ip lab {
  map eim { type inet_service : ipv4_addr; flags dynamic,timeout; size 65535; timeout 120s; }
  $([[ $2 == *sip ]] && printf 'ct helper sip5060%s { type "sip" protocol %s; l3proto ip; }\n' '' udp t tcp)
  $([[ $2 == *alg ]] && echo 'ct helper tftp69 { type "tftp" protocol udp; l3proto ip; }')
  chain helpers { type filter hook prerouting priority -150; policy accept;
    $helper
  }
  chain inbound { type nat hook prerouting priority dstnat; policy accept;
    $open
  }
  chain outbound { type nat hook postrouting priority srcnat; policy accept;
    oifname "wan" $how
    $back
  }
  chain through { type filter hook forward priority filter; policy drop;
    $learn
    ct state established,related accept
    iifname "br-lan" accept
    ct status dnat accept
  }
  chain own { type filter hook input priority filter; policy drop;
    iifname { "lo", "br-lan" } accept
    ct state established,related accept
    icmp type echo-request accept
  }
}
NFT
}

# ---- servers -----------------------------------------------------------------------------------------------------

# dropwire_start HOST NAME ARGUMENT...: the daemon under test, with all its files below $LAB_DIR/NAME.
dropwire_start() {
  local host=$1 name=$2
  shift 2
  mkdir -p "$LAB_DIR/$name/cache" "$LAB_DIR/$name/state"
  : >"$LAB_DIR/$name.log"
  lab_spawn "$host" "$name" "$DW_BIN" run -c "$LAB_DIR/empty.toml" --set "cache.dir=$LAB_DIR/$name/cache" \
    --set "state.dir=$LAB_DIR/$name/state" --set "admin.socket=$LAB_DIR/$name/control.sock" \
    --set admin.listen=127.0.0.1:8079 --set drain.timeout=3s "$@"
  wait_until 30 log_has "$name" event=ready && return 0
  fail "$name did not become ready"
  lab_done
}
# dropwire_stop NAME: SIGTERM must end it with status 0 and without a sanitizer's report.
dropwire_stop() {
  local status
  lab_stop "$1"
  status=$?
  check "$1 ends cleanly (status $status)" test "$status" = 0
  ! log_has "$1" 'Sanitizer\|runtime error' || fail "$1: sanitizer report"
}

# web_start HOST NAME ROOT: nginx in the foreground on port 6970; NAME.access has a line per request.
web_start() {
  local host=$1 name=$2 root=$3 dir=$LAB_DIR/web-$2
  mkdir -p "$dir"
  cat >"$dir/nginx.conf" <<NGINX
daemon off; master_process off; pid $dir/pid; error_log stderr error;
events { worker_connections 1024; }
http {
  log_format short '\$request_method \$uri \$status \$body_bytes_sent';
  access_log $LAB_DIR/$name.access short;
  client_body_temp_path $dir; proxy_temp_path $dir; fastcgi_temp_path $dir; uwsgi_temp_path $dir; scgi_temp_path $dir;
  default_type application/octet-stream; sendfile on; tcp_nodelay on;
  server { listen 6970; listen [::]:6970; root $root; }
}
NGINX
  : >"$LAB_DIR/$name.log"
  lab_spawn "$host" "$name" nginx -p "$dir" -c "$dir/nginx.conf" -e stderr
  wait_until 5 lab_in "$host" curl -s -o /dev/null http://127.0.0.1:6970/ || {
    fail "nginx did not start"
    lab_done
  }
}
# requests NAME PATTERN: how many lines of the access log match.
requests() { grep -c -- "$2" "$LAB_DIR/$1.access" 2>/dev/null; }

# central_files DIR: the files of a central server: the configs and lists next to this file, and firmware of random
# octets.
central_files() {
  local dir=$1 load part size
  cp -r "$LAB_HERE/central" "$dir"
  for load in SCCP45.9-4-2SR3-1S P0S3-8-12-00; do
    # The signed header that a manifest begins with: version, its own length (12), padding.
    printf '\001\000\002\001\001\002\000\002\000\014\015\015' >"$dir/$load.loads"
  done
  while read -r part size; do
    head -c "$size" /dev/urandom >"$dir/$part"
    printf '%s \r\n' "$part" >>"$dir/SCCP45.9-4-2SR3-1S.loads"
  done <<<'jar45sccp.9-4-2ES26.sbn 400000
cnu45.9-4-2ES26.sbn 120000
apps45.9-4-2ES26.sbn 300032
dsp45.9-4-2ES26.sbn 51200
cvm45sccp.9-4-2ES26.sbn 250001'
  printf 'P003-8-12-00.sbn\nP0S3-8-12-00.sb2\nLA_VERSION=1\n' >>"$dir/P0S3-8-12-00.loads"
  for part in P003-8-12-00.sbn P0S3-8-12-00.sb2 Chirp1.raw English_United_States/be-sccp.jar \
    Desktops/320x212x16/coast.png Desktops/320x212x16/coast-tn.png; do
    mkdir -p "$(dirname "$dir/$part")"
    head -c 16080 /dev/urandom >"$dir/$part"
  done
}

# rewritten ORIGINAL GOT ADDRESS: GOT names ADDRESS as call server, and no octet differs outside the values that are
# rewritten.
rewritten() {
  grep -q "<processNodeName>$3</processNodeName>" "$2" && cmp -s <(unvalued "$1") <(unvalued "$2")
}
unvalued() {
  local name expression=''
  for name in processNodeName ethernetPhonePort srstOption ipAddr1 port1 versionStamp secureServicesURL; do
    expression+="s|<$name>[^<]*</$name>|<$name/>|;s|<$name/>|<$name></$name>|;"
  done
  sed "$expression" "$1"
}

# ---- clients -----------------------------------------------------------------------------------------------------

# fetch HOST CLIENT SERVER FILE OUT [SECONDS]: one download; true if the client succeeds and the file exists.
fetch() {
  local host=$1 client=$2 server=$3 file=$4 out=$5 limit=${6:-30}
  rm -f "$out"
  case $client in
    tftp)
      printf 'mode octet\nrexmt 1\ntimeout %d\nget %s %s\n' "$limit" "$file" "$out" |
        lab_in "$host" timeout "$limit" tftp "$server" >/dev/null 2>&1
      ;;
    atftp) lab_in "$host" timeout "$limit" atftp --tftp-timeout 1 -g -r "$file" -l "$out" "$server" >/dev/null 2>&1 ;;
    curl) lab_in "$host" curl -s -m "$limit" -o "$out" "tftp://$server/$file" ;;
    http) lab_in "$host" curl -sf -m "$limit" -o "$out" "http://$server:6970/$file" ;;
  esac && [[ -f $out ]]
}
# fetch_same … WANT: fetch, and every octet is correct.
fetch_same() {
  local want=$6
  fetch "$1" "$2" "$3" "$4" "$5" "${7:-30}" && same "$5" "$want"
}
