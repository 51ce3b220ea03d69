#!/usr/bin/env bash
# A hosted Dropwire that gives a phone's own files only where the phone is admitted: by its registration, SCCP and SIP, by the
# operator, by a list; in two homes, over a change of address, a reload and a restart.
. "$(dirname "$0")/lab.sh"
lab_begin 170
. "$(dirname "$0")/sip.sh"
sip_needs

lab_internet
for home in one two; do lab_home $home masq; done
central_files "$LAB_DIR/files"
for device in SEP001122330071 SEP001122330072 SEP001122330073 SEP001122330074; do
  cp "$LAB_DIR/files/SEP001122337965.cnf.xml" "$LAB_DIR/files/$device.cnf.xml"
done
web_start central central "$LAB_DIR/files"
kamailio_start central kam
lab_spawn central callserver "$DW_LAB_TOOLS/lab_sccp_server" --listen "$CENTRAL:2000" --guests 1001 --keepalive 10 --for 160
printf '# nobody yet\n' >"$LAB_DIR/phones.csv"
hosted_start() {
  dropwire_start hosted hosted --mode hosted --set "access.listen=[\"$HOSTED\"]" --set "central=$CENTRAL" \
    --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" \
    --set "central.sccp.servers=[\"$CENTRAL:2000\"]" --set access.provisioning.phones=known \
    --set "access.provisioning.list=$LAB_DIR/phones.csv"
}
hosted_start

does() { "$DW_BIN" "$@" --socket "$LAB_DIR/hosted/control.sock" -c "$LAB_DIR/empty.toml" >"$LAB_DIR/said" 2>&1; }
gets() { fetch "$1-phone" http $HOSTED "$2" "$LAB_DIR/got" 10; }                           # HOME FILE
gets_by_tftp() { fetch "$1-phone" curl $HOSTED "$2" "$LAB_DIR/got" 10; }
phone_start() { # HOME NAME TOOL ARGUMENT...: registers and stays
  local home=$1 name=$2 tool=$3 then=""
  shift 3
  [[ $tool == lab_sip_phone ]] && then="note registered;"
  lab_spawn "$home-phone" "$name" "$DW_LAB_TOOLS/$tool" --for 120 --do "register; wait registered 15; $then sleep 100" "$@"
  wait_until 20 log_has "$name" registered || fail "$name does not register"
}
admitted() { does admit && grep -Eq "^ *$1 +$2 +$3" "$LAB_DIR/said"; } # DEVICE ADDRESS BY

check "no phone that is admitted nowhere gets its config by HTTP" eval '! gets one SEP001122330071.cnf.xml'
check "nor by TFTP, nor in another spelling" eval '! gets_by_tftp one SEP001122330071.cnf.xml && ! gets one sep001122330071.CNF.xml'
check "what is no phone's own file it gets" gets one Chirp1.raw

phone_start one sccp lab_sccp_phone --server $HOSTED:2000 --device SEP001122330071
check "a phone that registered by SCCP is admitted where it is" wait_until 10 admitted SEP001122330071 '203\.0\.113\.[0-9]+' registration
check "it gets its config there" gets one SEP001122330071.cnf.xml
check "by TFTP too" gets_by_tftp one SEP001122330071.cnf.xml
check "nobody gets it elsewhere" eval '! gets two SEP001122330071.cnf.xml'

phone_start one sip lab_sip_phone --server $HOSTED:5060 --nat-enabled --device SEP001122330072 --first-ext 1010 --listen-port 6000
check "a phone that registered by SIP is admitted where it is" wait_until 10 admitted SEP001122330072 '203\.0\.113\.[0-9]+' registration
check "it gets its config there" gets one SEP001122330072.cnf.xml
phone_start two thief lab_sip_phone --server $HOSTED:5060 --nat-enabled --device SEP001122330072 --first-ext 1020 --listen-port 6000
check "another user who names it gets nothing" eval '! gets two SEP001122330072.cnf.xml'
lab_stop thief
phone_start two moved lab_sip_phone --server $HOSTED:5060 --nat-enabled --device SEP001122330072 --first-ext 1010 --listen-port 6002
check "its own user does, in another home" wait_until 10 gets two SEP001122330072.cnf.xml

check "the operator admits one phone" does admit SEP001122330073 --for 1m
check "it gets its config" gets_by_tftp two SEP001122330073.cnf.xml
check "a phone that nobody admitted does not" eval '! gets two SEP001122330074.cnf.xml'
check "its story says so, and what to do" eval 'does phone SEP001122330074; grep -q "was not admitted" "$LAB_DIR/said" && grep -q "dropwire admit" "$LAB_DIR/said"'

printf 'name,mac\nhall,00:11:22:33:00:74\nno phone at all\n' >"$LAB_DIR/phones.csv"
check "a list with a bad line is refused, by its number" eval '! does reload && grep -q "phones.csv:3:1: error" "$LAB_DIR/said"'
check "and the old one stays" eval '! gets two SEP001122330074.cnf.xml'
printf 'name,mac\nhall,00:11:22:33:00:74\n' >"$LAB_DIR/phones.csv"
check "a good one is taken" does reload
check "a phone of the list gets its config" gets two SEP001122330074.cnf.xml
check "and then nobody else" eval '! gets one SEP001122330074.cnf.xml'

lab_stop hosted
hosted_start
for device in SEP001122330071 SEP001122330072; do check "after a restart $device is admitted still" gets one $device.cnf.xml; done
check "so is the one that the operator admitted" gets two SEP001122330073.cnf.xml
check "nobody else is" eval '! gets one SEP001122330073.cnf.xml'
dropwire_stop hosted
lab_done
