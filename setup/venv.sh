#!/bin/sh
# Makes .venv: an interpreter that fits, the pinned and hash-checked packages, the project itself.
# Called by `make setup` when the lock or pyproject.toml changed. PYTHON=/path/to/python3.12 picks
# the interpreter of a new .venv.
set -eu
cd "$(dirname "$0")/.."

fits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        if fits "$PYTHON"; then echo "$PYTHON"; return; fi
        echo "PYTHON=\"$PYTHON\": needs to be a Python 3.11 or 3.12" >&2
        exit 1
    fi
    for candidate in python3.11 python3.12 python3; do
        if fits "$candidate"; then echo "$candidate"; return; fi
    done
    echo "No Python 3.11 or 3.12 found (Bytewax has no wheels beyond 3.12)." >&2
    echo "Install one, or name it: make setup PYTHON=/path/to/python3.12" >&2
    exit 1
}

# Debian splits venv's ensurepip off into a package of its own.
ensure_venv_module() {
    if "$1" -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    version=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing $version with apt: this Python cannot make a venv without it"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$version" >/dev/null
    else
        echo "$1 cannot make a venv. On Debian or Ubuntu: sudo apt-get install $version" >&2
        exit 1
    fi
}

# Two `make setup` at once (a test run and an editor, say) must not install over each other.
if [ "${SETUP_LOCKED:-}" != 1 ] && command -v flock >/dev/null; then
    SETUP_LOCKED=1 exec flock setup/venv.sh sh setup/venv.sh
fi

if ! { [ -x .venv/bin/pip ] && fits .venv/bin/python; }; then
    python=$(find_python)
    ensure_venv_module "$python"
    echo "setup: making .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi

echo "setup: installing the pinned packages (the first time takes a minute or two)"
PIP_DISABLE_PIP_VERSION_CHECK=1
export PIP_DISABLE_PIP_VERSION_CHECK
.venv/bin/python -m pip install -qq --require-hashes -r requirements.lock
# -qq: errors alone; pip's warnings are about the machine's configuration, not about the project.
# setuptools warns of every editable installation, by design.
PYTHONWARNINGS=ignore .venv/bin/python -m pip install -qq --no-deps --no-build-isolation --editable .
touch .venv/.ready
