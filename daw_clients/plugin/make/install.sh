#!/bin/sh
# install.sh [--remove] [FROM]: puts the plugin of the folder FROM (this script's own) where hosts look:
# ~/.lv2, ~/.vst3 and ~/.clap. PREFIX stands for the home folder, DESTDIR goes before it; LV2_DIR,
# VST3_DIR and CLAP_DIR name whole folders. An older copy is replaced by a whole new one.
set -eu
remove=
if [ "${1:-}" = --remove ]; then
    remove=yes
    shift
fi
from=${1:-$(cd "$(dirname "$0")" && pwd)}
home=${PREFIX:-$HOME}

place() {  # NAME FOLDER
    target="${DESTDIR:-}$2"
    if [ -n "$remove" ]; then
        [ ! -e "$target/$1" ] || echo "Removed $target/$1"
        rm -rf "${target:?}/$1"
        return
    fi
    mkdir -p "$target"
    new=$(mktemp -d "$target/.anacrusis.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    cp -R "$from/$1" "$new/$1"
    [ ! -d "$target/$1" ] || mv "$target/$1" "$new/old"
    mv "$new/$1" "$target/$1"
    rm -rf "$new"
    echo "Installed $target/$1"
}

place anacrusis.lv2 "${LV2_DIR:-$home/.lv2}"
place anacrusis.vst3 "${VST3_DIR:-$home/.vst3}"
place anacrusis.clap "${CLAP_DIR:-$home/.clap}"
