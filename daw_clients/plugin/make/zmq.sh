#!/bin/sh
# zmq.sh FOLDER [CMAKE OPTIONS]: builds a libzmq to be linked in (static, position-independent, no curve,
# norm, pgm or krb5) into FOLDER/zmq, from Debian's source package, through the machine's own mirror.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
shift
version=4.3.4-6
sums="0ff5a531c9ffaf0dfdc7dc78d13d1383088f454896d252934c429b2554d10559  zeromq3_4.3.4.orig.tar.gz
fbb0dcb4ffbf483d416d9af722db74ad4edd7004625ce10381e8cd3a71b6cd58  zeromq3_$version.debian.tar.xz"

fetch() {
    mkdir -p "$folder/apt/lists/partial" "$folder/apt/sources"
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] && sed 's/^Types:.*/Types: deb-src/' "$file" > "$folder/apt/sources/${file##*/}"
    done
    [ -f /etc/apt/sources.list ] &&
        sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > "$folder/apt/sources/sources.list"
    cat > "$folder/apt/apt.conf" <<END
Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "$folder/apt/sources";
Dir::State::Lists "$folder/apt/lists";
Dir::Cache "$folder/apt";
APT::Sandbox::User "";
END
    export APT_CONFIG="$folder/apt/apt.conf"
    apt-get -qq update
    (cd "$folder" && apt-get -qq source --download-only "zeromq3=$version") || {
        echo "This machine's mirror has no zeromq3 $version: build the release on Debian 12." >&2
        exit 2
    }
}

cd "$folder"
echo "$sums" | sha256sum --check --status 2>/dev/null || fetch
echo "$sums" | sha256sum --check --quiet

rm -rf libzmq-4.3.4 debian zmq-build zmq
tar -xf zeromq3_4.3.4.orig.tar.gz
tar -xf "zeromq3_$version.debian.tar.xz"
while read -r name; do
    patch --strip=1 --quiet --directory=libzmq-4.3.4 < "debian/patches/$name"
done < debian/patches/series

cmake -G Ninja -S libzmq-4.3.4 -B zmq-build -Wno-dev --no-warn-unused-cli \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$folder/zmq" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
    -DCMAKE_CXX_FLAGS="-fvisibility=hidden -ffunction-sections -fdata-sections -ffile-prefix-map=$folder/=" \
    -DBUILD_SHARED=OFF -DBUILD_STATIC=ON -DBUILD_TESTS=OFF -DENABLE_CURVE=OFF -DENABLE_DRAFTS=OFF \
    -DENABLE_WS=OFF -DWITH_LIBSODIUM=OFF -DWITH_LIBBSD=OFF -DWITH_NORM=OFF -DWITH_OPENPGM=OFF \
    -DWITH_VMCI=OFF -DWITH_TLS=OFF -DWITH_NSS=OFF -DWITH_DOC=OFF -DWITH_DOCS=OFF -DWITH_PERF_TOOL=OFF \
    "$@" > zmq-build.log
cmake --build zmq-build -- -j2 --quiet >> zmq-build.log
cmake --install zmq-build >> zmq-build.log
mkdir -p zmq/licences
cp libzmq-4.3.4/COPYING libzmq-4.3.4/COPYING.LESSER zmq/licences/
echo "libzmq $version is in $folder/zmq"
