#!/usr/bin/env bash
# What a stranger can get from a hosted Dropwire: requests are not worth forging, nothing can be written, and a flood
# does not keep a phone from its file. Answers come from the address of the request, also with IPv6.
. "$(dirname "$0")/lab.sh"
lab_begin 200

mkdir "$LAB_DIR/files"
head -c 100000 /dev/urandom >"$LAB_DIR/files/f.bin"
cp "$LAB_DIR/files/f.bin" "$LAB_DIR/files/f"
lab_internet
lab_home home masq
serve=(--mode hosted --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]")
dropwire_start hosted dropwire "${serve[@]}" --set 'access.listen=["0.0.0.0", "::"]'
dropwire_start central bound "${serve[@]}" --set "access.listen=[\"$CENTRAL\"]"

probe() { # NAME SERVER FILE KEY=VALUE…
  local name=$1
  shift
  lab_in mallory "$DW_LAB_TOOLS/lab_probe" "$@" >"$LAB_DIR/probe-$name" 2>&1
}
field() { sed -nE "s/.*$2=([0-9]+).*/\1/p" "$LAB_DIR/probe-$1" | tail -n 1; }
# Each watches for 14 s: longer than a session whose peer never acknowledges may live.
waiting=()
in_background() {
  probe "$@" &
  waiting+=($!)
}
in_background plain $HOSTED f.bin watch=14
in_background short $HOSTED f watch=14
in_background option $HOSTED f.bin watch=14 option=blksize:1428
in_background missing $HOSTED none.bin watch=14
in_background write $HOSTED f.bin opcode=2 watch=3
in_background port-53 $HOSTED f.bin source_port=53 watch=4
in_background broadcast 203.0.113.255 f.bin broadcast=1 watch=4
in_background second $HOSTED2 f.bin watch=3
in_background v6 2001:db8::10 f.bin watch=3
in_background v6-second 2001:db8::11 f.bin watch=3
in_background bound $CENTRAL f.bin watch=3
wait "${waiting[@]}"

at_most() { # PROBE TIMES PACKETS
  local sent received packets
  sent=$(field "$1" sent) received=$(field "$1" received) packets=$(field "$1" packets)
  check "$1: $received octets in $packets packets for $sent: at most $2 times, $3 packets, and something" \
    test $((received <= $2 * sent && packets <= $3 && packets > 0)) = 1
}
at_most plain 26 2
at_most short 26 2
at_most option 2 2
at_most missing 2 1
check "write request: refused by ERROR 2, once" grep -q 'opcode=5 number=2 ' "$LAB_DIR/probe-write"
at_most write 2 1
check "write request: the file is as it was" same "$LAB_DIR/files/f" "$LAB_DIR/files/f.bin"
check "from port 53: no answer" test "$(field port-53 packets)" = 0
check "to the broadcast address: no answer" test "$(field broadcast packets)" = 0
answered_by() { # PROBE ENDPOINT: all answers came from there
  check "$1: answers come from $2" test "$(grep '^from=' "$LAB_DIR/probe-$1" | cut -d ' ' -f 1 | sort -u)" = "from=$2"
}
answered_by plain $HOSTED:69
answered_by second $HOSTED2:69
answered_by v6 '[2001:db8::10]:69'
answered_by v6-second '[2001:db8::11]:69'
answered_by bound $CENTRAL:69
for server in $HOSTED2 '[2001:db8::10]' '[2001:db8::11]' $CENTRAL; do
  check "whole file from $server" fetch_same mallory curl "$server" f.bin "$LAB_DIR/got" "$LAB_DIR/files/f.bin"
  check "whole file from $server, HTTP" fetch_same mallory http "$server" f.bin "$LAB_DIR/got" "$LAB_DIR/files/f.bin"
done

# 20000 requests from 20000 forged addresses, and a phone.
ip -n "$(ns mallory)" route add local 198.18.0.0/16 dev lo
ip -n "$(ns hosted)" route add 198.18.0.0/16 via 203.0.113.66
lab_in mallory "$DW_LAB_TOOLS/lab_probe" $HOSTED f.bin source=198.18.0.0 flood=20000 >"$LAB_DIR/flood" 2>&1 &
flood=$!
for client in tftp curl; do
  check "a phone is served during a flood, $client" \
    fetch_same home-phone $client $HOSTED f.bin "$LAB_DIR/got" "$LAB_DIR/files/f.bin" 20
done
wait $flood
check "the flood was one" grep -q flooded=20000 "$LAB_DIR/flood"
check "a phone is served after a flood" fetch_same home-phone atftp $HOSTED f.bin "$LAB_DIR/got" "$LAB_DIR/files/f.bin" 20
dropwire_stop dropwire
dropwire_stop bound
lab_done
