#!/usr/bin/env bash
# Settings are reloaded twenty times, with changes, while a file is sent to a phone over a slow line, an SCCP phone stays
# registered, and a SIP phone talks: nothing is lost, and new settings apply to what comes next. Invalid settings, and a
# listener whose port is in use, change nothing. Then it stops: idle phones don't delay that, a call does.
. "$(dirname "$0")/lab.sh"
. "$(dirname "$0")/sip.sh"
lab_begin 120
sip_needs baresip

lab_internet
lab_home home masq shim
central_files "$LAB_DIR/files"
web_start central web "$LAB_DIR/files"
kamailio_start central kam
: >"$LAB_DIR/cm.log"
lab_spawn central cm "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 5 --for 110 --talk
wait_until 5 bound central tcp 2000 || fail "no SCCP server"

settings() { # TOML LINE...: the settings for the next reload
  mkdir -p "$LAB_DIR/conf.d"
  {
    echo "central.provisioning.origins = [\"http://$CENTRAL:6970/\"]"
    printf '%s\n' "$@"
  } >"$LAB_DIR/conf.d/lab.toml"
}
both="access.listen = [\"$HOSTED\"]"
one=("central.sccp.servers = [\"$CENTRAL:2000\"]" "central.sip.servers = [\"udp:$CENTRAL:5060\"]")
settings "$both" "${one[@]}"
dropwire_start hosted hosted --mode hosted
cli() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }

lab_shim home delay_us=15000
(fetch_same home-phone tftp $HOSTED cvm45sccp.9-4-2ES26.sbn "$LAB_DIR/got" "$LAB_DIR/files/cvm45sccp.9-4-2ES26.sbn" 70
  echo $? >"$LAB_DIR/fetch.status") &
(lab_in home-phone timeout 100 "$DW_LAB_TOOLS/lab_sccp_phone" --server $HOSTED:2000 --for 95 --device SEP000000001001 --do "register; wait registered 15
    sleep 22s; dial 600; wait media 15; expect-rtp 50 15; hangup; wait ended 15; wait disconnected 40" >"$LAB_DIR/phone.log" 2>&1
  echo $? >"$LAB_DIR/phone.status") &
baresip_start central far 3002 $CENTRAL 4442 tone=880 answer=auto
baresip_start home-phone near 3001 $HOSTED 4441 tone=440
baresip_do home-phone 4441 dial sip:3002@$HOSTED
check "a call is up" wait_until 15 hears near 880
check "and heard at the far end" wait_until 15 hears far 440
check "an SCCP phone is registered" wait_until 15 log_has phone registered
check "a file is on its way" test ! -e "$LAB_DIR/fetch.status"

reloads() { cli log --json | grep -c 'event=reloaded'; }
for i in {1..20}; do
  listen=$both
  ((i > 5)) && listen="access.listen = [\"$HOSTED\", \"$HOSTED2\"]"
  other=("media.ports = \"$((20000 + 100 * i))-$((20398 + 100 * i))\"" "media.keepalive = \"$((2 + i % 5))s\"" "media.dscp = $((i + 20))"
    "access.tftp.max_sessions = $((500 + i))" "access.http.max_connections = $((100 + i))" "access.http.idle_timeout = \"$((20 + i))s\""
    "access.sccp.connection_rate = $((50 + i))" "access.sccp.max_version = $((11 + i % 10))" "access.sip.message_rate = $((100 + i))"
    "access.sip.max_calls = $((500 + i))" "cache.size = \"$((100 + i))MiB\"" "phones.story_steps = $((40 + i))" "admin.max_connections = $((40 + i))"
    "central.sip.ping = \"$((10 + i))s\"")
  servers=("${one[@]}")
  # The server where all are registered is removed and comes back.
  ((i % 4 == 1)) && servers=("central.sccp.servers = [\"$CENTRAL:2001\", \"$CENTRAL:2000\"]" "central.sip.servers = [\"udp:$CENTRAL:5061\", \"udp:$CENTRAL:5060\"]")
  ((i % 4 == 2)) && servers=("central.sccp.servers = [\"$CENTRAL:2001\"]" "central.sip.servers = [\"udp:$CENTRAL:5061\"]")
  settings "$listen" "${other[@]}" "${servers[@]}"
  if ((i % 2)); then
    kill -HUP "${LAB_PID[hosted]}"
    reloaded() { (($(grep -c 'event=reloaded' "$LAB_DIR/hosted.log") == i)); }
    wait_until 5 reloaded || fail "reload $i by SIGHUP"
  else
    cli reload >"$LAB_DIR/said" || fail "reload $i: $(cat "$LAB_DIR/said")"
  fi
  sleep 0.5
done
fds() { find "/proc/${LAB_PID[hosted]}/fd" -mindepth 1 | wc -l; }
before=$(fds)
for i in {1..100}; do
  kill -HUP "${LAB_PID[hosted]}"
  sleep 0.02
done
check "a hundred more leave it as it is" cli status >/dev/null
check "with no more open than before ($before)" test "$(fds)" -le $((before + 4))
check "the reloads were taken" test "$(grep -c 'event=reloaded' "$LAB_DIR/hosted.log")" -ge 21
check "the call is still heard" hears near 880
check "at both ends" hears far 440
check "it never ended" sh -c "! grep -q 'session closed\|terminate call' '$LAB_DIR/near.log' '$LAB_DIR/far.log'"
check "no voice was lost" sh -c "'$DW_BIN' calls --json --socket '$LAB_DIR/hosted/control.sock' -c '$LAB_DIR/empty.toml' | tr -d ' \n' |
  grep -q '\"from_\(phone\|central\)\":{[^}]*\"lost\":0,[^}]*}.*\"from_\(phone\|central\)\":{[^}]*\"lost\":0,'"
check "the SCCP phone stayed registered" sh -c "! grep -q disconnected '$LAB_DIR/phone.log'"
check "and was so only once" test "$(grep -c 'event=phone_registered\|event=registered' "$LAB_DIR/hosted.log")" -le 3
check "the new address answers" fetch_same home-phone http $HOSTED2 Chirp1.raw "$LAB_DIR/chirp" "$LAB_DIR/files/Chirp1.raw"
check "by SCCP and SIP as well" sh -c "lab() { ip netns exec '$(ns hosted)' ss -Hlntu; }; lab | grep -q '$HOSTED2:2000 ' && lab | grep -q '$HOSTED2:5060 '"

# Invalid settings: none of them is applied.
settings "access.listen = [\"$HOSTED\", \"$HOSTED2\", \"203.0.113.99\"]" "${one[@]}" "phones.story_steps = 99"
check "a listener that can't be had is refused" sh -c "! '$DW_BIN' reload --socket '$LAB_DIR/hosted/control.sock' -c '$LAB_DIR/empty.toml' >'$LAB_DIR/said' 2>&1"
check "and named" grep -q '203.0.113.99' "$LAB_DIR/said"
settings "access.listen = [\"$HOSTED\", \"$HOSTED2\"]" 'media.prots = "1-2"'
check "a mistake is refused" sh -c "! '$DW_BIN' reload --socket '$LAB_DIR/hosted/control.sock' -c '$LAB_DIR/empty.toml' >'$LAB_DIR/said' 2>&1"
check "and named too" grep -q 'media.prots' "$LAB_DIR/said"
settings "$both" "${one[@]}" "media.threads = 3" 'access.tftp.port = 6969'
check "what needs a restart is taken with the rest" cli reload >"$LAB_DIR/said"
for name in access.listen media.threads access.tftp.port; do check "and said by name: $name" grep -q "^$name is read at start only" "$LAB_DIR/said"; done

fetched() { [[ -s $LAB_DIR/fetch.status ]]; }
wait_until 60 fetched || fail "the file never came"
check "the file that was on its way is whole" test "$(cat "$LAB_DIR/fetch.status")" = 0
check "the SCCP phone calls on ports of the last range" wait_until 40 log_has phone 'rtp received'
check "the log's level changes while it runs" cli log --level debug
check "as the log says" log_has hosted 'action=log_level level=debug'

# Stopping: the idle phone is disconnected, the call continues until drain.timeout.
idle() { [[ $(cli calls --json | tr -d ' \n') == *'"total":1,'* ]]; }
wait_until 30 idle || fail "the SCCP call does not end"
kill -TERM "${LAB_PID[hosted]}"
check "the idle phone is hung up on at once" wait_until 2 log_has phone disconnected
check "while the call goes on" hears far 440
gone() { ! kill -0 "${LAB_PID[hosted]}" 2>/dev/null; }
wait_until 8 gone || fail "it does not end"
wait "${LAB_PID[hosted]}"
check "then it ends, with status 0" test $? = 0
check "because drain.timeout had passed" log_has hosted event=drain_timeout
unset 'LAB_PID[hosted]'
baresip_do home-phone 4441 hangup

# Idle phones alone delay nothing, and SIP phones are known again at the next start.
settings "$both" "${one[@]}"
: >"$LAB_DIR/hosted.log"
dropwire_start hosted hosted --mode hosted
check "registrations are as they were" grep -q 'event=sip_state bindings=[1-9]' "$LAB_DIR/hosted.log"
dropwire_stop hosted
check "with nobody in a call it ends at once" sh -c "! grep -q drain_timeout '$LAB_DIR/hosted.log'"
lab_done
