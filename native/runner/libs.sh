#!/bin/sh
# What binding.gyp asks: `available` (is libseccomp here?), `libraries` (how to link: static where the archives are).
set -e
compile() {
  printf '#include <seccomp.h>\nint main(void) { seccomp_release(seccomp_init(0)); return 0; }\n' |
    ${CC:-cc} -x c - "$@" -o /dev/null 2>/dev/null
}
case "$1" in
  available) if compile -lseccomp; then echo 1; else echo 0; fi ;;
  libraries) if compile -static -lseccomp; then echo -static -lseccomp; else echo -lseccomp; fi ;;
esac
