if [ "$(id -un)" = kiosk ] && [ "$(tty)" = /dev/tty1 ]; then
  exec /usr/libexec/kiosk-session
fi
