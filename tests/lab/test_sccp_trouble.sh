#!/usr/bin/env bash
# What happens to SCCP phones when something around them dies, restarts, moves or is hostile: the router reboots during a
# call, the central server restarts, the first server dies, Dropwire restarts, audio comes before the call is answered, a
# stranger sends RTP or uses a phone's name, a phone got no files, the router forgets fast, a whole site boots at once.
. "$(dirname "$0")/lab.sh"
lab_begin 280

lab_internet
lab_home home random edge
lab_home site masq
quick=(--set access.http.enable=false)
phone=$DW_LAB_TOOLS/lab_sccp_phone

server_start() { # NAME PORT ARGUMENT...
  local name=$1 port=$2
  shift 2
  : >"$LAB_DIR/$name.log"
  lab_spawn central "$name" "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:$port" --guests 1001 --keepalive 5 --for 270 "$@"
}
hosted_start() { # [ARGUMENT...]
  dropwire_start hosted hosted --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED\"]" --set media.keepalive=1s \
    --set "central.sccp.servers=[\"$CENTRAL:2000\",\"$CENTRAL:2001\"]" --set central.sccp.retry=1s "$@"
}
phone_start() { # HOST NAME SCRIPT ARGUMENT...: leaves NAME.status
  local host=$1 name=$2 script=$3
  shift 3
  : >"$LAB_DIR/$name.log"
  (
    lab_in "$host" timeout 110 "$phone" --server $HOSTED:2000 --retry 2 --for 100 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
    echo $? >"$LAB_DIR/$name.status"
  ) &
}
ended() { [[ -s $LAB_DIR/$1.status ]]; }
well() { # WHAT NAME SECONDS: the phone got through its script
  wait_until "$3" ended "$2" || echo 124 >"$LAB_DIR/$2.status"
  check "$1" test "$(cat "$LAB_DIR/$2.status")" = 0
}
cli() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
calls_of() { cli calls --json | tr -d ' \n'; }
registered() { cli phones --json | tr -d ' \n' | grep -q "\"device\":\"$1\"[^{}]*\"registered\":true"; }

server_start first 2000 --talk
hosted_start

# A site of two hundred boots at once, and everybody stays.
phone_start site-phone site "register; wait registered 40; sleep 12s; unregister; wait unregistered 20" --phones 200 --device SEP000000002000 --quiet

# The router reboots during a call and creates new mappings.
phone_start home-phone reboot "register; wait registered 15; dial 600; wait media 15; expect-rtp 50 15
  wait disconnected 60; wait registered 40; dial 600; wait media 15; expect-rtp 50 15; hangup; wait ended 15" --device SEP000000001001
wait_until 15 log_has reboot 'rtp received' || fail "there is no call to interrupt"
lab_reboot home 2
well "a call through a router that rebooted can be made again" reboot 90
well "two hundred phones of one home register at once and stay" site 60

# The central server restarts, then the first of two dies for good.
phone_start home-phone restart "register; wait registered 15; wait disconnected 40; wait registered 40; dial 600; wait media 15; expect-rtp 50 15
  hangup; wait ended 15; wait disconnected 40; wait registered 40; dial 600; wait media 15; expect-rtp 50 15; hangup; wait ended 15" --device SEP000000001002
wait_until 20 log_has restart 'registered keepalive'
lab_stop first KILL
wait_until 20 log_has restart disconnected || fail "the phone does not see that the server is gone"
server_start first 2000 --talk
wait_until 60 log_has restart ' ended' || fail "no call after the server's restart"
server_start second 2001 --talk
wait_until 10 log_has second listening
lab_stop first KILL
well "phones are back after a restart of the central server, and at the second one when the first is dead" restart 90
check "the second server has the phone" log_has second SEP000000001002
check "the phone's story names the server it moved to" sh -c "'$DW_BIN' phone SEP000000001002 --socket $LAB_DIR/hosted/control.sock -c $LAB_DIR/empty.toml | tr -s ' \n' ' ' | grep -q 'moved from $CENTRAL:2000 to $CENTRAL:2001'"
server_start first 2000 --talk

# Dropwire restarts, on request and killed.
phone_start home-phone again "register; wait registered 15; wait disconnected 40; wait registered 40; wait disconnected 40; wait registered 40
  dial 600; wait media 15; expect-rtp 50 15; hangup; wait ended 15; unregister; wait unregistered 15" --device SEP000000001003
wait_until 15 log_has again 'registered keepalive'
lab_stop hosted
hosted_start
wait_until 40 registered SEP000000001003 || fail "the phone is not back after SIGTERM"
lab_stop hosted KILL
hosted_start
well "phones are back by themselves after Dropwire was restarted, and after it was killed" again 90
# Its files are not available (there is no origin), but it registers anyway; then strangers come: with its name, and RTP.
lab_in home-phone curl -s -m 20 -o "$LAB_DIR/no-config" "tftp://$HOSTED/SEP000000001004.cnf.xml" && fail "a config came from nowhere"
phone_start home-phone victim "register; wait registered 15; dial 600; wait media 15; expect-rtp 50 15
  wait-file $LAB_DIR/strangers-done 80; expect-rtp 50 15; hangup; wait ended 15; unregister; wait unregistered 15" --device SEP000000001004
wait_until 15 log_has victim transmit-started
without_files() { cli phone SEP000000001004 | tr -s ' \n' ' ' | grep -q 'registered with .* without its files: .*SEP000000001004.cnf.xml'; }
check "a phone that registers without its files is reported, with the reason" without_files
phone_start mallory thief "register; wait rejected 15" --device SEP000000001004
well "a stranger with a phone's name is refused" thief 20
octets=$(printf '\\x80\\x00\\x00\\x01\\x00\\x00\\x00\\xa0\\xba\\xdb\\xad\\x01%s' "$(printf '\\x55%.0s' {1..160})")
ports=$(calls_of | grep -oE "\"(phone|central)_facing\":\"$HOSTED:[0-9]+" | grep -oE '[0-9]+$' | tr '\n' ' ')
lab_in mallory bash -c "for port in $ports; do for _ in {1..20}; do printf '$octets' >/dev/udp/$HOSTED/\$port; done; done"
strangers() { calls_of | grep -Eq '"strangers":[1-9]'; }
check "a stranger's RTP is counted" wait_until 20 strangers
: >"$LAB_DIR/strangers-done"
well "and the call hears nothing of it, octet for octet" victim 40

# The provider gives the home another address: the phone's own old registration does not block it.
phone_start home-phone moved "register; wait registered 15; wait disconnected 30; wait registered 9; dial 600; wait media 15; expect-rtp 50 15
  hangup; wait ended 15; unregister; wait unregistered 15" --device SEP000000001006
wait_until 15 log_has moved 'registered keepalive'
lab_renumber home 170
well "a phone whose router has another address registers again within seconds, and calls" moved 60
check "and nobody refused it" sh -c "! grep -q rejected '$LAB_DIR/moved.log'"

# The router forgets after three seconds, the call is on hold for eight.
lab_in home-rtr sysctl -qw net.netfilter.nf_conntrack_udp_timeout=3 net.netfilter.nf_conntrack_udp_timeout_stream=3
phone_start home-phone held "register; wait registered 15; dial 600; wait media 15; expect-rtp 50 15; hold; wait held 15; sleep 8s; resume; wait media 15
  expect-rtp 50 15; hangup; wait ended 15; unregister; wait unregistered 15" --device SEP000000001005
well "audio is back after a hold that is longer than the router's memory" held 50
dropwire_stop hosted

# The callee rings, and the caller already hears the server, through a router that it has not sent through.
lab_stop first KILL
server_start early 2000 --talk --early-media
hosted_start
phone_start home-phone ringing "register; wait registered 15; 0: dial +1; 1: wait ringing 15; 0: wait receive-opened 15; 0: expect-rtp 50 from callserver 15
  1: answer; 0: wait media 15; 0: expect-rtp 50 15; 0: hangup; wait ended 15" --device SEP000000001010 --phones 2 --first-ext 1001
well "early media reaches a phone behind a router" ringing 40
dropwire_stop hosted
lab_done
