#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Init of a simulated boot (main/demo/simboot.ts starts it in new mount, pid, ipc and uts namespaces): makes one deployment of an OSTree
# sysroot the root of these namespaces, as an initramfs does, runs a command in it, and shuts down as systemd does.
#   boot.sh COMMAND [ARG...]
# SIM_SYSROOT    the sysroot            SIM_DEPLOYMENT  the deployment's directory     SIM_STATEROOT  its stateroot
# SIM_CMDLINE    kernel command line    SIM_BINDS       lines SOURCE<tab>TARGET<tab>ro|rw to bind in
# SIM_ONCE       shut down when COMMAND ends, exit with its code; otherwise COMMAND is a service and is started again
# SIM_POWER_CUT  with SIM_ONCE: end without the shutdown work          SIM_FINALIZE_WRAP  words put before `ostree admin finalize-staged`
# Signals: TERM shuts down, USR1 restarts (exit code 3). End of stdin counts as TERM: whoever started us is gone.
set -euo pipefail

S=$SIM_SYSROOT R=$SIM_DEPLOYMENT
mount --bind "$R" "$R"
cd "$R"
mount --bind "$S" sysroot
mount --bind "$S/boot" boot
mount --bind "$S/ostree/deploy/$SIM_STATEROOT/var" var
mount -t tmpfs -o mode=755 tmpfs run
if [ -L tmp ]; then mkdir -p sysroot/tmp; tmp=sysroot/tmp; else tmp=tmp; fi
mount -t tmpfs -o mode=1777 tmpfs "$tmp"
# libostree 2025.2 and later arm ostree-finalize-staged.service when they stage (github.com/ostreedev/ostree/pull/3389); its work is done below
mkdir -p run/treeline-sim/usr/bin
cat >run/treeline-sim/usr/bin/systemctl <<'END'
#!/bin/sh
case "$*" in 'start ostree-finalize-staged.service' | daemon-reload) exit 0 ;; esac
echo 'System has not been booted with systemd as init system (PID 1). Can'\''t operate.' >&2
exit 1
END
# a unit of its own, outside of the mounts of who asks. What `ostree admin unlock` lays over /usr lies over the deployment's files alone: the machine's
# programs are put among them for it
cat >run/treeline-sim/usr/bin/systemd-run <<END
#!/bin/sh
while [ "\$1" != -- ]; do shift; done
shift
exec nsenter --mount=/proc/1/ns/mnt unshare --mount --propagation unchanged sh -c \
  'mount --make-private /sysroot && mount --bind /usr "/sysroot/ostree/deploy/$SIM_STATEROOT/deploy/${R##*/}/usr" && exec "\$@"' sh "\$@"
END
chmod 755 run/treeline-sim/usr/bin/*
# the programs and libraries to run with are the machine's own; the deployment's files lie over them. Paths within
# this directory: mount(8) hands an option of 256 bytes at most to the kernel (fsconfig(2))
mount -t overlay -o "ro,lowerdir=run/treeline-sim/usr:usr:/usr" overlay usr
mount -t proc proc proc
mount --rbind /sys sys 2>/dev/null || true
mount --rbind /dev dev
mkdir -p run/host run/lock
touch run/ostree-booted
echo "$SIM_CMDLINE" >run/treeline-sim/cmdline
mount --bind run/treeline-sim/cmdline proc/cmdline
while IFS=$'\t' read -r source target mode; do
  [ -n "$source" ] || continue
  if [ -d "$source" ]; then mkdir -p ".$target"; else mkdir -p "$(dirname ".$target")"; [ -e ".$target" ] || : >".$target"; fi
  mount --bind "$source" ".$target"
  if [ "$mode" = ro ]; then mount -o remount,bind,ro ".$target"; fi
done <<<"$SIM_BINDS"
hostname "$(cat etc/hostname 2>/dev/null || echo simulated)" 2>/dev/null || true

# a real pivot_root: / is this deployment for every process, and libostree compares its device and inode
pivot_root . run/host
cd /
hash -r
umount -l /run/host
rmdir /run/host
# as systemd has it: what is mounted in here, everybody sees
mount --make-rshared /
export PATH=/usr/bin:/usr/sbin:/bin:/sbin HOME=/root LANG=C.UTF-8
# what systemd-tmpfiles does at boot
mkdir -p /var/lib /var/log /var/home /var/roothome /var/cache
mkdir -p -m 1777 /var/tmp
rm -rf /var/tmp/ostree-unlock-ovl.*
# the mounts' paths are of use to nobody inside
once=${SIM_ONCE-} power_cut=${SIM_POWER_CUT-} finalize_wrap=${SIM_FINALIZE_WRAP-}
unset SIM_SYSROOT SIM_DEPLOYMENT SIM_STATEROOT SIM_CMDLINE SIM_BINDS SIM_ONCE SIM_POWER_CUT SIM_FINALIZE_WRAP

# treeline-keep-failure.service: ostree's own service only tells the journal
if [ -e /boot/ostree/finalize-failure.stamp ]; then mkdir -p /run/treeline; cp -p /boot/ostree/finalize-failure.stamp /run/treeline/; fi
# ostree-boot-complete.service: reports a failed finalization and removes its stamp
if [ -e /boot/ostree/finalize-failure.stamp ]; then
  INVOCATION_ID=treeline ostree admin boot-complete || echo "simboot: boot-complete ended with $?" >&2
fi

stop='' rc=0
trap 'stop=off' TERM INT
trap 'stop=restart' USR1
exec 4<&0 </dev/null
(trap - TERM INT USR1; cat <&4 >/dev/null; kill -TERM 1) 2>/dev/null &
exec 4<&-
: >/run/treeline-sim/booted
echo 'simboot: booted' >&2
while [ -z "$stop" ]; do
  rc=0
  "$@" &
  main=$!
  wait "$main" || rc=$?
  if [ -n "$stop" ]; then
    rc=0
    kill -TERM "$main" 2>/dev/null || true
    while kill -0 "$main" 2>/dev/null; do wait "$main" 2>/dev/null || true; done
  elif [ -n "$once" ]; then
    stop=off
  else
    # the bus would start it again at the next call
    echo "simboot: service ended with $rc" >&2
    sleep 0.2
  fi
done
trap '' TERM INT USR1
if [ -n "$power_cut" ]; then exit "$rc"; fi

# systemd waits for what is still running; a worker that writes boot entries must come to its end
kill -TERM -1 2>/dev/null || true
others() { for p in /proc/[0-9]*; do [ "$p" = /proc/1 ] || [ ! -r "$p/cmdline" ] || [ -z "$(tr -d '\0' <"$p/cmdline" 2>/dev/null)" ] || return 0; done; return 1; }
for _ in $(seq 300); do others || break; sleep 0.1; done
# ostree-finalize-staged.service: a path unit armed it when the file appeared, or libostree itself
if [ -e /run/ostree/staged-deployment ]; then
  failed=0
  # shellcheck disable=SC2086 # words on purpose
  $finalize_wrap ostree admin finalize-staged || failed=$?
  if [ "$failed" != 0 ]; then
    echo "simboot: finalize-staged ended with $failed" >&2
    if [ "$rc" = 0 ] && [ -n "$once" ]; then rc=90; fi
  fi
fi
if [ "$stop" = restart ]; then exit 3; fi
exit "$rc"
