#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs what comes over a virtio serial port, a line at a time; answers with its output and "@@RC number".
port=/dev/virtio-ports/agent
exec 3<>"$port"
booted=$(sed 's/.*ostree=\([^ ]*\).*/\1/' /proc/cmdline)
echo "@@READY up=$(cut -d' ' -f1 /proc/uptime) boot=$(cat /proc/sys/kernel/random/boot_id) deployment=$booted" >&3
while IFS= read -r line <&3; do
  eval "$line" >/run/agent-output 2>&1 </dev/null
  code=$?
  cat /run/agent-output >&3
  echo "@@RC $code" >&3
done
