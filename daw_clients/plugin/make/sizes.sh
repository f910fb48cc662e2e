#!/bin/sh
# sizes.sh FOLDER: tells where the three bundles are and how large they are.
set -eu
for bundle in anacrusis.lv2 anacrusis.vst3 anacrusis.clap; do
    printf '%6s kB  %s\n' "$(du --apparent-size -sk "$1/$bundle" | cut -f1)" "$1/$bundle"
done
