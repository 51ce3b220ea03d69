# shellcheck shell=bash
# Debian 12 in a directory, for tests that install the package and start what its unit names, without systemd.
# Source it as root, after lab.sh where namespaces are wanted:
#   chroot_make box DEB              a fresh Debian with DEB's dependencies
#   chroot_preseed box central string pbx.example.net
#   chroot_install box DEB           as apt installs it, asking nothing
#   chroot_prepare box               the directories that systemd makes for the unit
#   chroot_service box ExecStart     (array CHROOT_COMMAND) its command line, as the unit's user with its capabilities
#   chroot_in box COMMAND…           as root
#   chroot_down                      ends processes inside, unmounts, deletes; put it into the EXIT trap
# The installed systems are built once and kept below build/packaging; debootstrap uses apt's mirror.

CHROOT_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CHROOT_KEEP=$CHROOT_TOP/build/packaging
CHROOT_DIR=
CHROOT_COMMAND=()
CHROOT_VIA=() # what starts the commands of chroot_in: ip netns exec NAME
CHROOT_LIMIT=400 # seconds that making one of them may take

# "URI SUITE" for each part of Debian 12 that this machine's apt knows, the main one first.
chroot_mirrors() {
  local found
  found=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Identifier: Packages' 'Origin: Debian' 'Component: main' |
    awk '$2 ~ /^bookworm(-security|-updates)?$/' | sort -u -k2,2)
  [[ $found == *" bookworm"* ]] || found="http://deb.debian.org/debian bookworm"
  echo "$found"
}

# Creates build/packaging/NAME.tar from the directory that MAKE (a function here) fills, unless it exists: one at a time,
# with a time limit that leaves nothing behind. Its output is in making.log. Prints the tar file.
chroot_once() { # NAME MAKE ARGUMENT…
  local tar=$CHROOT_KEEP/$1.tar work
  shift
  mkdir -p "$CHROOT_KEEP"
  (
    flock 9
    [[ ! -s $tar ]] || exit 0
    work=$(mktemp -d "$CHROOT_KEEP/making.XXXXXX")
    mkdir "$work/root"
    timeout -k 10 "$CHROOT_LIMIT" bash -c '. "$0" && "$@"' "${BASH_SOURCE[0]}" "$1" "$work/root" "${@:2}" 9>&- >"$CHROOT_KEEP/making.log" 2>&1 &&
      tar --create --file "$work/made.tar" -C "$work/root" . && mv "$work/made.tar" "$tar"
    chroot_unmount "$work/root"
    rm -rf --one-file-system "$work"
  ) 9>"$CHROOT_KEEP/lock"
  [[ -s $tar ]] && echo "$tar"
}

# chroot_plain: Debian's smallest, with apt set up and its lists read.
chroot_plain() { chroot_once "plain-$(chroot_mirrors | sha256sum | cut -c1-12)" chroot_debootstrap "$(chroot_mirrors)"; }
# chroot_base DEB: that, with all that DEB depends on.
chroot_base() {
  local depends
  depends=$(dpkg-deb --field "$1" Depends)
  chroot_plain >/dev/null &&
    chroot_once "base-$({ echo "$depends" && chroot_mirrors; } | sha256sum | cut -c1-12)" chroot_satisfy "$(chroot_plain)" "$depends"
}

chroot_debootstrap() { # ROOT MIRRORS
  local root=$1 main
  main=$(awk '$2 == "bookworm" { print $1; exit }' <<<"$2")
  debootstrap --variant=minbase bookworm "$root" "$main" || return 1
  sed 's/.*/deb & main/' <<<"$2" >"$root/etc/apt/sources.list"
  cat >"$root/etc/apt/apt.conf.d/test" <<'APT'
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Check-Date "false";
APT::Install-Recommends "false";
APT
  echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/test"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  chroot_mount "$root" && chroot "$root" apt-get update -q || return 1
  chroot "$root" apt-get clean
  chroot_unmount "$root"
}
chroot_satisfy() { # ROOT PLAIN DEPENDS
  local root=$1
  tar --extract --file "$2" -C "$root" && chroot_mount "$root" &&
    chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get satisfy -yq "$3" || return 1
  chroot "$root" apt-get clean
  rm -rf "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,locale,man}/* "$root/etc/resolv.conf"
  chroot_unmount "$root"
}

chroot_mount() { # ROOT
  mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev"
}
chroot_unmount() { # ROOT
  local point
  for point in "$1/proc" "$1/dev"; do
    while mountpoint -q "$point"; do umount "$point" || umount --lazy "$point" || return; done
  done
}

chroot_make() { # NAME DEB
  local base
  base=$(chroot_base "$2") || { echo "no Debian could be made:" && tail -n 5 "$CHROOT_KEEP/making.log"; return 1; } >&2
  chroot_sweep
  [[ -n $CHROOT_DIR ]] || CHROOT_DIR=$(mktemp -d "$CHROOT_KEEP/box.$$.XXXXXX")
  chmod 755 "$CHROOT_DIR"
  mkdir "$CHROOT_DIR/$1"
  tar --extract --file "$base" -C "$CHROOT_DIR/$1" && chroot_mount "$CHROOT_DIR/$1"
}
# Removes what a killed test left behind.
chroot_sweep() {
  local dir root pid
  for dir in "$CHROOT_KEEP"/box.*.*; do
    pid=${dir##*/box.}
    pid=${pid%%.*}
    [[ -d $dir && ! -d /proc/$pid ]] || continue
    for root in "$dir"/*; do chroot_unmount "$root"; done
    rm -rf --one-file-system "$dir"
  done
}

chroot_down() {
  local root process
  [[ -n $CHROOT_DIR ]] || return 0
  for root in "$CHROOT_DIR"/*; do
    for process in /proc/[0-9]*; do
      [[ $(readlink "$process/root" 2>/dev/null) == "$root" ]] && kill -KILL "${process#/proc/}" 2>/dev/null
    done
    chroot_unmount "$root"
  done
  rm -rf --one-file-system "$CHROOT_DIR"
  CHROOT_DIR=
}

# The package that is tested: DW_DEB, or the one in build/deb.
chroot_deb() {
  local found
  for found in "${DW_DEB:-}" "$CHROOT_TOP"/build/deb/dropwire_*.deb; do
    [[ -f $found ]] && echo "$found" && return 0
  done
  return 1
}
chroot_root() { echo "$CHROOT_DIR/$1"; }
chroot_in() { # NAME COMMAND…
  local root=$CHROOT_DIR/$1
  shift
  "${CHROOT_VIA[@]}" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null
}
chroot_preseed() { # NAME QUESTION TYPE VALUE
  printf 'dropwire dropwire/%s %s %s\n' "$2" "$3" "$4" >"$CHROOT_DIR/$1/tmp/answers"
  chroot_in "$1" debconf-set-selections /tmp/answers
}
chroot_install() { # NAME DEB [OPTION of apt-get]…
  local name=$1 deb=$2 file
  shift 2
  file=$(basename "$deb")
  cp "$deb" "$CHROOT_DIR/$name/tmp/$file" && chroot_in "$name" apt-get install -yq "$@" "/tmp/$file"
}

# CHROOT_UNIT: whose, dropwire or dropwire-fast.
chroot_unit_file() { echo "$CHROOT_DIR/$1/lib/systemd/system/${CHROOT_UNIT:-dropwire}.service"; }
chroot_unit() { sed -n "s/^$2=//p" "$(chroot_unit_file "$1")"; } # NAME KEY

chroot_prepare() { # NAME
  local kind place dir
  for kind in Cache:/var/cache State:/var/lib Runtime:/run; do
    place=${kind#*:} kind=${kind%%:*}
    for dir in $(chroot_unit "$1" "${kind}Directory"); do
      chroot_in "$1" install -d -o "$(chroot_unit "$1" User)" -g "$(chroot_unit "$1" Group)" \
        -m "$(chroot_unit "$1" "${kind}DirectoryMode")" "$place/$dir" || return 1
    done
  done
}

# chroot_notified NAME FILE: writes the service's notifications to systemd into a file, endlessly.
chroot_notified() {
  exec python3 -c 'import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
with open(sys.argv[2], "w", buffering=1) as out:
    while True:
        out.write(s.recv(4096).decode() + "\n")' "$CHROOT_DIR/$1/run/notify" "$2"
}

# As systemd would start it: the user, its groups, its capabilities, the umask and the environment of the unit.
# shellcheck disable=SC2034  # CHROOT_COMMAND is for the test
chroot_service() { # NAME KEY
  local capabilities line
  capabilities=$(chroot_unit "$1" AmbientCapabilities | tr '[:upper:]' '[:lower:]')
  capabilities=-all,$(sed 's/cap_/+/g; s/ /,/g' <<<"$capabilities")
  line=$(chroot_unit "$1" "$2")
  CHROOT_COMMAND=(chroot "$CHROOT_DIR/$1" setpriv --reuid "$(chroot_unit "$1" User)" --regid "$(chroot_unit "$1" Group)"
    --init-groups --no-new-privs --bounding-set "$capabilities" --inh-caps "$capabilities" --ambient-caps "$capabilities"
    env -i PATH=/usr/bin:/bin CACHE_DIRECTORY=/var/cache/dropwire STATE_DIRECTORY=/var/lib/dropwire
    RUNTIME_DIRECTORY="/run/$(chroot_unit "$1" RuntimeDirectory)" NOTIFY_SOCKET=/run/notify sh -c "umask $(chroot_unit "$1" UMask) && exec $line")
  [[ -n $line ]]
}
