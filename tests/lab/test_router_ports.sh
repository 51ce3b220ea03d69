#!/usr/bin/env bash
# An edge asks the home's router for ports: by PCP, by NAT-PMP, by UPnP, each with a router that has only this one. Packets
# from the internet arrive there; mappings are renewed, come back after the router restarts, expire when the edge is
# killed, and are removed when it stops. A call reaches a phone through a server without NAT support. A router behind a
# carrier's NAT is recognised, and a hosted Dropwire requests nothing.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
. "$(dirname "$0")/router.sh"
lab_begin 150
sip_needs miniupnpd

lab_internet
lab_carrier carrier masq
lab_home pcp masq edge
lab_home pmp masq edge
lab_home upnp masq edge
lab_home far masq edge carrier=carrier
lab_home quiet masq edge
router_public pcp 101
router_public pmp 102
router_public upnp 103
router_public quiet 105
for home in pcp pmp far quiet; do miniupnpd_start $home enable_natpmp=yes enable_upnp=no || fail "no router in $home"; done
miniupnpd_start upnp enable_natpmp=no enable_upnp=yes || fail "no router in upnp"
# PCP and NAT-PMP are one switch in miniupnpd: this router drops version 2.
lab_in pmp-rtr nft insert rule ip lab own iifname br-lan udp dport 5351 @th,64,8 2 drop
lab_in quiet-rtr nft insert rule ip lab own iifname br-lan udp dport '{ 1900, 5350, 5351 }' counter
kamailio_start central kamailio

edge_start() { # HOME NAME ARGUMENT...
  local home=$1 name=$2
  shift 2
  dropwire_start "$home-edge" "$name" --set access.tftp.enable=false --set access.http.enable=false --set access.sccp.enable=false \
    --set nat.lifetime=10s --set nat.streams=2 --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" "$@"
}
for home in upnp pmp far pcp; do edge_start $home $home --mode edge; done
edge_start quiet quiet --mode hosted

status_has() { # NAME TEXT
  "$DW_BIN" status --json --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml" | tr -d ' \n' | grep -qF -- "$2"
}
metric() { lab_in "$1-edge" curl -s http://127.0.0.1:8079/metrics | awk -v name="dropwire_$2" '$1 == name { print $2 }'; }
renewed() { (($(metric "$1" port_mappings_renewed_total) >= 6)) && [[ $(metric "$1" port_mappings_lost_total) == 0 ]]; }
options_from() { # HOST UDP|TCP TO: asks for options there, and is content with the beginning of a 200
  local address=$CENTRAL
  [[ $1 == mallory ]] && address=$MALLORY
  # In one piece: what bash prints to a socket is a datagram a line.
  printf '%s\r\n' "OPTIONS sip:$3 SIP/2.0" "Via: SIP/2.0/$2 $address;rport;branch=z9hG4bK$RANDOM" 'Max-Forwards: 9' "From: <sip:m@$address>;tag=1" \
    "To: <sip:$3>" "Call-ID: $RANDOM" 'CSeq: 1 OPTIONS' 'Content-Length: 0' '' >"$LAB_DIR/options.txt"
  lab_in "$1" timeout 3 bash -c "exec 3<>/dev/${2,,}/$3/5060; cat '$LAB_DIR/options.txt' >&3; head -c 11 <&3 | grep -q '^SIP/2.0 200'" 2>/dev/null
}
answers() { options_from central TCP "$1"; } # from its own UDP port the server sends by itself, in the call below
shut_to_strangers() { ! options_from mallory UDP "$1" && ! options_from mallory TCP "$1"; }
all_mapped() { # HOME WAN-ADDRESS
  mapped "$1" udp 5060 && mapped "$1" tcp 5060 && mapped "$1" udp 20000 && mapped "$1" udp 20003 && status_has "$1" "\"external\":\"$2:20003\""
}
none_mapped() { ! lab_in "$1-rtr" nft list chain inet upnp mapped_in | grep -q dnat; }

check "PCP: all ports are mapped" wait_until 10 all_mapped pcp 11.0.0.101
check "PCP: that is the protocol in use" status_has pcp '"protocol":"PCP"'
check "PCP: the central server reaches the edge" wait_until 5 answers 11.0.0.101
check "PCP: and nobody else does" shut_to_strangers 11.0.0.101

# miniupnpd says yes to PCP's FILTER and lets everybody in; another router keeps to it. The report has to be true.
filter_reported() {
  options_from mallory UDP 11.0.0.101
  if (($(metric pcp sip_outside_total) > 0)); then status_has pcp '"not_kept":true'; else status_has pcp '"not_kept":false'; fi
}
check "PCP: the router agrees to let only the central side reach SIP's port" wait_until 5 status_has pcp '"state":"agreed"'
check "PCP: and whether it keeps to it is reported" wait_until 15 filter_reported
check "PCP: the central server reaches the edge as before" wait_until 5 answers 11.0.0.101

# The server, which takes every Contact and every SDP as it is, finds the phone, and the two hear each other.
phone() { # HOST NAME ARGUMENT...
  local host=$1 name=$2
  shift 2
  (lab_in "$host" timeout 40 "$DW_LAB_TOOLS/lab_sip_phone" --for 35 "$@" >"$LAB_DIR/$name.log" 2>&1; echo $? >"$LAB_DIR/$name.status") &
  calling+=($!)
}
server_has_address() { bindings kamailio 2001 | grep -q '@11\.0\.0\.101'; }
calling=()
phone pcp-phone callee --server $EDGE:5060 --first-ext 2001 --device SEP000000002001 \
  --do "register; wait registered; wait ringing 20; answer; wait connected; expect-rtp 30; wait ended 20"
check "the server has the phone's mapped address" wait_until 10 server_has_address
phone mallory caller --server $CENTRAL:5060 --bind $MALLORY --lenient --first-ext 2002 --device SEP000000002002 \
  --do "register; wait registered; dial 2001; wait connected; expect-rtp 50; hangup; wait ended"
wait "${calling[@]}"
check "a call through the mapping: the phone rings, answers and hears" test "$(cat "$LAB_DIR/callee.status")" = 0
check "and the caller hears the phone" test "$(cat "$LAB_DIR/caller.status")" = 0
check "its audio came in by a mapped port" log_has caller '11\.0\.0\.101:2000[02]'

check "PCP: mappings are renewed in time" wait_until 15 renewed pcp
lab_stop pcp-rtr KILL
miniupnpd_start pcp enable_natpmp=yes enable_upnp=no || fail "no router in pcp"
check "PCP: a router that restarted gets them again" wait_until 10 all_mapped pcp 11.0.0.101
check "PCP: and its restart is reported" wait_until 5 log_has pcp event=router_restarted

check "NAT-PMP: all ports are mapped" wait_until 20 all_mapped pmp 11.0.0.102
check "NAT-PMP: that is the protocol in use" status_has pmp '"protocol":"NAT-PMP"'
check "NAT-PMP: it is reported to let everybody in" status_has pmp '"state":"open"'
check "NAT-PMP: the central server reaches the edge" wait_until 5 answers 11.0.0.102
check "NAT-PMP: and nobody else does" shut_to_strangers 11.0.0.102
check "UPnP: all ports are mapped" wait_until 30 all_mapped upnp 11.0.0.103
check "UPnP: that is the protocol in use" status_has upnp '"protocol":"UPnP"'
check "UPnP: the central server reaches the edge" wait_until 5 answers 11.0.0.103
check "UPnP: and nobody else does" shut_to_strangers 11.0.0.103
check "NAT-PMP: mappings are renewed in time" wait_until 15 renewed pmp
check "UPnP: mappings are renewed in time" wait_until 15 renewed upnp

for home in pcp pmp upnp; do lab_stop $home KILL; done
check "PCP: a killed edge's ports stay for a moment" mapped pcp udp 20000
edge_start pcp pcp --mode edge
check "PCP: the next run takes them over" wait_until 5 all_mapped pcp 11.0.0.101
dropwire_stop pcp
check "PCP: an edge that ends gives them back at once" wait_until 1 none_mapped pcp
check "NAT-PMP: a killed edge's ports go by themselves" wait_until 20 none_mapped pmp
check "UPnP: a killed edge's ports go by themselves" wait_until 20 none_mapped upnp
for home in pmp upnp; do edge_start $home $home --mode edge; done

check "behind a carrier's NAT: recognised, and reported" wait_until 10 log_has far event=double_nat
check "and in the status" status_has far '"double_nat":true'
check "in words too" eval '"$DW_BIN" status --socket "$LAB_DIR/far/control.sock" -c "$LAB_DIR/empty.toml" | grep -q "one more router"'

for home in pmp upnp; do
  check "$home: mapped once more" wait_until 30 all_mapped $home 11.0.0.$([[ $home == pmp ]] && echo 102 || echo 103)
  dropwire_stop $home
  check "$home: an edge that ends gives its ports back at once" wait_until 2 none_mapped $home
done
check "a hosted Dropwire asked nobody" eval 'lab_in quiet-rtr nft list chain ip lab own | grep -q "counter packets 0 "'
check "and says why" log_has quiet 'event=port_mapping_off'
dropwire_stop quiet
dropwire_stop far
lab_done
