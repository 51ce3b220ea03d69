#!/usr/bin/env bash
# A central server that has files only by TFTP and answers from a fresh port, and edges behind routers that filter by
# address and port. If the router maps ports on request (PCP, UPnP), the edge sends from a mapped one, and firmware and
# config arrive, several at a time; if not, the origin's error gives advice.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
. "$(dirname "$0")/router.sh"
lab_begin 120
sip_needs miniupnpd

lab_internet
lab_home pcp masq edge
lab_home upnp masq edge
lab_home deaf masq edge
router_public pcp 101
router_public upnp 102
router_public deaf 103
miniupnpd_start pcp enable_natpmp=yes enable_upnp=no || fail "no router in pcp"
miniupnpd_start upnp enable_natpmp=no enable_upnp=yes || fail "no router in upnp"

central_files "$LAB_DIR/files"
config=SEP001122337965.cnf.xml
for n in 1 2 3 4 5 6 7 8; do head -c 40000 /dev/urandom >"$LAB_DIR/files/part$n.sbn"; done
dropwire_start central central --mode hosted --set access.tftp.single_port=false --set access.http.enable=false \
  --set access.sccp.enable=false --set access.sip.enable=false --set rewrite.enable=false \
  --set "central.provisioning.origins=[\"file://$LAB_DIR/files\"]"

for home in pcp upnp deaf; do
  dropwire_start "$home-edge" "$home" --mode edge --set nat.streams=2 --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" \
    --set access.sccp.enable=false --set "central.provisioning.origins=[\"tftp://$CENTRAL/\"]"
done

port_mapped() { log_has "$1" event=ports_mapped && mapped "$1" udp 19999 && mapped "$1" udp 19996; }
origin_says() { lab_in "$1-edge" "$DW_BIN" status --json --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml" | grep -q -- "$2"; }

for home in pcp upnp; do
  check "$home: the ports for TFTP are mapped" wait_until 30 port_mapped $home
  check "$home: a config comes from the fresh port" fetch "$home-phone" http $EDGE $config "$LAB_DIR/$home.xml" 20
  check "$home: and is rewritten" rewritten "$LAB_DIR/files/$config" "$LAB_DIR/$home.xml" $EDGE
  waiting=()
  for n in 1 2 3 4 5 6 7 8; do
    fetch_same "$home-phone" http $EDGE part$n.sbn "$LAB_DIR/$home-$n" "$LAB_DIR/files/part$n.sbn" 40 &
    waiting+=($!)
  done
  whole=0
  for pid in "${waiting[@]}"; do wait "$pid" && whole=$((whole + 1)); done
  check "$home: eight files at a time from four ports ($whole whole)" test $whole = 8
done

check "deaf: without a mapping nothing comes through" eval '! fetch deaf-phone http $EDGE $config "$LAB_DIR/deaf.xml" 15'
check "deaf: and the origin's error says what helps" wait_until 10 origin_says deaf 'HTTP on port 6970'

for home in pcp upnp deaf; do dropwire_stop $home; done
check "pcp: an edge that ends gives the ports back" wait_until 3 eval '! mapped pcp udp 19999'
dropwire_stop central
lab_done
