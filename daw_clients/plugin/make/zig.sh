#!/bin/sh
# zig.sh PYTHON FOLDER GLIBC: a compiler in FOLDER/bin (cc, cxx, ar, ranlib) whose programs run on any
# Linux from that glibc on, with libc++ linked in: Zig's clang, from PyPI.
set -eu
python=$1
glibc=$3
mkdir -p "$2/bin"
folder=$(cd "$2" && pwd)

if [ ! -x "$folder/ziglang/zig" ]; then
    cat > "$folder/requirements.txt" <<'END'
ziglang==0.15.2 --hash=sha256:806316453d1ede7174ed3fefb8e5348154629089c3bb5fe812dfd0e172fac130
END
    "$python" -m pip install --quiet --no-deps --only-binary :all: --require-hashes \
        --target "$folder" --requirement "$folder/requirements.txt"
fi

wrap() {  # NAME ARGUMENTS...: the code is held to be free of warnings by g++
    name=$1
    shift
    cat > "$folder/bin/$name" <<END
#!/bin/sh
export ZIG_GLOBAL_CACHE_DIR="$folder/cache" ZIG_LOCAL_CACHE_DIR="$folder/cache"
exec "$folder/ziglang/zig" $*
END
    chmod +x "$folder/bin/$name"
}
wrap cc "cc -target x86_64-linux-gnu.$glibc \"\$@\" -Wno-error"
wrap cxx "c++ -target x86_64-linux-gnu.$glibc \"\$@\" -Wno-error"
wrap ar 'ar "$@"'
wrap ranlib 'ranlib "$@"'
