#!/usr/bin/env bash
# A hosted Dropwire on the open internet, and everything at once: garbage, registrations, calls, missing files, guessed names, RTP,
# half messages and held connections, by UDP from 131,072 addresses and by TCP from some hundred. Meanwhile healthy phones
# boot, register, call and talk: not one of their actions may fail, and what the strangers took is given back.
. "$(dirname "$0")/lab.sh"
lab_begin 280
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
# The load of other programs on this machine should not matter: everything but the strangers has a higher priority.
renice -n -10 -p $$ >/dev/null 2>&1
for home in sccp sip boot; do lab_home $home masq; done
ip -n "$(ns mallory)" route add local 198.18.0.0/15 dev lo
ip -n "$(ns hosted)" route add 198.18.0.0/15 via $MALLORY
central_files "$LAB_DIR/files"
for n in 0 1 2 3 4 5 6 7 8 9 A B; do cp "$LAB_DIR/files/SEP001122337965.cnf.xml" "$LAB_DIR/files/SEP00000000301$n.cnf.xml"; done
web_start central central "$LAB_DIR/files"
kamailio_start central kam
lab_spawn central echo "$DW_LAB_TOOLS/lab_sip_phone" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 270
lab_spawn central callserver "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 10 --for 270 --talk
wait_until 5 log_has echo listening || fail "there is no echo"
dropwire_start hosted hosted --mode hosted --set "access.listen=[\"$HOSTED\"]" --set access.sip.enable=true --set access.sccp.enable=true \
  --set media.ports=20000-24999 --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" \
  --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" --set "central.sccp.servers=[\"$CENTRAL:2000\"]"

phone_start() { # HOME NAME TOOL SCRIPT ARGUMENT...: leaves NAME.status
  local home=$1 name=$2 tool=$3 script=$4
  shift 4
  : >"$LAB_DIR/$name.log"
  (
    lab_in "$home-phone" timeout 150 "$DW_LAB_TOOLS/$tool" --for 140 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
    echo $? >"$LAB_DIR/$name.status"
  ) &
}
boots() { # fetches by TFTP and HTTP in turn, as phones of several makes do, until the strangers have gone; one line per file. Speed: tests/bench
  local n=0
  while [[ ! -e $LAB_DIR/gone ]]; do
    n=$((n + 1))
    for from in tftp://$HOSTED:69 http://$HOSTED:6970; do
      lab_in boot-phone curl -s -f -m 60 -o "$LAB_DIR/got" "$from/SEP001122337965.cnf.xml" && grep -q '</device>' "$LAB_DIR/got" &&
        echo "got $from" || echo "missed $from"
    done
  done >"$LAB_DIR/boots.log" 2>&1
}
cli() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
unit_limit() { sed -n "s/^$1=//p" "$LAB_HERE/../../packaging/debian/dropwire.service" | numfmt --from=iec; }
memory() { awk -v what="$1:" '$1 == what { print int($2 / 1024) }' "/proc/${LAB_PID[hosted]}/status"; }
metric() { curl -s -m 5 --unix-socket "$LAB_DIR/hosted/control.sock" http://localhost/metrics | awk -v name="$1" '$1 == name { print int($2) }'; }
# Prints the tables that are beyond their bounds; false if there are such, or no tables at all.
tables_within() {
  curl -s -m 5 --unix-socket "$LAB_DIR/hosted/control.sock" http://localhost/metrics |
    awk -F'[{}" ]+' '$1 == "dropwire_table_entries" { entries[$3] = $NF } $1 == "dropwire_table_bound" { bound[$3] = $NF }
      END { for (name in entries) { n++; if (!(name in bound) || entries[name] > bound[name]) { print "  " name ": " entries[name] " of " bound[name]; bad = 1 } }
            exit bad || n < 10 }'
}

# Some were here before the strangers, others are new while they rage.
call="dial 600; wait connected 15; expect-rtp 50 from self 15; hangup; wait ended 15"
sccp_call="dial 600; wait media 15; expect-rtp 50 15; hangup; wait ended 15"
phone_start sip before lab_sip_phone "register; wait registered 15; note there; wait-file $LAB_DIR/raging 40; $call; refresh; wait registered 15; $call; wait-file $LAB_DIR/calmed 90; $call
  unregister; wait unregistered 15" --server $HOSTED:5060 --nat-enabled --phones 12 --device SEP000000001000 --first-ext 1010 --listen-port 6000 --rtp 16384
phone_start sccp before-sccp lab_sccp_phone "register; wait registered 15; wait-file $LAB_DIR/raging 40; $sccp_call; wait-file $LAB_DIR/calmed 90; $sccp_call; unregister; wait unregistered 15" \
  --server $HOSTED:2000 --phones 12 --device SEP000000003000
wait_until 20 log_has before "note there" || fail "no phone registers, and nobody disturbs it yet"
registered_now() { [[ $(metric dropwire_sccp_registered) == 12 ]]; }
wait_until 20 registered_now
check "phones register while it is quiet" registered_now
quiet=$(memory VmRSS)

lab_spawn mallory crowd nice -n 10 "$DW_LAB_TOOLS/lab_crowd" $HOSTED 40 1
wait_until 5 log_has crowd begins
: >"$LAB_DIR/raging"
boots &
booting=$!
# As every phone does first: taking a file by HTTP, or completely by TFTP, proves the address, and a phone that took its
# own config has more right to its name than a stranger who registered it before.
lab_in sip-phone curl -s -f -m 60 --retry 3 -o "$LAB_DIR/first" "http://$HOSTED:6970/SEP001122337965.cnf.xml" || fail "sip: no file"
lab_in sccp-phone curl -s -f -m 60 --retry 3 -o "$LAB_DIR/first" "http://$HOSTED:6970/SEP00000000301[0-9].cnf.xml" -o "$LAB_DIR/first" "http://$HOSTED:6970/SEP00000000301[A-B].cnf.xml" || fail "sccp: no file"
phone_start sip new lab_sip_phone "register; wait registered 20; $call; refresh; wait registered 15; $call; unregister; wait unregistered 15" \
  --server $HOSTED:5060 --nat-enabled --phones 12 --device SEP000000001100 --first-ext 1110 --listen-port 7000 --rtp 20000
phone_start sccp new-sccp lab_sccp_phone "register; wait registered 20; $sccp_call; unregister; wait unregistered 15" \
  --server $HOSTED:2000 --phones 12 --device SEP000000003010 --first-ext 1101 --rtp 20000
wait_until 60 log_has crowd 'sent trickle' || fail "the strangers do not end"
check "every table is within its bound" tables_within
peak=$(memory VmHWM)
threads=$(find "/proc/${LAB_PID[hosted]}/task" -mindepth 1 -maxdepth 1 | wc -l)
: >"$LAB_DIR/calmed"
: >"$LAB_DIR/gone"
wait $booting

ended() { [[ -s $LAB_DIR/$1.status ]]; }
well() { # WHAT NAME
  wait_until 100 ended "$2" || echo 124 >"$LAB_DIR/$2.status"
  check "$1" test "$(cat "$LAB_DIR/$2.status")" = 0
}
well "SIP phones that were there call, are called back to the server and register again, whatever strangers do" before
well "so do SCCP phones" before-sccp
well "SIP phones that come in the middle of it register, and call" new
well "so do SCCP phones" new-sccp
got=$(grep -c '^got' "$LAB_DIR/boots.log")
check "every file that a booting phone asked for came ($got)" sh -c "test $got -ge 4 && ! grep -q missed '$LAB_DIR/boots.log'"
check "memory stays within bounds ($quiet MiB before, $peak at most)" test "$peak" -lt $((quiet + 200))
check "and well below what its unit lets it have" test "$((peak << 20))" -lt "$(($(unit_limit MemoryMax) / 2))"
check "so does the number of threads ($threads)" test "$threads" -lt "$(unit_limit TasksMax)"
sed -n 's/^sent /  sent /p' "$LAB_DIR/crowd.log"
calm() { [[ $(metric dropwire_sccp_connections)$(metric dropwire_sip_calls)$(metric dropwire_media_streams) == 000 ]]; }
wait_until 60 calm
check "and what strangers held is given back" calm
dropwire_stop hosted
lab_done
