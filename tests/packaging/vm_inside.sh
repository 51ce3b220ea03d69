#!/bin/bash
# Runs in the machine that vm.sh makes: one line a check.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
check() {
  local what=$1 said
  shift
  if said=$("$@" 2>&1); then
    echo "PASS $what"
  else
    echo "FAIL $what"
    sed 's/^/  /' <<<"$said" | tail -n 12
  fi
}
wait_until() { # SECONDS COMMAND…
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < end)) || return 1
    sleep 0.2
  done
}
active() { [[ $(systemctl is-active dropwire) == active ]]; }
failed() { [[ $(systemctl is-active dropwire) == failed ]]; }
main_pid() { systemctl show -P MainPID dropwire; }
restarted() { [[ $(systemctl show -P NRestarts dropwire) == "$1" ]] && active; }
says() { grep -qF -- "$1" <<<"$("${@:2}" 2>&1)"; } # TEXT COMMAND…
not() { ! "$@"; }
box=192.168.1.10
device=SEP001122337965

check "the kernel has AppArmor" aa-enabled --quiet
ip link set lo up
ip link add lan0 type dummy
ip addr add $box/24 dev lan0
ip link set lan0 up
mkdir -p /srv/tftp
cp /root/$device.cnf.xml /srv/tftp/
printf 'dropwire dropwire/mode select edge\ndropwire dropwire/central string 192.168.1.20\n' | debconf-set-selections

check "it installs" dpkg -i /root/dropwire.deb
check "the service is enabled" systemctl is-enabled dropwire
check "and runs" wait_until 60 active
pid=$(main_pid)
check "as its own user" test "$(stat -c %U "/proc/$pid")" = dropwire
check "under its AppArmor profile, enforced" test "$(tr -d '\0' <"/proc/$pid/attr/current")" = "dropwire (enforce)"
check "with one capability" grep -qx 'CapEff:.0000000000000400' "/proc/$pid/status"
check "and its system calls filtered" grep -qx 'Seccomp:.2' "/proc/$pid/status"
check "systemctl status says what it does" says 'Status: "serving phones"' systemctl status dropwire --no-pager

# The loader, and whoever has its maps: the daemon, or something in its place.
loader_pid() { systemctl show -P MainPID dropwire-fast; }
loader_active() { [[ $(systemctl is-active dropwire-fast) == active ]]; }
in_kernel() { [[ $(tc filter show dev "$1" ingress) == *dropwire_media* ]]; } # INTERFACE
nothing_on() { [[ -z $(tc filter show dev "$1" ingress) && $(tc qdisc show dev "$1") != *clsact* ]]; }
# No job of this shell, which waits for its jobs.
hold_maps() { (runuser -u dropwire -- socat -u UNIX-CONNECT:/run/dropwire-fast/maps,type=5 OPEN:/dev/null >/dev/null 2>&1 &) }
kernel_says() { in_kernel lan0 || { systemctl status dropwire-fast --no-pager -n 0; tail -n 6 /run/dropwire-fast/verifier.log; false; }; }
check "the loader is enabled" systemctl is-enabled dropwire-fast
check "and runs" wait_until 30 loader_active
pid=$(loader_pid)
check "its socket is for the group dropwire" test "$(stat -c %G /run/dropwire-fast/maps)" = dropwire
check "and not as root or the daemon" bash -c '[[ $(awk "/^Uid/ { print \$2 }" /proc/'"$pid"'/status) -gt 60000 ]]'
check "under its AppArmor profile, enforced" test "$(tr -d '\0' <"/proc/$pid/attr/current")" = "dropwire-fast (enforce)"
check "with two capabilities" grep -qx 'CapEff:.0000008000001000' "/proc/$pid/status"
check "and its system calls filtered" grep -qx 'Seccomp:.2' "/proc/$pid/status"
ip link add link lan0 name lan0.5 type vlan id 5 && ip link set lan0.5 up
hold_maps
wait_until 30 in_kernel lan0
check "this kernel takes the program, and an interface has it" kernel_says
check "a VLAN has not" nothing_on lan0.5
ip link add lan1 type dummy && ip link set lan1 up
check "one that comes gets it" wait_until 10 in_kernel lan1
ip link del lan0.5
check "systemctl status says where it is" says 'attached to lan0' systemctl status dropwire-fast --no-pager
echo "its memory: $(systemctl show -P MemoryCurrent dropwire-fast) octets"
kill -KILL "$pid"
check "when it is killed systemd starts it again" wait_until 60 bash -c '[[ $(systemctl show -P NRestarts dropwire-fast) == 1 && $(systemctl is-active dropwire-fast) == active ]]'
check "after what it left was removed" says 'removed from lan0' journalctl -u dropwire-fast --no-pager
hold_maps
check "and the next has it again" wait_until 60 in_kernel lan0

install -m 640 -g dropwire /dev/null /etc/dropwire/conf.d/10-origin.toml
cat >/etc/dropwire/conf.d/10-origin.toml <<'TOML'
[central.provisioning]
origins = ["file:///srv/tftp/"]
TOML
check "systemctl reload takes new settings" systemctl reload dropwire
check "a phone has its file by TFTP" says "<processNodeName>$box</processNodeName>" curl -sS -m 20 tftp://$box/$device.cnf.xml
check "and by HTTP" says "<processNodeName>$box</processNodeName>" curl -sS -m 20 http://$box:6970/$device.cnf.xml
check "dropwire phones knows it" says $device dropwire phones
check "the doctor looks at all under the sandbox" says "$box" timeout 120 dropwire doctor
check "a file is fetched again" dropwire refresh $device.cnf.xml
check "a password is set, and taken" dropwire passwd --stdin <<<'a good long password'
check "the journal has fields" says 'event=ready' journalctl -u dropwire --no-pager EVENT=ready
( sleep 2; curl -s -m 20 tftp://$box/$device.cnf.xml -o /dev/null ) &
check "a trace is written" bash -c "timeout -s INT 8 dropwire trace $device -w /root/trace.pcapng; test -s /root/trace.pcapng"
wait

echo 'nonsense = 1' >/etc/dropwire/conf.d/20-bad.toml
check "systemctl reload fails for bad settings" not systemctl reload dropwire
check "and the service goes on" active
check "systemctl restart fails for them" not systemctl restart dropwire
check "and the journal says why" says 'nonsense' journalctl -u dropwire --no-pager -n 20
rm /etc/dropwire/conf.d/20-bad.toml
wait_until 60 failed
systemctl reset-failed dropwire
check "it starts again with good ones" systemctl start dropwire
check "it remembers the phone" says $device dropwire phones

kill -STOP "$(main_pid)"
check "the watchdog restarts it when it hangs" wait_until 150 restarted 1
kill -SEGV "$(main_pid)"
check "so does systemd when it crashes" wait_until 60 restarted 2
check "it still serves" says "<processNodeName>$box</processNodeName>" curl -sS -m 20 tftp://$box/$device.cnf.xml
check "systemctl stop ends it well" bash -c 'systemctl stop dropwire && [[ $(systemctl show -P Result dropwire) == success ]]'
systemctl start dropwire
check "an upgrade keeps it running" bash -c 'dpkg -i /root/dropwire.deb && systemctl is-active dropwire'
denied() { journalctl -k --no-pager | grep -E 'apparmor="DENIED"|type=1326'; }
check "nothing was denied to it" not denied
check "systemd rates its exposure at most 1.6" bash -c 'systemd-analyze security --no-pager --threshold=16 dropwire >/dev/null'
check "and the loader's at most 1.2" bash -c 'systemd-analyze security --no-pager --threshold=12 dropwire-fast >/dev/null'
hold_maps
check "the program is in the kernel" wait_until 60 in_kernel lan0
check "it can be removed" dpkg -r dropwire
check "and the program is out of the kernel" nothing_on lan0
check "nothing of it is loaded" bash -c '! ls /run/dropwire-fast 2>/dev/null'
check "and no longer runs" not active
check "and purged" dpkg -P dropwire
check "its profiles are gone from the kernel" bash -c '! grep -q "^dropwire" /sys/kernel/security/apparmor/profiles'
check "and its settings and state from the disk" bash -c '! ls -d /etc/dropwire /var/lib/dropwire /var/cache/dropwire /run/dropwire'
echo "the end"
