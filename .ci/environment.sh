# Sourced by ./run and ./check from the top of the checkout: makes or refreshes .venv from requirements.lock.

find_python() {
    # The newest of the supported versions that really runs: a pyenv shim exists for versions that are switched off.
    for version in 3.13 3.12 3.11; do
        for candidate in "python$version" "$HOME/.pyenv/versions/$version".*/bin/python "/usr/local/bin/python$version"; do
            found=$("$candidate" -c 'import sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
            if [ "$found" = "$version" ]; then
                echo "$candidate"
                return 0
            fi
        done
    done
    for candidate in python3 python; do
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

HOME=${HOME:-/}
python=.venv/bin/python
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
    if ! base=$(find_python); then
        echo "Python 3.11, 3.12 or 3.13 with its venv module is needed and was not found." >&2
        echo "On Debian or Ubuntu: sudo apt-get install python3 python3-venv" >&2
        exit 1
    fi
    echo "Making .venv with $("$base" -c 'import sys; print("Python %d.%d.%d" % sys.version_info[:3])') ..."
    rm -rf .venv
    "$base" -m venv .venv
fi

# The stamp names what the installation depends on: interpreter and place, lock, own packages.
stamp=$("$python" -c '
import hashlib, pathlib, sys
digest = hashlib.sha256(f"{sys.version} {sys.prefix}".encode())
digest.update(pathlib.Path("requirements.lock").read_bytes())
for line in pathlib.Path("pyproject.toml").read_text(encoding="utf-8").splitlines():
    if line.startswith(("packages", "version", "requires")):
        digest.update(line.encode())
print(digest.hexdigest())')
if [ "$(cat .venv/installed 2>/dev/null || true)" != "$stamp" ]; then
    echo "Installing the locked packages (some minutes the first time) ..."
    "$python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps -e .
    echo "$stamp" > .venv/installed
fi
