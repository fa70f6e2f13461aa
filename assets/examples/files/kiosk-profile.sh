# SPDX-License-Identifier: LGPL-2.1-or-later
if [ "$(id -un)" = kiosk ] && [ "$(tty)" = /dev/tty1 ]; then
  exec /usr/libexec/kiosk-session
fi
