#!/usr/bin/env bash
# The package in a whole Debian 12 of its own, with Debian's kernel, systemd and AppArmor, in an emulator: what a chroot
# can't show. Needs root, debootstrap, e2fsprogs and qemu-system-x86; no network inside. Takes minutes, so "./dev vm" runs it and ctest does not.
#   vm.sh [dropwire_VERSION_amd64.deb]   else the one in build/deb
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/chroot.sh"
die() { echo "vm: $*" >&2; exit 2; }
((EUID == 0)) || die "this needs root"
deb=${1:-$(chroot_deb)} || die "there is no package in build/deb; ./dev deb builds it"
[[ $(dpkg-deb --field "$deb" Architecture) == amd64 ]] || die "$deb is not for amd64"

CHROOT_LIMIT=900
vm_system() { # ROOT PLAIN DEPENDS
  local root=$1
  tar --extract --file "$2" -C "$root" && chroot_mount "$root" && chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install -yq \
    systemd-sysv dbus apparmor iproute2 curl procps socat linux-image-amd64 &&
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get satisfy -yq "$3" || return 1
  chroot "$root" apt-get clean
  rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
  : >"$root/etc/machine-id"
  echo '/dev/vda / ext4 rw 0 1' >"$root/etc/fstab"
  chroot_unmount "$root"
}
depends=$(dpkg-deb --field "$deb" Depends)
export -f vm_system
base=$(chroot_once "vm-$({ echo "$depends" && chroot_mirrors && declare -f vm_system; } | sha256sum | cut -c1-12)" vm_system "$(chroot_plain)" "$depends") ||
  { tail -n 5 "$CHROOT_KEEP/making.log" >&2 && die "no Debian could be made"; }

work=$(mktemp -d "$CHROOT_KEEP/vm.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
mkdir "$work/root"
tar --extract --file "$base" -C "$work/root"
cp "$deb" "$work/root/root/dropwire.deb"
cp "$here/../lab/central/SEP001122337965.cnf.xml" "$work/root/root/"
install -m 755 "$here/vm_inside.sh" "$work/root/root/"
cat >"$work/root/etc/systemd/system/vm-inside.service" <<'UNIT'
[Unit]
After=network.target dbus.service apparmor.service
[Service]
Type=oneshot
ExecStart=/root/vm_inside.sh
ExecStopPost=/usr/bin/systemctl poweroff --no-block
StandardOutput=file:/dev/ttyS0
StandardError=file:/dev/ttyS0
TimeoutStartSec=900
UNIT
ln -s ../vm-inside.service "$work/root/etc/systemd/system/multi-user.target.wants/vm-inside.service"
ln -s /dev/null "$work/root/etc/systemd/system/serial-getty@ttyS0.service"
truncate -s 3G "$work/disk"
mke2fs -q -F -t ext4 -d "$work/root" "$work/disk" || die "no file system could be made"

timeout 1200 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 1024 -smp 2 -display none -serial stdio -monitor none -no-reboot -nic none \
  -kernel "$work"/root/boot/vmlinuz-* -initrd "$work"/root/boot/initrd.img-* \
  -append "root=/dev/vda rw console=ttyS0 quiet systemd.show_status=0 panic=-1 security=apparmor" \
  -drive "file=$work/disk,if=virtio,format=raw" </dev/null | tr -d '\r' | tee "$work/said"
grep -q '^PASS' "$work/said" && grep -q '^the end$' "$work/said" && ! grep -q '^FAIL' "$work/said"
