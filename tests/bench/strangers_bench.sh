#!/usr/bin/env bash
# How long 50 healthy phones wait for an answer, while it is quiet and while strangers rage (all that lab_crowd knows, from 131,072
# addresses by UDP and some hundred by TCP). Prints the section for RESULTS.md. Needs unshare, two cores, nothing else to do on the
# machine, and about a minute and a half. Dropwire has core 0, phones, their server and the strangers core 1, all in a network
# namespace of its own (root, or user namespaces).
#   DW_BIN=…  the daemon (default: build/release/dropwire)    BENCH_SECONDS=25  of each
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
bin=${DW_BIN:-$top/build/release/dropwire}
seconds=${BENCH_SECONDS:-25}
if [[ -z ${STRANGERS_BENCH_INSIDE:-} ]]; then
  cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
    cmake --build "$top/build/bench" --target answer_times lab_crowd >&2 || exit 2
  user=()
  [[ $(id -u) = 0 ]] || user=(-r)
  STRANGERS_BENCH_INSIDE=1 exec timeout --foreground 600 setsid -w unshare -n "${user[@]}" "${BASH_SOURCE[0]}" "$@"
fi
box=10.50.0.1 server=10.50.0.2 phones=10.50.1.1
ip link set lo up || exit 2
ip address add $box/32 dev lo
ip route add local 10.50.0.0/16 dev lo src $box # and not each address to itself
ip route add local 198.18.0.0/15 dev lo
ulimit -n "$(ulimit -Hn)"
tools=$top/build/bench/tests
work=$(mktemp -d "${TMPDIR:-/tmp}/dropwire-bench.XXXXXX")
pid='' crowd=''
# shellcheck disable=SC2317
stop() {
  local one
  for one in $crowd $pid; do
    kill -TERM "$one" 2>/dev/null
    wait "$one" 2>/dev/null
  done
  pid='' crowd=''
}
trap 'stop; rm -rf "$work"' EXIT
mkdir -p "$work"/{files,cache,state}
echo 'a file that every phone may have' >"$work/files/ringlist.dat"

run() { # NAME [KIND=RATE…]: "quiet" has no strangers
  taskset -c 0 "$bin" run -c /dev/null --mode hosted --set "access.listen=[\"$box\"]" --set "central.provisioning.origins=[\"file://$work/files/\"]" \
    --set "central.sip.servers=[\"udp:$server:5060\"]" --set "central.sccp.servers=[\"$server:2000\"]" --set cache.dir="$work/cache" \
    --set state.dir="$work/state" --set admin.listen=127.0.0.1:0 --set admin.socket="$work/sock" --set log.level=warn >"$work/log" 2>&1 &
  pid=$!
  for _ in {1..200}; do
    ss -Hlun "src $box and sport = :5060" | grep -q . && break
    kill -0 "$pid" 2>/dev/null || { cat "$work/log" >&2; exit 2; }
    sleep 0.05
  done
  if [[ $1 != quiet ]]; then
    taskset -c 1 "$tools/lab_crowd" $box $((seconds + 3)) 1 "${@:2}" >"$work/crowd" &
    crowd=$!
  fi
  taskset -c 1 "$tools/answer_times" $box $server $phones "$seconds" ringlist.dat >"$work/$1" || exit 2
  echo "$1: $(paste -sd ' ' "$work/$1")" >&2
  high=$(awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$pid/status")
  busy=$(awk -v ticks="$(getconf CLK_TCK)" -v s="$((seconds + 3))" '{ printf "%.0f", 100 * ($14 + $15) / ticks / s }' "/proc/$pid/stat")
  [[ -z $crowd ]] || { wait "$crowd"; crowd=''; sent=$(sed -nE 's/^sent [^=]+=//p' "$work/crowd" | awk '{ n += $1 } END { print n }'); }
  stop
}
value() { sed -nE "s/^$2 .*$3=([0-9.]+).*/\1/p" "$work/$1"; }
row() { # TEXT KIND
  echo "| $1 | $(value quiet "$2" p50) / $(value quiet "$2" p99) / $(value quiet "$2" max) | $(value storm "$2" p50) / $(value storm "$2" p99) / $(value storm "$2" max) | $(value quiet "$2" lost) of $(value quiet "$2" n), $(value storm "$2" lost) of $(value storm "$2" n) |"
}
run quiet
run storm
cat <<TABLE
## Strangers

\`tests/bench/strangers_bench.sh\`, $seconds s of each; $(date -u +%F), $(nproc) cores, Linux $(uname -r). 50 registered phones wait for an answer; ms, p50 / p99 /
longest; the goal is a p99 of at most 100 ms beside strangers. These sent ${sent:-0} datagrams, requests and pieces in $((seconds + 3)) s; Dropwire used $busy % of its
core then, and $high MiB at most.

| answer | quiet | beside strangers | refused, or without an answer |
| --- | --- | --- | --- |
$(row "REGISTER: 200 of the server" REGISTER)
$(row "INVITE: 100" INVITE)
$(row "TFTP: the first block" TFTP)
$(row "HTTP: the first octet" HTTP)
TABLE
