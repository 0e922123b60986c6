#!/bin/sh
# Installs netdash from the folder of wheels in which this file lies, without a network: sh install.sh /opt/netdash
set -eu
umask 022  # the service runs as a user of its own
[ $# = 1 ] || { echo "Give the folder to install into: sh install.sh /opt/netdash" >&2; exit 2; }
wheels=$(dirname "$0")
"${PYTHON:-python3}" -m venv "$1"
"$1/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links "$wheels" \
    --constraint "$wheels/constraints.txt" netdash
echo "Installed. Serve the board with: $1/bin/netdash serve"
