#!/usr/bin/env bash
# Whole boots of three phones in one home, as cisco documents and boot logs give them: a 7965 (SCCP 9.4, HTTP, with a
# firmware upgrade), a 7960 (SIP 8.12, TFTP) and a 7941 that still holds a trust list. Through an edge box on the LAN
# with an HTTP origin, and through a hosted Dropwire behind the router.
# shellcheck disable=SC2317  # functions that are called by a name in a variable
. "$(dirname "$0")/lab.sh"
lab_begin 200

central_files "$LAB_DIR/files"
lab_internet
lab_home home masq edge
for phone in 7965:65 7960:60 7941:41; do home_host home "${phone%:*}" "${phone#*:}"; done
web_start central central "$LAB_DIR/files"
for where in home-edge hosted; do
  dropwire_start $where $where --mode "${where#home-}" --set "central.provisioning.origins=[\"http://$CENTRAL:6970/\"]"
done

lists() { # HOW MAC ERROR
  echo "$1 CTLSEP$2.tlv error $3"
  echo "$1 ITLSEP$2.tlv error $3"
}
expected_7965() {
  local mac=001122337965 boot name
  for boot in 1 2; do
    lists http "$mac" 404
    echo "http ITLFile.tlv error 404"
    echo "http Chirp1.raw ok"
    echo "http SEP$mac.cnf.xml ok"
    ((boot == 2)) && break
    for name in SCCP45.9-4-2SR3-1S.loads jar45sccp.9-4-2ES26.sbn cnu45.9-4-2ES26.sbn apps45.9-4-2ES26.sbn \
      dsp45.9-4-2ES26.sbn cvm45sccp.9-4-2ES26.sbn; do
      echo "http $name ok"
    done
  done
  for name in English_United_States/be-sccp.jar United_States/g3-tones.xml Ringlist.xml DistinctiveRingList.xml \
    Chirp1.raw Desktops/320x212x16/List.xml Desktops/320x212x16/coast-tn.png Desktops/320x212x16/coast.png; do
    echo "http $name ok"
  done
}
expected_7960() {
  local mac=001122337960
  echo "tftp CTLSEP$mac.tlv error 1"
  echo "tftp SEP$mac.cnf.xml error 1"
  echo "tftp P0S3-8-12-00.loads ok"
  echo "tftp SIPDefault.cnf ok"
  echo "tftp ./SIP$mac.cnf ok"
  printf '%s\n' "tftp RINGLIST.DAT ok" "tftp dialplan.xml ok" # at the same time
}
expected_7941() {
  local mac=001122337941 boot
  for boot in 1 2 3; do
    lists tftp "$mac" 1
    echo "tftp SEP$mac.cnf.xml.sgn error 1"
  done
}

# Every file on the phone is the central server's, or a rewritten one.
files_right() { # DIR ADDRESS
  local path name
  while read -r path; do
    name=${path#"$1"/}
    case $name in
      SEP*.cnf.xml) rewritten "$LAB_DIR/files/$name" "$path" "$2" ;;
      SIP*.cnf) same <(sed -E "s/^(proxy1_address|dyn_tftp_addr): [0-9.]+/\1: $2/" "$LAB_DIR/files/$name") "$path" ;;
      RINGLIST.DAT) same "$LAB_DIR/files/ringlist.dat" "$path" ;; # the server has it in another case
      *) same "$LAB_DIR/files/$name" "$path" ;;
    esac || {
      echo "wrong: $name"
      return 1
    }
  done < <(find "$1" -type f)
}

boot() { # MODEL WHERE ADDRESS
  local out=$LAB_DIR/$2-$1
  mkdir -p "$out"
  lab_in "home-$1" "$DW_LAB_TOOLS/lab_phone" boot "$1" "$3" "00112233$1" "$out" >"$out.asked"
  echo "$?" >"$out.status"
}
waiting=()
for model in 7965 7960 7941; do
  boot $model home-edge $EDGE &
  waiting+=($!)
  boot $model hosted $HOSTED &
  waiting+=($!)
done
wait "${waiting[@]}"

story_of() { "$DW_BIN" phone "SEP00112233$2" --json --socket "$LAB_DIR/$1/control.sock" -c "$LAB_DIR/empty.toml" 2>&1; }
finds() { story_of "$1" "$2" | grep -q "\"$3\""; }
for where in home-edge hosted; do
  address=$EDGE
  [[ $where == hosted ]] && address=$HOSTED
  for model in 7965 7960 7941; do
    out=$LAB_DIR/$where-$model
    check "$where, $model: booted" test "$(cat "$out.status")" = 0
    if diff <("expected_$model" | sort) <(sed -E 's/ ok [0-9]+$/ ok/' "$out.asked" | sort); then
      pass "$where, $model: each request answered as it should be"
    else
      fail "$where, $model: answers differ (< expected, > got)"
    fi
    check "$where, $model: files are right" files_right "$out" "$address"
    story_of $where $model >"$out.json"
    check "$where, $model: has a story" grep -q '"story"' "$out.json"
  done
  # After enough silence to be sure that it won't request the plain config.
  check "$where, 7941: the finding asks to erase the trust list" wait_until 45 finds $where 7941 trust_list_present
  for model in 7965 7960; do
    story_of $where $model >"$LAB_DIR/$where-$model.json"
    check "$where, $model: nothing is found wrong" grep -Eq '"findings": *\[ *\]' "$LAB_DIR/$where-$model.json"
  done
  check "$where, 7965: SCCP" grep -Eq '"protocol": *"sccp"' "$LAB_DIR/$where-7965.json"
  check "$where, 7960: SIP" grep -Eq '"protocol": *"sip"' "$LAB_DIR/$where-7960.json"
  check "$where: no secret in the log" sh -c "! grep -q not-for-logs $LAB_DIR/$where.log"
  dropwire_stop $where
done
lab_done
