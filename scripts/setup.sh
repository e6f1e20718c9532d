#!/usr/bin/env bash
# Brings this machine to where Shale can be built, run and tested: Debian packages (as root or through sudo),
# npm packages, the build. Says what it may not install and what is lost without it.
#
#   scripts/setup.sh run     what building and the demo need
#   scripts/setup.sh test    that, and the peers that judge our output
set -euo pipefail
cd "$(dirname "$0")/.."

run_packages=(g++ make python3 git ca-certificates uidmap fuse-overlayfs passt libdeflate-dev libzstd-dev
  libseccomp-dev mmdebstrap xz-utils bzip2 util-linux)
test_packages=(
  skopeo umoci slirp4netns podman buildah docker-registry runc crun
  busybox-static strace tmux zstd attr acl libcap2-bin openssl apache2-utils python3-minimal
  gcc-aarch64-linux-gnu libc6-dev-arm64-cross libstdc++6-arm64-cross qemu-user-static musl
  binutils dpkg-dev gperf
  chromium zsh fish bash-completion man-db groff
)

declare -A lost=(
  [g++]='the native engine and runner (WASM and an OCI runtime take their place)'
  [make]='the native engine and runner (WASM and an OCI runtime take their place)'
  [python3]='the native engine and runner: node-gyp needs Python'
  [uidmap]='more than one id in a user namespace: chown to others is only pretended'
  [fuse-overlayfs]='overlays where the kernel refuses its own'
  [passt]='a network of their own for containers' [slirp4netns]='test of networks through slirp4netns'
  [libdeflate-dev]='fast gzip' [libzstd-dev]='zstd in the native engine'
  [libseccomp-dev]='the native runner: without it RUN needs crun or runc'
  [mmdebstrap]='making a Debian base where no registry can be reached'
)

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif sudo -n true 2>/dev/null; then sudo -n "$@"
  else return 1; fi
}

install_packages() {
  local missing=() package
  for package in "$@"; do installed "$package" || missing+=("$package"); done
  [ ${#missing[@]} = 0 ] && return
  if command -v apt-get >/dev/null && as_root true; then
    echo "setup: installing ${missing[*]}"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    return
  fi
  echo "setup: these packages are missing and may not be installed from here: ${missing[*]}" >&2
  for package in "${missing[@]}"; do
    [ -z "${lost[$package]:-}" ] || echo "setup:   without $package: no ${lost[$package]}" >&2
  done
  echo "setup: as root: apt-get install ${missing[*]}" >&2
}

# fuse-overlayfs and pasta open these as whoever runs them; some machines give them to root alone.
open_devices() {
  local device
  for device in /dev/fuse /dev/net/tun; do
    if [ -e "$device" ] && [ "$(stat -c %a "$device")" != 666 ]; then
      as_root chmod 666 "$device" || echo "setup: $device is closed to others: chmod 666 $device" >&2
    fi
  done
}

install_npm_packages() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    # Not `npm ci`: it refuses a lock file that leaves out builds for platforms which a registry does not hold.
    npm install --no-save --no-audit --no-fund --ignore-scripts --loglevel=error
  fi
}

case "${1:-run}" in
  run) install_packages "${run_packages[@]}" ;;
  test) install_packages "${run_packages[@]}" "${test_packages[@]}" ;;
  *) echo "usage: $0 run|test" >&2; exit 2 ;;
esac
open_devices
install_npm_packages
node scripts/build.mjs
