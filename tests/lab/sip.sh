# shellcheck shell=bash
# SIP peers for the tests that source this file after lab.sh: Kamailio, sipp, baresip.

# sip_needs TOOL...: exits 77 when one is not installed.
sip_needs() {
  local tool
  for tool in kamailio kamcmd "$@"; do
    command -v "$tool" >/dev/null || lab_skip "$tool is not installed"
  done
}

# What listens is there as soon as the kernel says so. bound HOST udp|tcp PORT
bound() { lab_in "$1" ss -Hln"${2:0:1}" "sport = :$3" | grep -q .; }

# ---- Kamailio ----------------------------------------------------------------------------------------------------

# kamailio_start HOST NAME [at=ADDRESS:PORT]... [DEFINE[=VALUE]]...: one server on UDP and TCP, at $CENTRAL:5060 unless
# it is told otherwise. A value that is a word goes in quotes: 'REALM="other"'.
kamailio_start() {
  local host=$1 name=$2 word listen=() defines=()
  shift 2
  for word in "$@"; do
    case $word in
      at=*) listen+=(-l "udp:${word#at=}" -l "tcp:${word#at=}") ;;
      *) defines+=(-A "$word") ;;
    esac
  done
  ((${#listen[@]})) || listen=(-l "udp:$CENTRAL:5060" -l "tcp:$CENTRAL:5060")
  mkdir -p "$LAB_DIR/$name.run"
  rm -f "$LAB_DIR/$name.control"
  lab_spawn "$host" "$name" kamailio -DD -E -f "$LAB_HERE/kamailio.cfg" -m 64 -M 8 -Y "$LAB_DIR/$name.run" \
    -P "$LAB_DIR/$name.pid" -A "CONTROL=\"unix:$LAB_DIR/$name.control\"" "${listen[@]}" "${defines[@]}"
  wait_until 15 kamailio_tells "$name" core.uptime >/dev/null 2>&1 && return 0
  fail "$name did not become ready"
  lab_done
}
# kamailio_tells NAME COMMAND...: what the running server knows: ul.dump, ul.lookup location s:USER, tm.stats, core.uptime
kamailio_tells() {
  local name=$1
  shift
  kamcmd -s "unix:$LAB_DIR/$name.control" "$@" 2>/dev/null
}
# bindings NAME USER: the contacts that the server has for a user, one a line.
bindings() { kamailio_tells "$1" ul.lookup location "s:$2" | sed -n 's/^[[:space:]]*Address: //p'; }
has_binding() { [[ -n $(bindings "$1" "$2") ]]; }
has_no_binding() { ! has_binding "$1" "$2"; }
# kamailio_stop NAME [KILL]: its children go with it, also when it is killed.
kamailio_stop() {
  local pid=${LAB_PID[$1]} child children
  children=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null)
  lab_stop "$1" "${2:-TERM}"
  for child in $children; do kill -KILL "$child" 2>/dev/null; done
  wait_until 5 kamailio_gone "$children"
}
kamailio_gone() {
  local child
  for child in $1; do [[ ! -d /proc/$child ]] || return 1; done
}

# ---- sipp --------------------------------------------------------------------------------------------------------

# sipp_start HOST NAME SCENARIO_FILE PORT [USER=N] ARGUMENT...: in the background, from the host's own address and that port,
# as that user; ends by itself. Leaves NAME.status (0: every message was as the scenario asks), NAME.messages, NAME.errors. A UAS is ready
# when this returns. SIPP_SECONDS bounds it, SIPP_TRANSPORT is u1 or t1.
sipp_start() {
  local host=$1 name=$2 scenario=$3 port=$4 address login=() transport=${SIPP_TRANSPORT:-u1} seconds=${SIPP_SECONDS:-30}
  shift 4
  [[ ${1:-} == USER=* ]] && login=(-key user "${1#*=}" -au "${1#*=}" -ap "${1#*=}") && shift
  address=$(ip -n "$(ns "$host")" -4 -o addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4; exit }')
  rm -f "$LAB_DIR/$name".{status,messages,errors}
  (
    cd "$LAB_DIR" || exit
    setpriv --pdeathsig KILL ip netns exec "$(ns "$host")" timeout $((seconds + 5)) sipp -sf "$scenario" \
      -i "$address" -p "$port" -t "$transport" -m 1 -nostdin -timeout "$seconds" -timeout_error -default_behaviors all,-bye "${login[@]}" \
      -trace_err -error_file "$LAB_DIR/$name.errors" -trace_msg -message_file "$LAB_DIR/$name.messages" \
      "$@" >"$LAB_DIR/$name.screen" 2>&1 </dev/null
    echo $? >"$LAB_DIR/$name.status"
  ) &
  wait_until 5 sipp_ready "$host" "$name" "$transport" "$port"
}
sipp_ready() { [[ -s $LAB_DIR/$2.status ]] || bound "$1" "$([[ $3 == u* ]] && echo udp || echo tcp)" "$4"; }
sipp_ended() { [[ -s $LAB_DIR/$1.status ]]; }
# sipp_well NAME [SECONDS]: it ended, and every message was as its scenario asks.
sipp_well() {
  wait_until "${2:-40}" sipp_ended "$1" && [[ $(cat "$LAB_DIR/$1.status") == 0 ]] && return 0
  echo "  $1: status $(cat "$LAB_DIR/$1.status" 2>/dev/null || echo none)" \
    "$(grep -ahoE 'Aborting call.*|.*(did not match|unexpected message|verification failed|Failed regexp).*' "$LAB_DIR/$1.errors" 2>/dev/null | head -n 3 | cut -c 1-300)"
  return 1
}
# sipp_run …: sipp_start, and the end of it.
sipp_run() {
  sipp_start "$@"
  sipp_well "$2" $((${SIPP_SECONDS:-30} + 8))
}

# ---- flows: both ends of a call by sipp, and a judge between them ----------------------------------------------------

# flow_side ROW FLOW SIDE HOST PORT USER NUMBER DOMAIN [SERVER]: starts one side of a flow of sipp/flows.txt. All sides of
# a row have one Call-ID, the row's, up to its last dot.
flow_side() {
  local flow=$2 side=$3 host=$4 port=$5 user=$6 number=$7 domain=$8 name=$1-$3 at=("${@:9}")
  awk -v name="$flow" -v side="${side:0:1}" -v auth="${FLOW_AUTH:-1}" -v lossy="${FLOW_LOSSY:-0}" \
    -v linger="$((${FLOW_LOSSY:-0} * 8000))" -f "$LAB_HERE/sipp/flow.awk" \
    "$LAB_HERE/sipp/flows.txt" >"$LAB_DIR/$name.xml"
  sipp_start "$host" "$name" "$LAB_DIR/$name.xml" "$port" "USER=$user" -key number "$number" -key domain "$domain" \
    -key expires "${FLOW_EXPIRES:-300}" -mp $((16384 + (port - 5100) * 4)) -cid_str "${1%.*}@flow" "${at[@]}"
}
# flow_start ROW FLOW INDEX HOST SERVER KAMAILIO [DOMAIN]: a flow between a phone of its own (user FLOW_USERS + INDEX)
# that has SERVER for its SIP server and for its domain, and number 600 + INDEX on the central host.
flow_start() {
  local row=$1 flow=$2 i=$3 host=$4 server=$5 kamailio=$6 domain=${7:-${5%:*}} sides a b
  local user=$((${FLOW_USERS:-2000} + i)) number=$((600 + i))
  rm -f "$LAB_DIR/$row"-[AB].*
  sides=$(awk -v name="$flow" '/^== / { on = $2 == name; next } on && /^[AB]/ { sides = sides substr($1, 1, 1) } END { print sides }' \
    "$LAB_HERE/sipp/flows.txt")
  a=(flow_side "$row" "$flow" A "$host" $((5100 + i)) $user $number "$domain" "$server")
  b=(flow_side "$row" "$flow" B central $((5600 + i)) $user $number $CENTRAL)
  case $sides in
    *B*) ;;
    *) : >"$LAB_DIR/$row-B.messages" && echo 0 >"$LAB_DIR/$row-B.status" ;;
  esac
  case $sides in
    B*) "${a[@]}" && wait_until 20 has_binding "$kamailio" $user && SIPP_TRANSPORT=u1 "${b[@]}" "$CENTRAL:${FLOW_PORT:-5060}" ;;
    *B*) SIPP_TRANSPORT=u1 "${b[@]}" && "${a[@]}" ;;
    *) "${a[@]}" ;;
  esac
}
# flow_well ROW [PHONE_SIDE CENTRAL_SIDE]: both ends saw what the flow says, and the judge finds nothing: Dropwire's
# addresses on each side of it.
flow_well() {
  local row=$1 phone=${2:-} central=${3:-} good=0
  sipp_well "$row-A" || good=1
  sipp_well "$row-B" || good=1
  awk -v phone="$phone" -v central="$central" -v hosts="$CENTRAL,$phone,lab" -v once="${FLOW_LOSSY:-0}" -f "$LAB_HERE/sipp/judge.awk" \
    "$LAB_DIR/$row-A.messages" "$LAB_DIR/$row-B.messages" >"$LAB_DIR/$row.judged" || {
    good=1
    sed 's/^/  /' "$LAB_DIR/$row.judged" | head -n 4
  }
  return $good
}

# ---- baresip -----------------------------------------------------------------------------------------------------

# baresip_start HOST NAME USER REGISTRAR[:PORT] CONTROL_PORT [tone=HZ] [transport=tcp] [answer=auto]: registers USER;
# plays a tone; what it hears is recorded in NAME.run/*.wav. Its events and commands go over NAME's control port.
baresip_start() {
  local host=$1 name=$2 user=$3 registrar=$4 control=$5 tone=440 transport=udp answer=manual word
  local dir=$LAB_DIR/$2.run modules=/usr/lib/baresip/modules
  shift 5
  for word in "$@"; do
    case $word in tone=*) tone=${word#*=} ;; transport=*) transport=${word#*=} ;; answer=*) answer=${word#*=} ;; esac
  done
  mkdir -p "$dir"
  cat >"$dir/config" <<CONFIG
poll_method epoll
sip_listen 0.0.0.0:5062
audio_player aubridge,none
audio_source ausine,$tone
audio_alert aubridge,none
ausrc_srate 48000
ausrc_channels 2
auplay_srate 8000
auplay_channels 1
audio_buffer 20-160
call_local_timeout 60
call_max_calls 2
module_path $modules
module g711.so
module ausine.so
module aubridge.so
module sndfile.so
snd_path $dir
module_app account.so
module_app contact.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:$control
rtp_ports 16384-16484
rtcp_mux no
CONFIG
  echo "<sip:$user@$registrar;transport=$transport>;auth_user=$user;auth_pass=$user;regint=60;answermode=$answer;audio_codecs=pcmu" >"$dir/accounts"
  : >"$dir/contacts"
  : >"$LAB_DIR/$name.log"
  lab_spawn "$host" "$name" stdbuf -oL baresip -f "$dir" -v
  wait_until 15 log_has "$name" '200 OK' && return 0
  fail "$name did not register"
  return 1
}
# hears NAME HZ: in the last second of what it recorded, that tone has most of the power.
hears() {
  local file
  file=$(ls "$LAB_DIR/$1.run/"dump-*-dec.wav 2>/dev/null | tail -n 1)
  [[ -n $file ]] && tail -c +45 "$file" | tail -c 16000 | od -An -v -t d2 -w2 | awk -v hz="$2" '
    BEGIN { c = 2 * cos(2 * 3.14159265358979 * hz / 8000) }
    { s = $1 + c * a - b; b = a; a = s; power += $1 * $1; n++ }
    END { tone = n ? 2 * (a * a + b * b - c * a * b) / n : 0; exit !(n >= 4000 && power > 1e6 * n && tone > 0.8 * power) }'
}
# baresip_do HOST CONTROL_PORT COMMAND [PARAMETERS]: e.g. dial sip:600@lab, accept, hangup, hold, resume.
baresip_do() {
  local json
  json="{\"command\":\"$3\"${4:+,\"params\":\"$4\"}}"
  # A netstring each way.
  printf '%d:%s,' ${#json} "$json" |
    lab_in "$1" timeout 5 bash -c "exec 3<>/dev/tcp/127.0.0.1/$2; cat >&3; grep -aqm 1 response <&3"
}
