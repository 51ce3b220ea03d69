#!/usr/bin/env bash
# Two PBXs with the same extensions behind one edge, one of them at another port, each accepting only its own domain:
# every phone registers and calls at the server in its own config, also after the edge restarts, and never at the other.
# A line at another provider stays in its config, and doctor says so.
. "$(dirname "$0")/lab.sh"
lab_begin 150
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
lab_home home none edge
kamailio_start central one "at=$CENTRAL:5060" 'DOMAIN="t1.example.net"' 'REALM="one"'
kamailio_start central two "at=$CENTRAL:5160" 'DOMAIN="t2.example.net"' 'REALM="two"'
lab_spawn central echo "$DW_LAB_TOOLS/lab_sip_phone" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 1 \
  --device SEP000000000600 --rtp 10000 --for 140
wait_until 5 log_has echo listening || fail "there is no echo"

config() { # DEVICE HOST PORT [SECOND_LINE_PROXY]
  local second=""
  [[ -z ${4:-} ]] || second="<line button=\"2\"><featureID>9</featureID><proxy>$4</proxy><port>5070</port><name>900</name></line>"
  cat >"$LAB_DIR/files/$1.cnf.xml" <<XML
<device><deviceProtocol>SIP</deviceProtocol><devicePool><callManagerGroup><members><member priority="0"><callManager>
<ports><sipPort>$3</sipPort></ports><processNodeName>$2</processNodeName></callManager></member></members></callManagerGroup></devicePool>
<sipProfile><sipLines><line button="1"><featureID>9</featureID><proxy>USECALLMANAGER</proxy><name>$(printf %d "$((10#${1: -3}))")</name></line>$second</sipLines></sipProfile></device>
XML
}
mkdir -p "$LAB_DIR/files/old"
for extension in 100 101; do
  config SEP000000001$extension t1.example.net 5060
  config SEP000000002$extension t2.example.net 5160
done
config SEP000000003100 t1.example.net 5060 sip.provider.example
config old/SEP000000002100 t1.example.net 5060

edge_start() { # NAME SETTING...
  local name=$1
  shift
  dropwire_start home-edge "$name" --mode edge --set access.tftp.enable=false --set access.sccp.enable=false --set access.sip.enable=true --set "access.listen=[\"$EDGE\"]" \
    --set "central.provisioning.origins=[\"file://$LAB_DIR/files/\"]" "$@"
}
domains=(--set "central.sip.servers=[\"udp:$CENTRAL:5060 t1.example.net\", \"udp:$CENTRAL:5160 t2.example.net\"]")
fetched() { lab_in home-phone curl -sf -m 10 -o "$LAB_DIR/${1##*/}.got" "http://$EDGE:6970/$1.cnf.xml"; }
phones() { # NAME DEVICE PORT SCRIPT: leaves NAME.status
  lab_in home-phone timeout 50 "$DW_LAB_TOOLS/lab_sip_phone" --server $EDGE:5060 --first-ext 100 --phones 2 --device "$2" --listen-port "$3" \
    --rtp $(($3 * 4)) --for 45 --do "$4" >"$LAB_DIR/$1.log" 2>&1
  echo $? >"$LAB_DIR/$1.status"
}
both() { # NAME SCRIPT: the phones of both tenants at the same time
  phones "$1-one" SEP000000001100 5062 "$2" &
  local first=$!
  phones "$1-two" SEP000000002100 5082 "$2"
  wait $first
}
well() { [[ $(cat "$LAB_DIR/$1.status") == 0 ]] || { tail -n 5 "$LAB_DIR/$1.log"; return 1; }; }
refused() { grep -c 'refused the domain' "$LAB_DIR/$1.log"; }
doctor_names() {
  "$DW_BIN" doctor SEP000000003100 --socket "$LAB_DIR/edge/control.sock" -c "$LAB_DIR/empty.toml" 2>&1 | tr -s ' \n' ' ' | grep -qF "$1"
}
names() { kamailio_tells "$1" ul.dump | grep -c 'AoR: 10[01]'; }

# First the judge is tested.
lab_in home-phone timeout 20 "$DW_LAB_TOOLS/lab_sip_phone" --server $CENTRAL:5060 --lenient --first-ext 100 --device SEP000000009100 \
  --listen-port 5142 --rtp 20568 --for 15 --do "register; wait rejected" >"$LAB_DIR/stranger.log" 2>&1
check "a PBX refuses who has another domain, and says so" test "$(refused one)" -gt 0
refused_before=$(refused one)/$(refused two)

edge_start edge "${domains[@]}"
for device in SEP000000001100 SEP000000001101 SEP000000002100 SEP000000002101 SEP000000003100; do
  check "$device gets its config" fetched $device
  check "which names the edge" grep -q "<processNodeName>$EDGE</processNodeName>" "$LAB_DIR/$device.got"
done
calls="register; wait registered; sync; 0: dial +1; 1: wait ringing; 1: answer; wait connected; 0: expect-rtp 20 from +1; 1: expect-rtp 20 from -1; sync
  0: hangup; wait ended; sync; dial 600; wait connected; expect-rtp 20; hangup; wait ended; sync"
both calls "$calls"
for tenant in one two; do
  check "tenant $tenant: its phones register at its own PBX, call each other and the echo" well calls-$tenant
  check "both of them are there, and nobody else" test "$(names $tenant)" = 2
done

check "a line at another provider stays as it is" \
  grep -q "<proxy>sip.provider.example</proxy><port>5070</port>" "$LAB_DIR/SEP000000003100.got"
check "and doctor says so" doctor_names sip.provider.example

check "somebody reads an old copy beside the phones' files" fetched old/SEP000000002100
dropwire_stop edge
edge_start edge "${domains[@]}"
both again "register; wait registered; sync; dial 600; wait connected; expect-rtp 20; hangup; wait ended; sync"
for tenant in one two; do
  check "tenant $tenant: after a restart of the edge its phones, which did not boot, and of one of which an old copy was read, are where they were" well again-$tenant
done

kamailio_stop two
phones alone SEP000000002100 5102 "register; wait unanswered 40" || true
check "while its own PBX is down no phone of tenant two is at the other" test "$(names one)" = 2
check "and nobody ever asked a PBX for another one's domain" test "$(refused one)/$(refused two)" = "$refused_before"
dropwire_stop edge

# The settings name only the central server: the port is the one in the config.
kamailio_start central two "at=$CENTRAL:5160" 'DOMAIN="t2.example.net"' 'REALM="two"'
edge_start alone --set "central=$CENTRAL"
for extension in 100 101; do
  check "SEP000000002$extension gets its config" fetched SEP000000002$extension
done
phones port SEP000000002100 5122 "register; wait registered; sync; dial 600; wait connected; expect-rtp 20; hangup; wait ended"
check "port 5160 of the config is asked where the settings name no port" well port
dropwire_stop alone
lab_done
