#!/usr/bin/env bash
# An edge box whose WAN fails during a fetch, whose central server is away, or whose origin breaks off within a
# file: phones get complete and correct files or an error, never a part that looks complete.
. "$(dirname "$0")/lab.sh"
lab_begin 200

central_files "$LAB_DIR/files"
head -c 1500000 /dev/urandom >"$LAB_DIR/files/big.sbn"
config=SEP001122337965.cnf.xml
firmware=jar45sccp.9-4-2ES26.sbn
lab_internet
web_start central central "$LAB_DIR/files"
for home in keeps shuffles; do
  lab_home $home "$([[ $home == keeps ]] && echo masq || echo random)" shim edge || fail "no shim for $home"
  lab_shim $home delay_us=10000 rate_kbps=4000
done
lab_home half masq edge
edge() { # HOME ORIGIN_HOST
  dropwire_start "$1-edge" "edge-$1" --mode edge --set "central.provisioning.origins=[\"http://$2:6970/\"]" \
    --set central.provisioning.stall_timeout=3s
}
edge keeps $CENTRAL
edge shuffles $CENTRAL
edge half $MALLORY

# The file takes 3 s; the router is away for 1 s meanwhile.
fetch keeps-phone curl $EDGE big.sbn "$LAB_DIR/big-keeps" 50 &
keeps=$!
fetch shuffles-phone curl $EDGE big.sbn "$LAB_DIR/big-shuffles" 50 &
shuffles=$!
for home in keeps shuffles; do
  wait_until 15 file_has "$LAB_DIR/big-$home" 300000 || fail "$home: nothing moved"
done
check "keeps: the edge was still fetching" test "$(requests central 'GET /big.sbn')" = 0
lab_wan keeps down
lab_reboot shuffles 1
lab_wan keeps up

# Meanwhile: an origin that promises 400000 octets and closes after 200001.
lab_spawn mallory half "$DW_LAB_TOOLS/lab_half" 6970 "$LAB_DIR/files/$firmware" 200001
wait_until 5 log_has half ready || fail "lab_half did not start"
for client in tftp atftp curl http; do
  if fetch half-phone $client $EDGE $firmware "$LAB_DIR/half-$client" 20 && [[ $client != *tftp ]]; then
    fail "truncated origin, $client: believes that it has the whole file"
  else
    pass "truncated origin, $client: noticed that it failed"
  fi
done
log_has half "broke off" || fail "truncated origin: was never asked"
if lab_in half-phone "$DW_LAB_TOOLS/lab_phone" get $EDGE $firmware "$LAB_DIR/half-phone" >/dev/null; then
  fail "truncated origin, phone: took a part for the whole"
else
  pass "truncated origin, phone: noticed that it failed"
fi
lab_stop half
web_start mallory healed "$LAB_DIR/files"
check "truncated origin: right as soon as the origin is" wait_until 40 \
  fetch_same half-phone http $EDGE $firmware "$LAB_DIR/healed" "$LAB_DIR/files/$firmware" 15

wait $keeps
check "WAN away, ports kept: byte-exact" same "$LAB_DIR/big-keeps" "$LAB_DIR/files/big.sbn"
wait $shuffles
check "WAN away, connection lost: byte-exact" same "$LAB_DIR/big-shuffles" "$LAB_DIR/files/big.sbn"
check "WAN away, connection lost: went on where it broke off" test "$(requests central 'GET /big.sbn 206')" -ge 1

# A new WAN address.
lab_shim keeps delay_us=1000
ip -n "$(ns keeps-rtr)" addr flush dev wan
host_address keeps-rtr wan 203.0.113.199/24
lab_in keeps-rtr conntrack -F >/dev/null 2>&1
check "WAN renumbered: config" fetch keeps-phone curl $EDGE $config "$LAB_DIR/before" 20
check "WAN renumbered: config names the edge" rewritten "$LAB_DIR/files/$config" "$LAB_DIR/before" $EDGE
check "WAN renumbered: firmware" fetch_same keeps-phone curl $EDGE $firmware "$LAB_DIR/fw" "$LAB_DIR/files/$firmware"

stale() { # WHEN
  local client
  for client in curl http; do
    check "$1, $client: the last config" fetch_same keeps-phone $client $EDGE $config "$LAB_DIR/now" "$LAB_DIR/before" 12
    check "$1, $client: firmware" fetch_same keeps-phone $client $EDGE $firmware "$LAB_DIR/now" "$LAB_DIR/files/$firmware"
  done
  check "$1: 503 for what was never had" test 503 = "$(lab_in keeps-phone curl -s -m 12 -o /dev/null -w '%{http_code}' \
    "http://$EDGE:6970/never-had.xml")"
  answered "$1, never had" "tftp://$EDGE/never-had.xml"
}

# The origin accepts connections but does not answer: a phone behind a router must get an answer within 10 s anyway.
answered() { # WHAT URL
  lab_in keeps-phone curl -s -m 10 -o /dev/null "$2"
  check "$1: an answer within 10 s" test $? -ne 28
}
kill -STOP "${LAB_PID[central]}"
answered "origin hangs, TFTP" "tftp://$EDGE/never-asked.xml"
answered "origin hangs, HTTP" "http://$EDGE:6970/never-asked-either.xml"
kill -CONT "${LAB_PID[central]}"

lab_stop central
stale "central server away"
dropwire_stop edge-keeps
edge keeps $CENTRAL
stale "central server away since the edge started"
for name in edge-keeps edge-shuffles edge-half; do dropwire_stop $name; done
lab_done
