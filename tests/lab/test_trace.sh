#!/usr/bin/env bash
# One phone is traced while it gets its files, registers by SCCP, and somebody beside it by SIP: the capture opens in tshark, both
# sides are in it, and every protocol is understood; the text lines name the messages but no secrets.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
lab_begin 60
sip_needs baresip tshark

lab_internet
lab_home home masq
central_files "$LAB_DIR/files"
web_start central web "$LAB_DIR/files"
kamailio_start central kam
: >"$LAB_DIR/cm.log"
lab_spawn central cm "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 5 --for 55 --talk
wait_until 5 bound central tcp 2000 || fail "no SCCP server"
dropwire_start hosted hosted --mode hosted --set "access.listen=[\"$HOSTED\"]" --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" \
  --set "central.sccp.servers=[\"$CENTRAL:2000\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]"

trace() { # NAME ARGUMENT...
  local name=$1
  shift
  lab_spawn hosted "$name" "$DW_BIN" trace "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml"
}
: >"$LAB_DIR/lines.log"
: >"$LAB_DIR/capture.log"
: >"$LAB_DIR/named.log"
trace lines 203.0.113.101
trace capture 203.0.113.101 -w "$LAB_DIR/phone.pcapng"
trace named SEP000000001001
began() { (($(grep -c 'event=trace_began' "$LAB_DIR/hosted.log") == 3)); }
wait_until 10 began || fail "the traces were not begun"

check "a file" fetch home-phone tftp $HOSTED Chirp1.raw "$LAB_DIR/got"
check "a file by HTTP" fetch home-phone http $HOSTED Chirp1.raw "$LAB_DIR/got"
check "an SCCP phone registers and calls" lab_in home-phone timeout 30 "$DW_LAB_TOOLS/lab_sccp_phone" --server $HOSTED:2000 --for 25 \
  --device SEP000000001001 --do "register; wait registered 15; dial 600; wait media 15; hangup; wait ended 15; unregister; wait unregistered 10"
check "a SIP phone registers" baresip_start home-phone near 3001 $HOSTED 4441
check "lines name what was said by SIP" wait_until 5 log_has lines 'SIP REGISTER sip:'

kill -INT "${LAB_PID[capture]}"
unset 'LAB_PID[capture]'
shark() { tshark -r "$LAB_DIR/phone.pcapng" "$@" 2>"$LAB_DIR/shark.errors"; }
seen() { (($(shark -Y "$1" | wc -l) > 0)); }
check "tshark reads the capture to its end" shark -q -z io,phs >"$LAB_DIR/phs"
check "without a complaint" sh -c "! grep -qi 'cut short\|damaged\|error' '$LAB_DIR/shark.errors'"
for side in 'phone side' 'central side'; do
  check "SIP on the $side" seen "sip.Method == \"REGISTER\" && frame.interface_name == \"$side\""
  check "SCCP on the $side" seen "skinny.messageId == 0x0001 && frame.interface_name == \"$side\""
  check "answers on the $side" seen "sip.Status-Code == 200 && frame.interface_name == \"$side\""
done
check "TFTP of the phone" seen 'tftp.opcode == 1 && frame.interface_name == "phone side"'
check "its blocks" seen 'tftp.opcode == 3'
check "HTTP" seen 'http.request.method == "GET"'
check "nothing is malformed" sh -c "! tshark -r '$LAB_DIR/phone.pcapng' -Y '_ws.malformed' 2>/dev/null | grep -q ."
check "no sequence number is missing" sh -c "! tshark -r '$LAB_DIR/phone.pcapng' -Y 'tcp.analysis.lost_segment || tcp.analysis.retransmission' 2>/dev/null | grep -q ."
check "checksums are right" sh -c "! tshark -o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE -o ip.check_checksum:TRUE -r '$LAB_DIR/phone.pcapng' \
  -Y 'udp.checksum.status == 0 || tcp.checksum.status == 0 || ip.checksum.status == 0' 2>/dev/null | grep -q ."
check "lines of both sides by SCCP" log_has lines 'central .*SCCP RegisterReq'
check "lines of TFTP" log_has lines 'phone .*TFTP RRQ "Chirp1.raw"'
check "lines of HTTP" log_has lines 'HTTP GET /Chirp1.raw'
check "what was fetched for the phone" log_has lines "central fetch http://$CENTRAL:6970/Chirp1.raw: whole, [0-9]* octets, [0-9]* ms"
check "no line has a secret" sh -c "! grep -qi 'response=\|nonce' '$LAB_DIR/lines.log'"
check "a phone by its name, before it was ever here" log_has named 'central .*RegisterReq'
check "and what was said at its address before is not in it" sh -c "! grep -q HTTP '$LAB_DIR/named.log'"
refused() { ! lab_in hosted "$DW_BIN" trace "no such" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>/dev/null; }
check "a name that is none is refused" refused
echo kept >"$LAB_DIR/kept.pcapng"
refused_to_file() { ! lab_in hosted "$DW_BIN" trace "no such" -w "$LAB_DIR/kept.pcapng" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>"$LAB_DIR/refused"; }
check "so it is with a file" refused_to_file
check "which stays as it was, and nothing is said of writing" sh -c "grep -q kept '$LAB_DIR/kept.pcapng' && ! grep -q Writing '$LAB_DIR/refused'"
check "by TCP nobody may" test "$(lab_in hosted curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8079/api/phones/SEP000000001001/trace)" = 403
lab_stop lines INT
lab_stop named INT
dropwire_stop hosted
lab_done
