#!/usr/bin/env bash
# How much memory a hosted Dropwire takes with all its tables full at the same time (full_tables), under the limit that its unit has (MemoryMax):
# as its pages, and as the kernel counts it with all that it keeps for its sockets. Prints the section for RESULTS.md. Needs unshare, root for the
# limit, 6 GiB of memory and about ten minutes. The memory controller is used as cgroup v2 or v1; without one only its pages are read, and nothing limits it.
#   DW_BIN=…  the daemon (default: build/release/dropwire)    FULL_OCTETS=1200  of a SIP message    FULL_CONNECTIONS=10000  to SIP, and to SCCP
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
bin=${DW_BIN:-$top/build/release/dropwire}
octets=${FULL_OCTETS:-1200}
if [[ -z ${FULL_BENCH_INSIDE:-} ]]; then
  [[ -n ${FULL_TOOL:-} ]] || { cmake -G Ninja -S "$top" -B "$top/build/bench" -DCMAKE_BUILD_TYPE=RelWithDebInfo >/dev/null &&
    cmake --build "$top/build/bench" --target full_tables >&2 || exit 2; }
  user=()
  [[ $(id -u) = 0 ]] || user=(-r)
  FULL_BENCH_INSIDE=1 exec timeout --foreground 1200 setsid -w unshare -n "${user[@]}" "${BASH_SOURCE[0]}" "$@"
fi
tool=${FULL_TOOL:-$top/build/bench/tests/full_tables}
limit=$(sed -n 's/^MemoryMax=//p' "$top/packaging/debian/dropwire.service" | numfmt --from=iec)
box=10.50.0.1 server=10.50.0.2
ip link set lo up || exit 2
ip address add $box/32 dev lo
ip route add local 10.50.0.0/16 dev lo src $box
ip route add local 198.18.0.0/15 dev lo
ulimit -n "$(ulimit -Hn)"
# Two descriptors for each connection that is not had: what the media ports leave.
room=$((($(ulimit -n) - 10000 - 1024 - 1500) / 2))
connections=${FULL_CONNECTIONS:-10000}
((connections <= room)) || connections=$room
work=$(mktemp -d "${TMPDIR:-/tmp}/dropwire-full.XXXXXX")
pid='' group=''
# shellcheck disable=SC2317
stop() {
  [[ -z $pid ]] || { kill -TERM "$pid"; wait "$pid"; } 2>/dev/null
  [[ -z $group ]] || rmdir "$group"
  rm -rf "$work"
}
trap stop EXIT
mkdir -p "$work"/{files,cache,state}
head -c 400 /dev/zero >"$work/files/small.dat"
for n in {0..279}; do head -c 1048576 /dev/urandom >"$work/files/big$n.dat"; done

if [[ -w /sys/fs/cgroup/cgroup.controllers ]]; then
  group=/sys/fs/cgroup/dropwire-full.$$ bound=memory.max now=memory.current most=memory.peak
elif [[ -w /sys/fs/cgroup/memory/tasks ]]; then
  group=/sys/fs/cgroup/memory/dropwire-full.$$ bound=memory.limit_in_bytes now=memory.usage_in_bytes most=memory.max_usage_in_bytes
fi
if [[ -n $group ]] && mkdir "$group" 2>/dev/null; then
  echo "$limit" >"$group/$bound" || exit 2
else
  group=''
fi
# Paces are lifted, so that it takes minutes and not hours; no bound of a table is changed but that of connections where descriptors are few.
(
  [[ -z $group ]] || echo $BASHPID >"$group/cgroup.procs"
  exec "$bin" run -c /dev/null --mode hosted --set "access.listen=[\"$box\"]" --set "central.provisioning.origins=[\"file://$work/files/\",\"http://$server:6970/\"]" \
    --set "central.sip.servers=[\"udp:$server:5060\"]" --set "central.sccp.servers=[\"$server:2000\"]" --set cache.dir="$work/cache" \
    --set state.dir="$work/state" --set admin.listen=127.0.0.1:0 --set admin.socket="$work/sock" --set log.level=info \
    --set access.sip.max_connections="$connections" --set access.sccp.max_connections="$connections" --set access.sip.ban=0s \
    --set access.sip.message_rate=100000 --set access.sip.registered_message_rate=100000 --set access.sip.connection_rate=10000 \
    --set access.sccp.connection_rate=10000 --set central.sip.register_rate=100000 --set access.tftp.unproven_rate=10000 \
    --set access.sip.calls_per_source=0 --set access.sip.call_attempts_per_source=0 --set access.sip.call_attempts_per_phone=0 \
    --set central.provisioning.stall_timeout=5m --set access.tftp.give_up=5m --set access.http.idle_timeout=5m --set access.sip.idle_timeout=10m
) >"$work/log" 2>&1 &
pid=$!
for _ in {1..200}; do
  [[ -S $work/sock ]] && ss -Hlun "src $box and sport = :5060" | grep -q . && break
  kill -0 "$pid" 2>/dev/null || { cat "$work/log" >&2; exit 2; }
  sleep 0.05
done
"$tool" $box $server "$work/sock" "$octets" "$connections" "$pid" | tee "$work/said" >&2
kill -0 "$pid" 2>/dev/null || { tail -5 "$work/log" >&2; echo "Dropwire has ended: its limit did not hold what it took" >&2; exit 1; }
grep -q '^after everything' "$work/said" || exit 1
# Of what stays below nine tenths of its bound: which lower bound stands before it, or what was not tried.
declare -A why=(
  [admin_connections]='not tried: only this bench asks'
  [admissions]='one for each device that the server registered: sip_bindings'
  [sccp_connection_rates]='one for each source that has connected: sccp_connections'
  [sip_connection_rates]='one for each source that has connected: sip_connections'
  [sccp_held_octets]="a half SCCP message is at most 4 KiB, times sccp_connections"
  [sccp_name_budgets]='not tried: no phone registers by SCCP'
  [sccp_names]='not tried: no phone registers by SCCP'
  [sip_bindings]='a transaction each, for 32 s: sip_transactions'
  [fetches]='what hangs is given up after a while, before the last step ends'
  [sccp_connections]='those that do not register are closed, before the last step ends'
  [service_pages]='not tried: no service pages are asked for'
  [sip_answer_ports]='not tried: it takes phones that repeat a request that was answered'
  [sip_challenges]='kept for a short time, and over before the last step ends'
  [sip_connections_to_servers]='not tried: the server is asked by UDP'
  [sip_dialogs]='a transaction each, for 32 s: sip_transactions'
  [sip_guard_sources]='16,384 of its places are for connections, and an eighth for IPv6 sites'
  [sip_nonces]='kept for a short time, and over before the last step ends'
  [sip_password_pairs]='not tried: nobody guesses passwords'
  [sip_password_sources]='not tried: nobody guesses passwords'
  [sip_password_users]='not tried: nobody guesses passwords'
  [sip_request_octets]='sip_transactions, times the octets of a request here'
)
mib() { echo $(($1 >> 20)); }
high=$(awk '$1 == "VmHWM:" { print int($2 / 1024) }' "/proc/$pid/status")
counted='no memory controller here'
[[ -z $group ]] || counted="$(mib "$(cat "$group/$now")") MiB, $(mib "$(cat "$group/$most")") at most, of $(mib "$limit")"
cat <<TABLE
## All tables full

\`FULL_OCTETS=$octets tests/bench/full_bench.sh\`; $(date -u +%F), $(nproc) cores, Linux $(uname -r). Default settings of mode hosted, but for paces; $connections connections each to SIP's
and SCCP's port. The kernel counts $counted (MemoryMax); resident pages $high MiB at most.

| step | resident MiB |
| --- | --- |
$(sed -nE 's/^after (.*) resident=([0-9]+)$/\1 \2/p' "$work/said" | awk '{ kib = $NF; $NF = ""; printf "| %s| %d |\n", $0, kib / 1024 }')

| table | entries | bound | why not full |
| --- | --- | --- | --- |
$(sed -nE 's/^table ([^ ]+) ([0-9]+) ([0-9]+)$/\1 \2 \3/p' "$work/said" | while read -r name entries most; do
  note=''
  ((most == 0 || entries * 10 >= most * 9)) || note=${why[$name]:-not known}
  echo "| \`$name\` | $entries | $([[ $most = 0 ]] && echo none here || echo "$most") | $note |"
done)
TABLE
