#!/usr/bin/env bash
# Builds Anacrusis.bwextension (a jar) with what Debian has: javac, jar, JeroMQ and msgpack. No download.
# build.sh FOLDER: the classes and the extension go there.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
out="${1:?say where to build}"
jars=(/usr/share/java/jeromq.jar /usr/share/java/msgpack-core.jar)
for jar in "${jars[@]}"; do
    [ -e "$jar" ] || { echo "$jar is missing; on Debian: apt-get install libjeromq-java libmsgpack-java" >&2; exit 2; }
done
rm -rf "$out/classes" "$out/Anacrusis.bwextension"
mkdir -p "$out/classes/META-INF/licenses"
mapfile -t sources < <(find "$here/src/core" "$here/src/adapter" -name '*.java' | sort)
# Bitwig's own interfaces are read from stand-ins, and not written
javac -Xlint:all -Werror --release 17 -encoding UTF-8 -implicit:none -sourcepath "$here/src/stubs" \
    -cp "$(IFS=:; echo "${jars[*]}")" -d "$out/classes" "${sources[@]}"
cp -r "$here/src/adapter/META-INF" "$out/classes/"
for jar in "${jars[@]}"; do
    (cd "$out/classes" && jar --extract --file "$jar" org zmq 2>/dev/null)
done
for package in libjeromq-java libmsgpack-java; do  # their licences travel with their classes
    cp "/usr/share/doc/$package/copyright" "$out/classes/META-INF/licenses/$package"
done
jar --create --file "$out/Anacrusis.bwextension" --date=2024-01-01T00:00:00Z -C "$out/classes" .
echo "$out/Anacrusis.bwextension"
