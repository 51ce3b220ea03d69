#!/usr/bin/env bash
# Something on the customer's LAN claims to be a router, a thousand times over, and answers HTTP without end: an edge
# reads a few hundred kilobytes of it, reports that nobody maps ports, keeps serving, stops on SIGTERM, and finds a real
# router beside it.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
. "$(dirname "$0")/router.sh"
lab_begin 120
sip_needs miniupnpd

mkdir "$LAB_DIR/files"
echo here >"$LAB_DIR/files/a.cnf"
lab_internet
homes=(alone beside)
for home in "${homes[@]}"; do
  lab_home $home masq edge
  lab_spawn $home-phone hostile-$home "$DW_LAB_TOOLS/lab_hostile_igd" 192.168.1.50
  check "$home: the hostile thing is ready" wait_until 5 log_has hostile-$home ready
done
router_public beside 103
miniupnpd_start beside enable_natpmp=no enable_upnp=yes || fail "no router in beside"
for home in "${homes[@]}"; do
  dropwire_start $home-edge $home --mode edge --set "central=$CENTRAL" --set nat.streams=2 \
    --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]"
done
memory() { awk '/^VmRSS/ { print $2 }' "/proc/${LAB_PID[alone]}/status"; } # KiB
before=$(memory)
all_mapped() { mapped beside udp 5060 && mapped beside tcp 5060 && mapped beside udp 20003; }
check "alone: it reports that nobody maps ports" wait_until 60 log_has alone 'event=port_mapping_failed.*no UPnP device on the LAN is a router'
check "beside: the real router is found" wait_until 30 all_mapped
check "alone: it was asked, and took the bait" log_has hostile-alone '^fed '
# Counts kernel buffers at both ends too; without a bound it would be as much as the time allows.
fed=$(sed -n 's/^fed \([0-9]*\) .*/\1/p' "$LAB_DIR/hostile-alone.log" | sort -n | tail -1)
check "alone: no answer was read to more than 16 MiB ($fed octets)" test "$fed" -lt $((16 << 20))
grown=$(($(memory) - before))
check "alone: memory grew by less than 64 MiB ($grown KiB)" test $grown -lt $((64 << 10))
check "alone: files are served all the while" test "$(lab_in alone-phone curl -s -m 5 http://$EDGE:6970/a.cnf)" = here
for home in "${homes[@]}"; do dropwire_stop $home; done
lab_done
