#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Runs a program as an ordinary user, for tests that root starts:  as-user.sh UID GID CHECKOUT PROGRAM [ARG...]
# A checkout below a folder that only root may enter (/root) is made reachable under the same path, in a mount namespace of its own.
set -euo pipefail
uid=$1 gid=$2 checkout=$3
shift 3
# Playwright adds this when root starts it; the sandbox is part of what is tested
words=()
for word in "$@"; do [ "$word" = --no-sandbox ] || words+=("$word"); done
set -- "${words[@]}"
become=(setpriv "--reuid=$uid" "--regid=$gid" --clear-groups)
if "${become[@]}" test -r "$checkout/package.json"; then exec "${become[@]}" "$@"; fi

# shellcheck disable=SC2016 # expanded by the inner shell
exec unshare --mount --propagation private bash -c '
set -euo pipefail
checkout=$1
shift
hold=$(mktemp -d /run/treeline-hold.XXXXXX)
mount --bind "$checkout" "$hold"
# the topmost folder that others may not enter is covered by an empty one which leads to the checkout only
covered=""
rest=$checkout
path=""
IFS=/ read -ra parts <<<"${rest#/}"
for part in "${parts[@]}"; do
  path=$path/$part
  if [ $(( 8#$(stat -c %a "$path") & 1 )) = 0 ]; then covered=$path; break; fi
done
if [ -n "$covered" ] && [ "$covered" != "$checkout" ]; then
  mount -t tmpfs -o mode=755 tmpfs "$covered"
  mkdir -p "$checkout"
  mount --bind "$hold" "$checkout"
fi
umount "$hold"
rmdir "$hold"
cd /
exec "$@"
' bash "$checkout" "${become[@]}" "$@"
