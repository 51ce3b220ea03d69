#!/usr/bin/env bash
# The doctor in a whole home: no findings while all is well, for SCCP and SIP, per phone and for the box; then each of
# the main faults is caused for real and must be found by its code.
. "$(dirname "$0")/lab.sh"
lab_begin 110
. "$(dirname "$0")/sip.sh"
sip_needs

good=001122337965 good_sip=001122337960 # their configs are the central server's, like all that these name
central_files "$LAB_DIR/files"
for mac in 001122330064 001122330067; do cp "$LAB_DIR/files/SEP$good.cnf.xml" "$LAB_DIR/files/SEP$mac.cnf.xml"; done
# A directory of the edge's own: a config with two digits swapped, and one whose password no phone takes.
mkdir "$LAB_DIR/own"
cp "$LAB_DIR/files/SEP$good.cnf.xml" "$LAB_DIR/own/SEP001122330606.cnf.xml"
cat >"$LAB_DIR/own/SEP001122330050.cnf.xml" <<XML
<device><deviceProtocol>SIP</deviceProtocol><sipProfile><sipLines><line button="1"><name>1050</name>
<authPassword>a-password-of-some-more-than-thirty-characters</authPassword></line></sipLines></sipProfile></device>
XML
lab_internet
lab_home home masq edge
lab_home alg masq_sip edge # the SIP ALG of the kernel
for phone in good:61 7960:62 list:63 blocked:64 mute:65 files:66 loads:67; do home_host home "${phone%:*}" "${phone#*:}"; done
sccp=$DW_LAB_TOOLS/lab_sccp_phone sip=$DW_LAB_TOOLS/lab_sip_phone

web_start central central "$LAB_DIR/files"
: >"$LAB_DIR/pbx.log"
lab_spawn central pbx "$DW_LAB_TOOLS/lab_sccp_server" --listen $CENTRAL:2000 --guests 1001 --talk --symmetric --for 100
kamailio_start central kam
lab_spawn central echo "$sip" --echo --server $CENTRAL:5060 --bind $CENTRAL --listen-port 5600 --first-ext 600 --phones 3 \
  --device SEP000000000600 --rtp 10000 --for 100
central=(--set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]" --set "central.sccp.servers=[\"$CENTRAL:2000\"]"
  --set "central.sip.servers=[\"udp:$CENTRAL:5060\"]" --set access.sip.enable=true)
dropwire_start home-edge edge --mode edge "${central[@]}" --set access.tftp.give_up=5s \
  --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\",\"file://$LAB_DIR/own\"]"
dropwire_start hosted hosted --mode hosted "${central[@]}" --set "access.listen=[\"$HOSTED\"]"
dropwire_start alg-edge algedge --mode edge --set access.sip.enable=true --set "central.provisioning.origins=[\"http://$HOSTED:6970/\"]" \
  --set "central.sccp.servers=[\"$HOSTED:2000\"]" --set "central.sip.servers=[\"udp:$HOSTED:5060\"]"

ask() { # HOST NAME ARGUMENT...: dropwire doctor
  local host=$1 name=$2
  shift 2
  lab_in "$host" "$DW_BIN" doctor "$@" --socket "$LAB_DIR/$name/control.sock" -c "$LAB_DIR/empty.toml"
}
# Codes of findings, without information about the lab's own machine and router.
codes() {
  ask "$@" --json | sed -n 's/.*"code": "\([a-z_]*\)".*/\1/p' | grep -vxE 'clock_not_synchronised|nat_kind|port_forward_needed'
}
finds() { codes home-edge edge "$2" | grep -qx "$1"; } # CODE PHONE
finds_hosted() { codes hosted hosted "$2" | grep -qx "$1"; }
phone() { # HOST NAME TOOL SERVER SCRIPT ARGUMENT...: to its end
  local host=$1 name=$2 tool=$3 server=$4 script=$5
  shift 5
  lab_in "$host" timeout 60 "$tool" --server "$server" --for 50 --do "$script" "$@" >"$LAB_DIR/$name.log" 2>&1
}
says() { ask home-edge edge "$1" | tr -s ' \n' ' ' | grep -q -- "$2"; } # PHONE WORDS
box_finds() { codes home-edge edge | grep -qx "$1"; }
port_of_thief() { ask home-edge edge --set central=$CENTRAL | tr -s ' \n' ' ' | grep -q 'UDP 0.0.0.0:5060 (access.sip.port) is taken by lab_sip_phone'; }
get() { fetch "home-$1" curl $EDGE "$2" "$LAB_DIR/got" 10; } # PHONE FILE, by TFTP
web() { fetch home-good http $EDGE "$1" "$LAB_DIR/got" 10; }
drops() { # PHONE input|output RULE: its own firewall drops what matches
  lab_in "home-$1" nft -f - <<NFT
table ip lab {
  chain drops { type filter hook $2 priority filter; policy accept;
    $3 drop
  }
}
NFT
}

# ---- all is well -----------------------------------------------------------------------------------------------
boot_well() { # lists, config and what it names, as a 7965 without anything to upgrade
  web "CTLSEP$good.tlv"
  web "ITLSEP$good.tlv"
  web ITLFile.tlv
  web "SEP$good.cnf.xml" && web English_United_States/be-sccp.jar && web United_States/g3-tones.xml && web Ringlist.xml
}
check "the healthy SCCP phone boots" boot_well
check "the healthy SIP phone boots" lab_in home-7960 "$DW_LAB_TOOLS/lab_phone" boot 7960 $EDGE $good_sip "$LAB_DIR"
phone home-good good "$sccp" $EDGE:2000 "register; wait registered 15; dial 600; wait media 15; expect-rtp 300 15
  hangup; wait ended 15; sleep 20s" --device SEP$good &
healthy=$!
phone home-7960 sip "$sip" $EDGE:5060 "register; wait registered 15; dial 600; wait connected 15; expect-rtp 300 from self 20; hangup
  wait ended 15; sleep 20s" --model 7960 --device SEP$good_sip --first-ext 1062 &
healthy_sip=$!

# ---- faults, all at once, as each takes some time --------------------------------------------------------------------
# A phone that receives no audio, and one that sends none.
drops blocked input "udp sport 69"
fetch home-blocked curl $EDGE SEP001122330064.cnf.xml "$LAB_DIR/blocked" 4
# A SIP phone whose password is wrong, and one behind a router that changes SIP.
fetch home-phone curl $EDGE SEP001122330050.cnf.xml "$LAB_DIR/got" 10
phone home-phone wrong "$sip" $EDGE:5060 "register; wait rejected 15; sleep 1s" --device SEP001122330050 --first-ext 1050 --password wrong &
phone alg-phone alg "$sip" $EDGE:5060 "register; wait registered 15; refresh; wait registered 15; sleep 1s" \
  --device SEP001122330051 --first-ext 1051 &
# A trust list; no config; firmware, a language and ringtones that nobody has.
lab_in home-list "$DW_LAB_TOOLS/lab_phone" boot 7941 $EDGE 001122337941 "$LAB_DIR" >/dev/null 2>&1
for file in CTLSEP001122330066.tlv SEP001122330066.cnf.xml XMLDefault.cnf.xml; do get files $file; done
check "a trust list is found" wait_until 15 finds trust_list_present SEP001122337941
check "a phone without a config is found" wait_until 15 finds unknown_device SEP001122330066
check "and the config that is probably meant for it" says SEP001122330066 'SEP001122330606.cnf.xml does, and no phone of that name'
for file in CTLSEP001122330067.tlv SEP001122330067.cnf.xml SCCP45.9-9-9S.loads Elsewhere/be-sccp.jar; do get loads $file; done
check "a load that nobody has is found" finds load_missing SEP001122330067
check "a language that nobody has is found" finds locale_missing SEP001122330067
check "TFTP that does not get through is found" wait_until 20 finds data_not_acknowledged SEP001122330064
check "a wrong password is found" wait_until 20 finds sip_wrong_password SEP001122330050
check "and why the phone may have it wrong" says SEP001122330050 'line 1 has 46 characters, and a phone takes 30'
check "a router that changes SIP is found" wait_until 20 finds_hosted sip_alg SEP001122330051

# ---- all is well: with calls done, and faults of others around ---------------------------------------------------
wait_until 20 log_has good ' ended' || fail "the healthy SCCP phone had no call"
wait_until 20 log_has sip ' ended' || fail "the healthy SIP phone had no call"
# The home's router blocks audio from the call server for a while: that is the box's trouble, not a phone's.
lab_in home-rtr nft -f - <<NFT
table ip quiet {
  chain through { type filter hook forward priority -5; policy accept;
    ip saddr $CENTRAL udp sport 30000-39999 drop
  }
}
NFT
phone home-mute mute "$sccp" $EDGE:2000 "register; wait registered 15; dial 600; wait receive-opened 15; sleep 7s; hangup; wait ended 15" --device SEP001122330065
check "audio one way only is found on the box" wait_until 10 box_finds audio_missing
check "and not on the phone" test -z "$(codes home-edge edge SEP001122330065 | grep one_way_audio)"
lab_in home-rtr nft delete table ip quiet
phone home-mute mute "$sccp" $EDGE:2000 "register; wait registered 15; dial 600; expect-rtp 100 15; hangup; wait ended 15" --device SEP001122330065
for name in SEP$good SEP$good_sip; do
  check "nothing is found on $name" test -z "$(codes home-edge edge $name)"
  check "and the doctor ends with 0 for it" ask home-edge edge $name
done
check "nothing is found on the box" test -z "$(codes home-edge edge)"
ask home-edge edge >"$LAB_DIR/report.log"
check "and the doctor ends with 1, as phones need attention, and says so" test $? = 1
check "in words" grep -q 'phones need attention' "$LAB_DIR/report.log"

# ---- the box's own faults ----------------------------------------------------------------------------------------
lab_stop pbx KILL
lab_stop central KILL
phone home-good gone "$sccp" $EDGE:2000 "register; sleep 2s" --device SEP$good
get files Elsewhere/other.xml
check "a call server that is gone is found" wait_until 10 box_finds call_server_down
check "an origin that is gone is found" wait_until 10 box_finds origin_down
ask home-edge edge >"$LAB_DIR/report.log"
check "the doctor ends with 1 then" test $? = 1
dropwire_stop edge
check "a daemon that is not there is found" box_finds not_running
lab_spawn home-edge thief "$sip" --echo --server $CENTRAL:5060 --bind $EDGE --listen-port 5060 --for 30
wait_until 5 bound home-edge udp 5060 || fail "nobody takes the SIP port"
check "and who has taken its SIP port" port_of_thief
dropwire_stop algedge
dropwire_stop hosted
lab_done
