#!/usr/bin/env bash
# The messages between SIP phones and servers, flow by flow (sipp/flows.txt), from a phone in a home through Dropwire
# and Kamailio to somebody at the far end and back: by an edge on the LAN, by hosted over UDP and over TCP, by an edge
# behind a router. A judge compares what was sent with what arrived. Then a bad line, forks, and baresip with real audio.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
lab_begin 240
sip_needs sipp baresip

lab_internet
lab_home plain none edge # no router between, so that a server without NAT support reaches the edge
lab_home home masq edge shim
quick=(--set access.tftp.enable=false --set access.http.enable=false --set access.sccp.enable=false --set access.sip.enable=true)
kamailio_start central kam MIN_EXPIRES=60
kamailio_start central natkam at=$CENTRAL:5070 NAT
dropwire_start plain-edge edge --mode edge "${quick[@]}" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"
# Its server learns where packets come from, and the flows have this edge's own address.
dropwire_start home-edge behind --mode edge "${quick[@]}" --set central.media.advertise=$EDGE --set "central.sip.servers=[\"udp:$CENTRAL:5070\"]"
dropwire_start hosted hosted --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED\"]" \
  --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"
dropwire_start hosted tcp --mode hosted "${quick[@]}" --set "access.listen=[\"$HOSTED2\"]" --set admin.listen=127.0.0.1:8078 \
  --set media.ports=25000-29999 --set "central.sip.servers=[\"tcp:$CENTRAL:5060\"]"

mapfile -t flows < <(awk '/^== / && !/fork/ { print $2 }' "$LAB_HERE/sipp/flows.txt")
SIPP_SECONDS=12
# rows PATH HOST SERVER KAMAILIO CENTRAL_SIDE FLOW...: each flow with a phone of its own, ten at once
rows() {
  local path=$1 host=$2 server=$3 kamailio=$4 central=$5 flow i=0 starting=()
  shift 5
  for flow in "$@"; do
    flow_start "$path-$flow" "$flow" $i "$host" "$server:5060" "$kamailio" &
    starting+=($!)
    i=$((i + 1))
    if ((i % 10 == 0 || i == $#)); then
      wait "${starting[@]}"
      starting=()
    fi
  done
  for flow in "$@"; do check "$path: $flow" flow_well "$path-$flow" "$server" "$central"; done
}
FLOW_USERS=2000 rows edge plain-phone $EDGE kam $EDGE "${flows[@]}"
FLOW_USERS=2100 rows hosted home-phone $HOSTED kam $HOSTED "${flows[@]}"
FLOW_USERS=2200 SIPP_TRANSPORT=t1 rows tcp home-phone $HOSTED2 kam $HOSTED "${flows[@]}"
FLOW_USERS=2300 FLOW_PORT=5070 rows behind home-phone $EDGE natkam $EDGE call called hold held refer subscribe mwi cancel big

# The judge notices what it has to.
for change in 's/X-Unknown:  odd/X-Unknown: odd/' 's/^a=x-odd: Left/a=x-odd: left/' 's/;tag=/;tag=x/'; do
  sed "$change" "$LAB_DIR/hosted-call-B.messages" >"$LAB_DIR/forged.messages"
  check "the judge sees $change" sh -c "! awk -v phone=$HOSTED -v central=$HOSTED -v hosts=$CENTRAL,$HOSTED -f '$LAB_HERE/sipp/judge.awk' \
    '$LAB_DIR/hosted-call-A.messages' '$LAB_DIR/forged.messages' >/dev/null"
done

# One phone of the same user on each of two paths: both ring, one is answered, the other one stops.
FLOW_USERS=2900 flow_side fork.1 cancelled A plain-phone 5190 2990 640 $EDGE $EDGE:5060
FLOW_USERS=2900 flow_side fork.2 answered-late A home-phone 5191 2990 640 $HOSTED $HOSTED:5060
two_bindings() { (($(bindings kam 2990 | wc -l) == 2)); }
wait_until 10 two_bindings || fail "two phones of one user are not both registered"
flow_side fork.3 fork-caller B central 5640 2990 640 $CENTRAL $CENTRAL:5060
check "of two phones that ring, one is answered" sipp_well fork.2-A
check "and the other one stops" sipp_well fork.1-A
check "and the caller has one call" sipp_well fork.3-B

# A line that loses and doubles a tenth of all packets: the far end sees each message once.
lab_shim home loss_ppm=100000 dup_ppm=100000
export SIPP_SECONDS=45
FLOW_USERS=2400 FLOW_LOSSY=1 rows lossy home-phone $HOSTED kam $HOSTED call busy late-offer publish redirect big crypto
lab_shim home

# Real audio, a tone each way.
baresip_start central far 3002 $CENTRAL 4442 tone=880 answer=auto
baresip_start plain-phone near 3001 $EDGE 4441 tone=440
baresip_start home-phone away 3003 $HOSTED 4443 tone=660 answer=auto
tones() { # CALLER CALLEE CALLER_HZ CALLEE_HZ
  check "$2 hears $1" wait_until 10 hears "$2" "$3"
  check "$1 hears $2" wait_until 10 hears "$1" "$4"
}
baresip_do plain-phone 4441 dial sip:3002@$EDGE
tones near far 440 880
baresip_do plain-phone 4441 hangup
wait_until 5 log_has far 'session closed' || fail "the far end does not hear of the end"
baresip_do plain-phone 4441 dial sip:3003@$EDGE
tones near away 440 660
baresip_do home-phone 4443 hangup
wait_until 5 log_has away 'terminate call' || fail "no call to end"

nothing_left() { "$DW_BIN" calls --json --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml" | tr -d ' \n' | grep -q '"total":0,'; }
for name in edge behind hosted tcp; do check "$name: no call is left" wait_until 40 nothing_left $name; done
for name in edge behind hosted tcp; do dropwire_stop $name; done
lab_done
