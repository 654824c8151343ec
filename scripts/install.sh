#!/bin/sh
# Installs one lock file into .venv, which is made when it is not there:  scripts/install.sh requirements.lock
# PYTHON chooses the interpreter. Nothing is removed from .venv, so the lock of the tests stays beside that of the program.
set -eu

UV_VERSION=0.13.9
VENV=.venv
lock=$1

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
        if command -v "$name" >/dev/null && new_enough "$name"; then
            echo "$name"
            return
        fi
    done
    found=$("${PYTHON:-python3}" --version 2>&1 || true)
    echo "MultiChat needs Python 3.11 or newer; ${PYTHON:-python3} is: ${found:-not there}." \
        "Install one, or name one: make PYTHON=/path/to/python3.11" >&2
    exit 1
}

make_venv() {
    python=$(find_python)
    echo "Making $VENV with $("$python" --version)"
    if ! "$python" -m venv --clear "$VENV"; then
        rm -rf "$VENV"
        echo "$python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
}

get_uv() {
    "$VENV/bin/uv" --version 2>/dev/null | grep -q "^uv $UV_VERSION" && return
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
}

install_with_uv() {
    get_uv && "$VENV/bin/uv" pip install --quiet --python "$VENV/bin/python" --compile-bytecode \
        --require-hashes --requirement "$lock"
}

new_enough "$VENV/bin/python" || make_venv
echo "Installing $lock"
if ! install_with_uv; then
    # uv may not be there for this machine, and does not read where pip.conf says that packages are.
    echo "Not with uv; pip installs, which takes longer"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
fi
