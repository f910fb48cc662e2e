#!/bin/sh
# release.sh PYTHON BUILD DIST: the plugin for any Linux on x86-64, in
# DIST/anacrusis-plugin-VERSION-linux-x86_64.tar.gz. libzmq and the C++ library are linked in; what is
# needed is glibc, and for the window libX11, libxcb and libcairo, which every desktop has.
set -eu
python=$1
mkdir -p "$2" "$3"
build=$(cd "$2" && pwd)
dist=$(cd "$3" && pwd)
here=$(cd "$(dirname "$0")/.." && pwd)
glibc=2.17

"$here/make/zig.sh" "$python" "$build/zig" "$glibc"
# System headers come last, so that glibc's are those of the glibc that is built for.
flags="-idirafter /usr/include"
set -- -DCMAKE_C_COMPILER="$build/zig/bin/cc" -DCMAKE_CXX_COMPILER="$build/zig/bin/cxx" \
    -DCMAKE_AR="$build/zig/bin/ar" -DCMAKE_RANLIB="$build/zig/bin/ranlib" \
    -DCMAKE_LIBRARY_ARCHITECTURE=x86_64-linux-gnu -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON

[ -f "$build/zmq/lib/libzmq.a" ] || "$here/make/zmq.sh" "$build" "$@"
cmake -G Ninja -S "$here" -B "$build/plugin" -DCMAKE_BUILD_TYPE=Release -DANACRUSIS_STATIC_ZMQ="$build/zmq" \
    -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" "$@" > "$build/plugin.log"
cmake --build "$build/plugin" -- -j2 --quiet
ctest --test-dir "$build/plugin" --output-on-failure --quiet

version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/plugin/CMakeCache.txt")
name=anacrusis-plugin-$version-linux-x86_64
rm -rf "${build:?}/$name"
mkdir -p "$build/$name/licences"
cp -R "$build/plugin/bin/"anacrusis.* "$here/make/install.sh" "$build/$name/"
cp "$here/make/README.txt" "$build/$name/README.txt"
cp "$here/../../LICENSE" "$build/$name/licences/anacrusis.txt"
cp "$here/make/licences/"*.txt "$build/$name/licences/"
cp "$build/zmq/licences/COPYING.LESSER" "$build/$name/licences/zeromq-lgpl-and-exception.txt"
cp "$build/zmq/licences/COPYING" "$build/$name/licences/zeromq-gpl.txt"
cp "$build/plugin/dpf/LICENSE" "$build/$name/licences/dpf.txt"
cp "$build/plugin/dpf/dgl/src/pugl-upstream/COPYING" "$build/$name/licences/pugl.txt"
cp "$build/zig/ziglang/lib/libcxx/LICENSE.TXT" "$build/$name/licences/libcxx.txt"

modules="$(find "$build/$name" -name '*.so' -o -name '*.clap')"
for module in $modules; do
    needed=$(readelf --dynamic --wide "$module" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | tr '\n' ' ')
    highest=$(readelf --version-info --wide "$module" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
    echo "${module#"$build/$name/"}: needs $highest, $needed"
    case "$needed" in *zmq* | *stdc++* | *libgcc* | *libc++*)
        echo "This must not be needed by what is given to users." >&2
        exit 1 ;;
    esac
done

time=${SOURCE_DATE_EPOCH:-$(git -C "$here" log -1 --format=%ct 2> /dev/null || date +%s)}
tar --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner -C "$build" -cf - "$name" |
    gzip -n -9 > "$dist/$name.tar.gz"
echo "$(du -k "$dist/$name.tar.gz" | cut -f1) kB  $dist/$name.tar.gz"
