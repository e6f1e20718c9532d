#!/usr/bin/env bash
# Downloads the sources of the libraries that are linked statically, as Debian patches them and as apt verifies
# them, without being root and without touching the machine's own lists: sources.sh DIRECTORY
set -euo pipefail
directory=$1
state=$directory/apt
[ ! -e "$directory/complete" ] || exit 0
rm -rf "$directory"
mkdir -p "$state/lists/partial" "$state/sources.list.d"
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
  [ -e "$file" ] || continue
  sed -e 's/^Types: .*/Types: deb-src/' -e 's/^deb /deb-src /' "$file" >"$state/sources.list.d/${file##*/}"
done
apt=(apt-get -qq -o "Dir::State::Lists=$state/lists" -o Dir::Etc::SourceList=/dev/null
  -o "Dir::Etc::SourceParts=$state/sources.list.d" -o "Dir::Cache=$state" -o "APT::Sandbox::User=$(id -un)")
"${apt[@]}" update
cd "$directory"
"${apt[@]}" source libdeflate libzstd libseccomp >/dev/null
for name in libdeflate libzstd libseccomp; do mv "$name"-*/ "$name"; done

# What libseccomp's own build generates: Debian's patches add system calls to the table.
cd libseccomp
version=$(sed -n 's/^AC_INIT(.*\[\([0-9.]*\)\].*/\1/p;s/^AC_INIT(\[libseccomp\], \[\([0-9.]*\)\])/\1/p' configure.ac | head -n 1)
IFS=. read -r major minor micro <<<"$version"
sed -e "s/@VERSION_MAJOR@/$major/;s/@VERSION_MINOR@/$minor/;s/@VERSION_MICRO@/$micro/" \
  include/seccomp.h.in >include/seccomp.h
: >configure.h
(cd src && ./arch-gperf-generate syscalls.csv syscalls.perf.template &&
  gperf -m 100 --null-strings --pic -tCEG -T -S1 syscalls.perf >syscalls.perf.c)
touch "$directory/complete"
