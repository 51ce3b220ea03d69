#!/usr/bin/env bash
# The package in its own Debian 12: installed with preseeded answers and started as in its unit, it serves a phone's file
# and registers the phone; after changed answers an administrator's edits stay; an upgrade keeps all phones; removal
# keeps the settings, and purging leaves nothing.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../lab/lab.sh"
lab_begin 580
. "$here/../lab/sip.sh"
. "$here/chroot.sh"
command -v debootstrap >/dev/null || lab_skip "debootstrap is not installed"
sip_needs
deb=$(chroot_deb) || lab_skip "there is no package in build/deb; ./dev test builds it"
trap 'status=$?; chroot_down; (exit "$status"); lab_cleanup' EXIT

chroot_make box "$deb" || { fail "a Debian 12 could be made" && lab_done; }
box=$(chroot_root box)
answers=$box/etc/dropwire/conf.d/00-debconf.toml
version=$(dpkg-deb --field "$deb" Version)

installs() { chroot_install box "$@" >>"$LAB_DIR/box.log" 2>&1; } # DEB [OPTION of apt-get]…
in_box() { chroot_in box "$@" >>"$LAB_DIR/box.log" 2>&1; }
is() { # MODE OWNER PATH
  [[ $(chroot_in box stat -c '%a %U:%G' "$3") == "$1 $2" ]]
}
says() { grep -qx -- "$1" "$answers"; } # LINE
in_effect() { # SETTING VALUE
  chroot_in box dropwire check --json 2>/dev/null | tr -d ' \n' | grep -qF "\"name\":\"$1\",\"value\":\"\\\"$2\\\"\""
}
no_residue() { # nothing of the package's own is anywhere
  local left
  left=$(chroot_in box find / -xdev \( -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /var/log -o -path /var/cache/apt -o \
    -path /var/cache/debconf -o -path /var/lib/dpkg -o -path /var/lib/systemd \) -prune -o -iname '*dropwire*' -print)
  [[ -z $left ]] || { echo "  left: $left" && return 1; }
  ! grep -q dropwire "$box/var/cache/debconf/config.dat" || { echo "  debconf knows answers" && return 1; }
}

# ---- installed -----------------------------------------------------------------------------------------------------

chroot_preseed box central string $CENTRAL
chroot_preseed box mode select hosted
check "apt installs it and asks nothing" installs "$deb"
check "the answers are settings: the server" says "central = \"$CENTRAL\""
check "the answers are settings: the mode" says 'mode = "hosted"'
check "the answers are not for everybody" is 640 root:dropwire /etc/dropwire/conf.d/00-debconf.toml
check "dropwire.toml is not for everybody" is 640 root:dropwire /etc/dropwire/dropwire.toml
check "nor are the directories" is 750 root:dropwire /etc/dropwire
check "nor is conf.d" is 750 root:dropwire /etc/dropwire/conf.d
check "dropwire.toml is as it was shipped" cmp -s "$box/etc/dropwire/dropwire.toml" "$CHROOT_TOP/conf/dropwire.toml"
check "its user can't log in" chroot_in box sh -c 'getent passwd dropwire | grep -q ":/var/lib/dropwire:/usr/sbin/nologin$"'
check "its user has the group" chroot_in box sh -c 'test "$(id -gn dropwire)" = dropwire'
check "the service is enabled" test -L "$box/etc/systemd/system/multi-user.target.wants/dropwire.service"
check "so is the loader" test -L "$box/etc/systemd/system/multi-user.target.wants/dropwire-fast.service"
check "the AppArmor profile has its place for local rules" test -e "$box/etc/apparmor.d/local/usr.bin.dropwire"
check "what was answered is in effect" in_effect central $CENTRAL

# ---- started -------------------------------------------------------------------------------------------------------

lab_internet
mkdir -p "$LAB_DIR/files"
cp "$LAB_HERE"/central/SEP001122337965.cnf.xml "$LAB_DIR/files/"
web_start central web "$LAB_DIR/files"
kamailio_start central kamailio

service_check() { chroot_service box ExecStartPre && lab_in hosted "${CHROOT_COMMAND[@]}" >/dev/null 2>"$LAB_DIR/check.log"; }
service_start() {
  : >"$LAB_DIR/daemon.log"
  chroot_service box ExecStart && lab_spawn hosted daemon "${CHROOT_COMMAND[@]}" && wait_until 30 log_has daemon event=ready
}
service_stop() { lab_stop daemon; }
cli() { chroot_in box dropwire "$@" 2>&1; }
cli_json() { tr -d ' \n' <<<"$(cli "$1" --json)"; } # without blanks
knows_phone() { cli_json phones | grep -q '"device":"SEP001122337965"'; }
registered() { cli_json phones | grep -qE '"registered":true'; }

chroot_prepare box
chroot_notified box "$LAB_DIR/notified.log" &
LAB_PID[notified]=$!
wait_until 5 test -S "$box/run/notify"
check "ExecStartPre finds nothing wrong, as the unit's user" service_check
check "ExecStart gets ready, as the unit's user" service_start
check "it notifies systemd" wait_until 5 log_has notified '^READY=1$'
check "and that it serves phones" log_has notified '^STATUS=serving phones$'
check "port 69 by the one capability" log_has daemon 'event=listening service=tftp address=0.0.0.0:69'
check "a phone has its file by TFTP" fetch mallory curl $HOSTED SEP001122337965.cnf.xml "$LAB_DIR/got"
check "and it names this box" grep -q "<processNodeName>$HOSTED</processNodeName>" "$LAB_DIR/got"
lab_spawn mallory phone "$DW_LAB_TOOLS/lab_sip_phone" --server $HOSTED:5060 --bind $MALLORY --first-ext 1001 --device SEP000000001001 \
  --do "register; wait registered 20; sleep 200s" --for 250
wait_until 20 registered
check "a phone registers by SIP" registered
check "root may ask the daemon" knows_phone
check "the status page is this machine's alone" test "$(lab_in hosted ss -Hltn sport = :8079 | awk '{ print $4 }')" = 127.0.0.1:8079
check "SIGTERM ends it well" service_stop

# ---- upgraded ------------------------------------------------------------------------------------------------------

dpkg-deb --raw-extract "$deb" "$LAB_DIR/next"
sed -i "s/^Version: .*/Version: $version+next/" "$LAB_DIR/next/DEBIAN/control"
next=$LAB_DIR/dropwire_$version+next.deb
dpkg-deb --root-owner-group -Znone --build "$LAB_DIR/next" "$next" >/dev/null
echo '# mine' >>"$box/etc/dropwire/dropwire.toml"
printf '[log]\nlevel = "debug"\n' >>"$answers"
lab_stop phone KILL
check "it can be upgraded" installs "$next"
check "the new version is in place" test "$(chroot_in box dpkg-query -W -f '${Version}' dropwire)" = "$version+next"
check "an edited dropwire.toml stays" grep -qx '# mine' "$box/etc/dropwire/dropwire.toml"
check "what was added to the answers stays" in_effect log.level debug
check "the answers stay" says "central = \"$CENTRAL\""
check "the upgraded one gets ready" service_start
check "it remembers the phone's files" knows_phone
check "it remembers the phone's registration" registered
service_stop

# ---- asked again -----------------------------------------------------------------------------------------------------

chroot_preseed box central string 'http://pbx.example.net:6970/'
in_box dpkg-reconfigure dropwire
check "dpkg-reconfigure changes an answer, and takes the host out of a URL" says 'central = "pbx.example.net"'
check "and nothing else in that file" in_effect log.level debug
check "no line is there twice" test "$(grep -c '^central' "$answers")" = 1
sed -i 's/^central.*/central = "other.example.net"  # mine/' "$answers"
in_box dpkg-reconfigure dropwire
check "an edited answer stays when it is asked again" says 'central = "other.example.net"  # mine'
check "and is what debconf knows" chroot_in box sh -c 'debconf-show dropwire | grep -q "dropwire/central: other.example.net"'
chroot_preseed box central string 'http://pbx.example.net/'
in_box dpkg-reconfigure dropwire
check "what is no host is not written" bash -c '! grep -q http: "$0"' "$answers"
rm "$answers"
check "a removed file of answers is no error" installs "$deb" --allow-downgrades
check "and stays removed" test ! -e "$answers"

# ---- the program in the kernel ----------------------------------------------------------------------------------------

# systemd makes its user when it starts it (DynamicUser).
chroot_in box useradd --system --no-create-home dropwire-fast
CHROOT_UNIT=dropwire-fast chroot_prepare box
CHROOT_UNIT=dropwire-fast chroot_service box ExecStart && lab_spawn hosted loader "${CHROOT_COMMAND[@]}"
maps=$box/run/dropwire-fast/maps
check "the loader listens, as its unit's user" wait_until 10 test -S "$maps"
check "its socket is for the group dropwire" is 660 dropwire-fast:dropwire /run/dropwire-fast/maps
in_kernel() { [[ $(lab_in hosted tc filter show dev eth0 ingress) == *dropwire_media* ]]; }
out_of_kernel() { [[ -z $(lab_in hosted tc filter show dev eth0 ingress) && $(lab_in hosted tc qdisc show dev eth0) != *clsact* ]]; }
lab_spawn hosted holder python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
print("loaded" if s.recv(65536)[2] else "refused", flush=True)
while s.recv(65536): pass' "$maps"
wait_until 20 grep -qE "loaded|refused" "$LAB_DIR/holder.log"
if log_has holder loaded; then
  check "while somebody has its maps the program is on an interface" wait_until 10 in_kernel
  lab_stop loader KILL
  check "and still when the loader was killed" in_kernel
else
  echo "this kernel takes no program for media: whether removal takes it away was not tried"
  lab_stop loader
fi
lab_stop holder KILL

# ---- gone, and back without an answer --------------------------------------------------------------------------------

printf 'central = "pbx.example.net"\n' >"$box/etc/dropwire/conf.d/mine.toml"
CHROOT_VIA=(ip netns exec "$(ns hosted)")
check "it can be removed" in_box apt-get remove -yq dropwire
CHROOT_VIA=()
check "removal takes the program out of the kernel" out_of_kernel
check "removal leaves the settings" test -e "$box/etc/dropwire/dropwire.toml" -a -e "$box/etc/dropwire/conf.d/mine.toml"
check "removal leaves what is known of the phones" test -n "$(ls "$box/var/lib/dropwire")"
check "and takes the program" test ! -e "$box/usr/bin/dropwire"
check "it can be purged" in_box apt-get purge -yq dropwire
check "purging leaves nothing" no_residue

check "it installs without any answer" installs "$deb"
check "and then writes none" test ! -e "$answers"
check "and says how the box is taken into use" grep -q 'sudo dropwire claim' "$LAB_DIR/box.log"
check "what allows that is not for everybody" is 640 root:dropwire /etc/dropwire/conf.d/00-claim.toml
chroot_prepare box
check "not configured, it gets ready" service_start
check "and only this machine reaches it" bash -c '! grep event=listening "$0" | grep -v "service=admin" | grep -vq 127.0.0.1:' "$LAB_DIR/daemon.log"
check "a phone gets nothing" bash -c '! "$@"' _ ip netns exec "$(ns mallory)" curl -sf -m 3 "http://$HOSTED:6970/x"
check "systemd shows what to do" wait_until 5 log_has notified '^STATUS=not configured: set central'
cli status >"$LAB_DIR/status"
check "status says what to do" grep -q 'not configured: set central' "$LAB_DIR/status"
check "so does the doctor" grep -q 'dpkg-reconfigure dropwire' <<<"$(cli doctor)"

# ---- taken into use from its own network ---------------------------------------------------------------------------------

host_address hosted eth0 192.168.77.1/24
host_address mallory eth0 192.168.77.2/24
page=http://192.168.77.1:8079
code=$(sed -n 's/.*enter the code \(....-....\).*/\1/p' "$LAB_DIR/status")
asks() { # STATUS HOST [CURL…]
  [[ $(lab_in "$2" curl -s -o "$LAB_DIR/answer" -m 20 -w '%{http_code}' "${@:3}") == "$1" ]]
}
claims() { # STATUS CODE
  asks "$1" mallory -H 'Content-Type: application/json' -d "{\"code\": \"$2\", \"password\": \"correct horse\", \"central\": \"$CENTRAL\"}" "$page/api/claim"
}
check "status shows a code" test -n "$code"
check "its own network sees the page" asks 200 mallory "$page/"
check "and nothing of what the box knows" asks 403 mallory "$page/api/phones"
check "a public address sees nothing" asks 000 mallory "http://$HOSTED:8079/"
check "a wrong code is refused" claims 401 2222-2222
check "the right one takes the box" claims 200 "$code"
check "once" claims 403 "$code"
check "phones are served without a restart" wait_until 10 log_has daemon 'event=listening service=tftp address=0.0.0.0:69'
check "what the page has set is in effect" in_effect central $CENTRAL
check "and is the daemon's own" is 600 dropwire:dropwire /var/lib/dropwire/page.toml
check "root sets another password where that one stands" bash -c 'echo "another horse" | chroot "$0" dropwire passwd --stdin >>"$1" 2>&1' "$box" "$LAB_DIR/box.log"
check "which stays the daemon's" is 600 dropwire:dropwire /var/lib/dropwire/admin.password
logs_in() { asks "$1" mallory -H 'Content-Type: application/json' -d "{\"password\": \"$2\"}" "$page/api/login"; }
check "the old one is over" logs_in 401 'correct horse'
check "the new one counts" logs_in 200 'another horse'
service_stop
check "after a restart it is still there" service_start
check "and the password too" logs_in 200 'another horse'
service_stop
in_box apt-get purge -yq dropwire
check "purging leaves nothing, again" no_residue
lab_done
