#!/usr/bin/env bash
# The kernel carries the audio of an edge behind a home router: calls of both protocols have it both ways, with figures as
# by sockets; either of the two processes may be killed, stopped or started again in a call, and nothing is left behind.
. "$(dirname "$0")/lab.sh"
lab_begin 150
. "$(dirname "$0")/sip.sh"
sip_needs
fast=$(dirname "${DW_BUILT:-$DW_BIN}")/dropwire-fast
[[ -x $fast ]] || lab_skip "dropwire-fast was not built"

lab_internet
lab_home home masq edge
# Both have the same directory at /run/dropwire-fast; it is no other process's.
mkdir -p "$LAB_DIR/fast" /run/dropwire-fast
within() { # COMMAND: a script that runs it there
  printf '#!/bin/sh\nmount --bind %q /run/dropwire-fast && exec %q "$@"\n' "$LAB_DIR/fast" "$1" >"$LAB_DIR/$2"
  chmod +x "$LAB_DIR/$2"
}
real=$DW_BIN
within "$DW_BIN" dropwire
within "$fast" dropwire-fast
fast_start() { lab_spawn home-edge fast "$LAB_DIR/dropwire-fast" --user root; }
edge_start() {
  DW_BIN=$LAB_DIR/dropwire
  dropwire_start home-edge edge --mode edge --set access.tftp.enable=false --set access.http.enable=false --set nat.measure_lifetime=false \
    --set central.sip.ping=2s --set media.ports=20000-20099 --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]"
  DW_BIN=$real
}
cli() { "$real" "$@" --socket "$LAB_DIR/edge/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
state() { cli status --json | tr -d ' \n' | grep -Eq "\"fast_path\":\{[^}]*\"state\":\"$1\""; }
carries() { lab_in home-edge curl -s http://127.0.0.1:8079/metrics | grep -q "^dropwire_media_fast_streams $1\$"; }
filters() { lab_in home-edge tc filter show dev eth0 ingress | grep -c dropwire_media; }
clean() { ! lab_in home-edge tc qdisc show dev eth0 | grep -q clsact; }

kamailio_start central kamailio
lab_spawn central server "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2000 --dialect chan_sccp --for 140 --device SEP000000001000=1000 --device SEP000000001001=1001
edge_start
check "without the loader, status says what to do" grep -q 'fast path: not used: the loader does not run: systemctl start dropwire-fast' <(cli status)
fast_start
if ! wait_until 15 state on; then
  log_has fast 'Media goes through sockets' && lab_skip "this kernel takes no program: $(tail -n 3 "$LAB_DIR/fast.log")"
  fail "the daemon has the loader's maps"
fi
check "the program is on the edge's interface" test "$(filters)" = 1

sccp() { # NAME SCRIPT
  lab_in home-phone timeout 60 "$DW_LAB_TOOLS/lab_sccp_phone" --server $EDGE:2000 --device SEP000000001000 --first-ext 1000 --version 17 --rtp 16384 --for 55 \
    --do "register; wait registered 15; dial 600; wait media 15; $2; hangup; wait ended 15" >"$LAB_DIR/$1.log" 2>&1
  echo $? >"$LAB_DIR/$1.status"
}
passed() { test "$(cat "$LAB_DIR/$1.status" 2>/dev/null)" = 0; }

# SCCP.
sccp plain 'send-rtp 6s; expect-rtp 50 5' &
call=$!
check "SCCP: the kernel carries the call" wait_until 10 carries 1
check "status says so" grep -q 'fast path: the kernel carries 1 of them' <(cli status)
wait $call
check "SCCP: the phone hears itself" passed plain
check "SCCP: nothing was lost, and what came was delivered" wait_until 5 eval \
  'grep -q "event=call_down.* packets_from_phone=\([0-9]*\) delivered_from_phone=\1 lost_from_phone=0 .* lost_from_central=0" "$LAB_DIR/edge.log"'
check "and nothing is carried any more" wait_until 10 carries 0

# SIP, called from the internet.
lab_in home-phone timeout 40 "$DW_LAB_TOOLS/lab_sip_phone" --server $EDGE:5060 --first-ext 2001 --device SEP000000002001 --listen-port 5070 --rtp 18000 --for 35 \
  --do "register; wait registered 15; wait ringing 20; answer; wait connected; expect-rtp 250 15; wait ended 20" >"$LAB_DIR/callee.log" 2>&1 &
callee=$!
wait_until 15 has_binding kamailio 2001
lab_in mallory timeout 40 "$DW_LAB_TOOLS/lab_sip_phone" --server $CENTRAL:5060 --bind $MALLORY --lenient --listen-port 5100 --rtp 26384 --for 35 \
  --first-ext 2101 --device SEP000000002101 --do "register; wait registered; dial 2001; wait connected; expect-rtp 300 15; hangup; wait ended" >"$LAB_DIR/caller.log" 2>&1 &
caller=$!
check "SIP: the kernel carries the call" wait_until 15 carries 1
check "SIP: the phone hears" wait $callee
check "SIP: the caller hears" wait $caller

# The loader is killed in a call, and started again.
sccp loader_killed 'send-rtp 18s; expect-rtp 50 5' &
call=$!
check "a call that the kernel carries" wait_until 15 carries 1
lab_stop fast KILL
check "the loader is killed: the call's audio comes by the sockets" wait_until 5 carries 0
check "status says that the loader is gone" wait_until 5 state unavailable
fast_start
check "it runs again: the call is carried again" wait_until 15 carries 1
check "the interface has one program" test "$(filters)" = 1
wait $call
check "the phone heard itself all the time" passed loader_killed

# The daemon stands still in a call: what the phone sends goes nowhere. It goes on, and so does the call; then it is killed.
central_gets() { lab_in central cat /proc/net/snmp | awk '/^Udp: [0-9]/ { print $2 + $3 }'; }
phone_sends() { lab_in home-phone cat /proc/net/snmp | awk '/^Udp: [0-9]/ { print $5 }'; }
more_than() { test "$("$1")" -gt "$2"; } # COUNTER NUMBER
lab_in home-phone timeout 60 "$DW_LAB_TOOLS/lab_sccp_phone" --server $EDGE:2000 --device SEP000000001001 --first-ext 1001 --version 17 --rtp 17384 --for 25 \
  --do "register; wait registered 15; dial 600; wait media 15; send-rtp 20s" >"$LAB_DIR/cut.log" 2>&1 &
call=$!
check "another one" wait_until 15 carries 1
before=$(central_gets)
check "its packets reach the server" wait_until 5 more_than central_gets $((before + 20))
kill -STOP "${LAB_PID[edge]}"
stopped() { # the phone sends forty packets, and hardly any arrives
  local before
  before=$(central_gets)
  wait_until 5 more_than phone_sends $(($(phone_sends) + 40)) && ! more_than central_gets $((before + 5))
}
check "the daemon stands still: within seconds nothing is sent on for it" wait_until 6 stopped
kill -CONT "${LAB_PID[edge]}"
check "it goes on: the call is carried again" wait_until 10 carries 1
lab_stop edge KILL
check "it is killed: the program is out of the kernel" wait_until 6 eval 'test "$(filters)" = 0'
wait $call
edge_start
check "it runs again: with the maps" wait_until 15 state on

# media.fast_path = "off", and on again, in a call.
sccp reloaded 'send-rtp 15s; expect-rtp 50 5' &
call=$!
check "a call" wait_until 15 carries 1
printf '[media]\nfast_path = "off"\n' >"$LAB_DIR/empty.toml"
cli reload >/dev/null
check "media.fast_path = \"off\" in a call: by the sockets" wait_until 5 eval 'state off && carries 0'
: >"$LAB_DIR/empty.toml"
cli reload >/dev/null
check "and \"auto\" again: the kernel carries it again" wait_until 10 eval 'state on && carries 1'
lab_stop fast
check "the loader is stopped: nothing of it is left on the interface" eval 'test "$(filters)" = 0 && clean'
check "and the call goes on" wait_until 5 carries 0
wait $call
check "its phone heard itself" passed reloaded

# Whoever kills both.
fast_start
check "once more" wait_until 15 state on
lab_stop fast KILL
check "a killed loader leaves its program" test "$(filters)" = 1
lab_in home-edge "$fast" --detach >"$LAB_DIR/detach.log" 2>&1
check "--detach removes it" eval 'test "$(filters)" = 0 && clean'
dropwire_stop edge
rmdir /run/dropwire-fast 2>/dev/null
lab_done
