#!/usr/bin/env bash
# What happens to SIP phones when something around them dies, restarts or is hostile: a router with the kernel's SIP ALG,
# one that reboots in mid-call, the server restarts, the first of two servers dies, Dropwire is restarted and killed, two
# hundred phones of one home boot at once; scanners, floods, a stranger's RTP, and attempts to use an open relay.
. "$(dirname "$0")/lab.sh"
lab_begin 280
command -v tshark >/dev/null || lab_skip "tshark is not installed"
. "$(dirname "$0")/sip.sh"
sip_needs sipp svmap svwar svcrack

lab_internet
host_address mallory eth0 203.0.113.67/24
lab_home home masq
lab_home alg masq_sip
lab_home site masq
quick=(--set access.tftp.enable=false --set access.http.enable=false --set access.sccp.enable=false --set access.sip.enable=true)
phone=$DW_LAB_TOOLS/lab_sip_phone
SECOND=203.0.113.21 # the central host's other server
host_address central eth0 $SECOND/24

kamailio_start central kam
kamailio_start central second at=$SECOND:5060
lab_spawn central echo "$phone" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 270
wait_until 5 log_has echo listening || fail "there is no echo"

hosted_start() {
  dropwire_start hosted hosted --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED\"]" --set media.ports=20000-24999 \
    --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"
}
phone_start() { # HOST NAME SCRIPT ARGUMENT...: leaves NAME.status; a phone that sends from where it listens
  local host=$1 name=$2 script=$3
  shift 3
  : >"$LAB_DIR/$name.log"
  rm -f "$LAB_DIR/$name.status"
  (
    lab_in "$host" timeout 110 "$phone" --server $HOSTED:5060 --nat-enabled --for 100 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
    echo $? >"$LAB_DIR/$name.status"
  ) &
}
ended() { [[ -s $LAB_DIR/$1.status ]]; }
well() { # WHAT NAME SECONDS: the phone got through its script, and saw nothing that a real one would not take
  wait_until "$3" ended "$2" || echo 124 >"$LAB_DIR/$2.status"
  check "$1" test "$(cat "$LAB_DIR/$2.status")" = 0
}
has_event() { (($(grep -c " $2" "$LAB_DIR/$1.log") >= ${3:-1})); } # NAME EVENT TIMES
cli() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
# call_in NAME EXTENSION PORT: somebody at the server calls the phone.
call_in() {
  phone_start central "$1" "dial $2; wait connected 20; expect-rtp 60 15; hangup; wait ended 10" --lenient --any-media --bind $CENTRAL \
    --server $CENTRAL:5060 --listen-port "$3" --rtp "$3"0 --first-ext 19"${3:2}" --device SEP0000000019"${3:2}"
}

hosted_start

# Two hundred phones of one home at once.
phone_start site-phone site "register; wait registered 60; sync; sleep 1s" --phones 200 --device SEP000000002000 --first-ext 2000 --listen-port 6000 --rtp 16384

# A router that reads SIP, and changes it.
phone_start alg-phone alg "register; wait registered 15; dial 600; wait connected 15; expect-rtp 50 from self 15; hold; wait held 15
  resume; wait resumed 15; expect-rtp 30 from self 15; hangup; wait ended 15; wait ringing 30; answer; wait connected 15; expect-rtp 30 15; wait ended 30
  unregister; wait unregistered 15" --device SEP000000001001 --first-ext 1001
wait_until 30 has_event alg ended
check "the router's ALG takes part" sh -c "ip netns exec $(ns alg-rtr) conntrack -L -p udp 2>/dev/null | grep -q helper=sip"
call_in alg-caller 1001 5901
well "calls both ways, hold and resume through a router with a SIP ALG" alg 40
well "and the far end hears the phone behind it" alg-caller 20

# The router reboots during a call and creates new mappings.
phone_start home-phone reboot "register; wait registered 15; dial 600; wait connected 15; expect-rtp 50 from self 15; note before; wait-file $LAB_DIR/rebooted 60
  expect-rtp 100 from self 20; hangup; wait ended 20; refresh; wait registered 20; note back
  wait ringing 30; answer; wait connected 15; expect-rtp 30 15; wait ended 30; unregister; wait unregistered 15" --device SEP000000001002 --first-ext 1002
wait_until 15 has_event reboot before || fail "there is no call to interrupt"
lab_reboot home 1
: >"$LAB_DIR/rebooted"
wait_until 40 has_event reboot back || fail "the phone is not back after the reboot"
call_in reboot-caller 1002 5902
well "a call through a router that reboots goes on and ends, and the phone is called again" reboot 40
well "and its caller hears it" reboot-caller 20
well "two hundred phones of one home register at once" site 60
all_there() { (($(kamailio_tells kam ul.dump | grep -c 'AoR: 2[01]') == 200)); }
check "and the server has them all" all_there

# The server restarts during a call and has lost all registrations.
phone_start home-phone restart "register; wait registered 15; dial 600; wait connected 15; expect-rtp 50 from self 15; note before; wait-file $LAB_DIR/restarted 60
  hangup; wait ended 20; refresh; wait registered 20; note back; wait ringing 30; answer; wait connected 15; expect-rtp 30 15; wait ended 30
  unregister; wait unregistered 15" --device SEP000000001003 --first-ext 1003
wait_until 15 has_event restart before || fail "there is no call to interrupt"
kamailio_stop kam KILL
kamailio_start central kam
check "a server that was restarted knows nobody" has_no_binding kam 2100
: >"$LAB_DIR/restarted" # the call may end now: a BYE that meets no server gets 503, as it should
wait_until 40 has_event restart back || fail "the phone is not back after the server's restart"
call_in restart-caller 1003 5903
well "a call ends and the phone registers again when the server was restarted" restart 40
well "and it is called" restart-caller 20

# Dropwire is restarted, on request and killed: callers reach the phone at once, and it has not noticed anything.
phone_start home-phone again "register; wait registered 15; note there; wait ringing 30; answer; wait connected 15; expect-rtp 30 15; wait ended 20; note once
  wait ringing 30; answer; wait connected 15; expect-rtp 30 15; wait ended 20; unregister; wait unregistered 15" --device SEP000000001004 --first-ext 1004
wait_until 15 has_event again there || fail "the phone does not register"
dropwire_stop hosted
hosted_start
call_in again-caller 1004 5904
wait_until 30 has_event again once || fail "no call after Dropwire was restarted"
well "the phone is called at once when Dropwire was restarted" again-caller 20
lab_stop hosted KILL
hosted_start
call_in killed-caller 1004 5905
well "and when it was killed" killed-caller 30
well "and the phone has seen nothing of either" again 40

# The first of two servers dies.
dropwire_start hosted two --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED2\"]" --set media.ports=25000-29999 \
  --set admin.listen=127.0.0.1:8078 --set "central.sip.servers=[\"udp:$CENTRAL:5060\",\"udp:$SECOND:5060\"]" --set central.sip.ping=2s
phone_start home-phone over "register; wait registered 15; sleep 1s" --server $HOSTED2:5060 --device SEP000000001005 --first-ext 1005
wait_until 15 has_event over registered || fail "the phone does not register at the first server"
check "the first server has the phone" wait_until 5 has_binding kam 1005
kamailio_stop kam KILL
phone_start home-phone over2 "register; wait registered 30; dial 600; wait connected 20; expect-rtp 30 15; hangup; wait ended 20; unregister; wait unregistered 15" \
  --server $HOSTED2:5060 --device SEP000000001006 --first-ext 1006 --listen-port 5062
well "when the first server is dead, registrations and calls go to the second" over2 60
check "which has nobody left then" has_no_binding second 1006
kamailio_start central kam
dropwire_stop two

# Strangers. A call is up all the time.
phone_start home-phone victim "register; wait registered 15; dial 600; wait connected 15; note talking; expect-rtp 50 from self 15
  wait-file $LAB_DIR/strangers-done 85; expect-rtp 50 from self 15; hangup; wait ended 15
  unregister; wait unregistered 15" --device SEP000000001007 --first-ext 1007
wait_until 15 has_event victim talking || fail "there is no call to disturb"
calls_of() { cli calls --json | tr -d ' \n'; }
octets=$(printf '\\x80\\x00\\x00\\x01\\x00\\x00\\x00\\xa0\\xba\\xdb\\xad\\x01%s' "$(printf '\\x55%.0s' {1..160})")
ports=$(calls_of | grep -oE "\"(phone|central)_facing\":\"$HOSTED:[0-9]+" | grep -oE '[0-9]+$' | tr '\n' ' ')
lab_in mallory bash -c "for port in $ports; do for _ in {1..20}; do printf '$octets' >/dev/udp/$HOSTED/\$port; done; done"
strangers() { calls_of | grep -Eq '"strangers":[1-9]'; }
check "a stranger's RTP is counted" wait_until 20 strangers
lab_in mallory timeout 20 sipp $HOSTED:5060 -sf "$LAB_HERE/sipp/flood.xml" -i 203.0.113.67 -key user 600 -r 700 -m 3500 -l 4000 -nostdin -default_behaviors none \
  -timeout 15 >"$LAB_DIR/flood.screen" 2>&1 </dev/null
flooded=$(awk '/OPTIONS|REGISTER|INVITE/ && /---->/ { n += $3 } END { print n + 0 }' "$LAB_DIR/flood.screen")
check "ten thousand messages of a stranger were sent ($flooded)" test "$flooded" -ge 10000

scan() { lab_in mallory timeout 25 "$@" >>"$LAB_DIR/scan.out" 2>&1 </dev/null; }
: >"$LAB_DIR/scan.out"
export HOME=$LAB_DIR # where they keep what they find
scanning=()
for port in {7101..7112}; do
  scan svmap -P $port -p 5060 -m "$([[ $port == *[02468] ]] && echo OPTIONS || echo INVITE)" $HOSTED &
  scanning+=($!)
done
wait "${scanning[@]}"
: >"$LAB_DIR/strangers-done"
scan svwar --force -e 1000-1010 $HOSTED
scan svwar --force -e 1000-1010 -m INVITE $HOSTED
scan svcrack -u 1007 -r 1000-1010 $HOSTED
check "scanners find no server, no extension, no password" sh -c "! grep -qE '^[|]|reqauth|Response:' '$LAB_DIR/scan.out'"
banned() { cli status --json | tr -d ' \n' | grep -q "\"bans\":\[[^]]*\"source\":\"$1\""; }
check "the scanner is banned, and that is reported" banned $MALLORY
check "and who floods, too" banned 203.0.113.67
well "and the call hears nothing of all that, octet for octet" victim 60
dropwire_stop hosted

# No open relay: whatever a stranger writes into the Request-URI and Route, it reaches nobody. No ban is active that could hide a hole.
dropwire_start hosted open --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" \
  --set access.sip.ban=0s
for host in central mallory; do
  lab_spawn $host "wire-$host" tshark -q -l -i eth0 -f "src host $HOSTED" -w "$LAB_DIR/$host.pcap"
  wait_until 10 log_has "wire-$host" 'Capturing on' || fail "tshark does not start"
done
number=0
for method in INVITE MESSAGE SUBSCRIBE REFER BYE ACK NOTIFY OPTIONS; do
  for uri in 600@$CENTRAL 600@$HOSTED "1007@$MALLORY:7777" "1007@$HOSTED;dw=aaaaaaaaaaaaa" 600@elsewhere.invalid; do
    for route in '' "<sip:$CENTRAL;lr>" "<sip:$MALLORY:7777;lr>" "<sip:$HOSTED;lr>,<sip:$CENTRAL:5600;lr>"; do
      number=$((number + 1))
      printf '%s sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP %s:7070;rport;branch=z9hG4bKr%d\r\n%sFrom: <sip:1007@%s>;tag=r%d\r\nTo: <sip:600@%s>%s\r\nCall-ID: relay%d\r\nCSeq: 1 %s\r\nContact: <sip:1007@%s:7070>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n' \
        $method "$uri" $MALLORY $number "${route:+Route: $route$'\r\n'}" $HOSTED $number $HOSTED "$([[ $method == BYE ]] && echo ';tag=x')" \
        $number $method $MALLORY >"$LAB_DIR/relay.msg"
      lab_in mallory bash -c "cat '$LAB_DIR/relay.msg' >/dev/udp/$HOSTED/5060"
    done
  done
done
# A phone of ours after it, so that what was sent before has been seen.
phone_start home-phone after "register; wait registered 15; unregister; wait unregistered 15" --device SEP000000001008 --first-ext 1008
well "a phone registers while strangers try" after 40
seen() { tshark -r "$LAB_DIR/$1.pcap" -Y "$2" 2>/dev/null | wc -l; }
registered_on_wire() { (($(seen central 'sip.Method == "REGISTER" && sip.to.user == "1008"') > 0)); }
wait_until 10 registered_on_wire || fail "tshark saw nothing"
for host in central mallory; do lab_stop "wire-$host" INT; done
check "nothing of a stranger's $number requests reaches the server" test "$(seen central 'sip.Request-Line && !(sip.Method == "OPTIONS") && !(sip.to.user == "1008")')" = 0
check "nor anybody else" test "$(seen mallory 'sip.Request-Line')$(seen mallory 'udp.dstport == 7777')" = 00
check "no stranger's request is answered with anything but 403 or 481" test "$(seen mallory 'sip.Status-Line && !(sip.Status-Code in {100,403,481})')" = 0
dropwire_stop open
lab_done
