#!/bin/sh
# Installs netdash from the folder of wheels in which this file lies, without a network, beside the releases before:
#   sh install.sh /opt/netdash           install, and let /opt/netdash/current lead to the new release
#   sh install.sh --back /opt/netdash    let it lead to the release before; once more, and it leads to the new one
# Servers that run keep their release. Restart them one after the other: systemctl reload netdash@1
set -eu
umask 022  # the service runs as a user of its own
say() { echo "$1" >&2; exit 2; }

use() {  # the link is replaced in one step
    ln -sfn "releases/$1" "$into/.current"
    mv -Tf "$into/.current" "$into/current"
    echo "In use: $into/current, which is releases/$1. Serve the board with: $into/current/bin/netdash serve"
}

remember() {
    ln -sfn "$(readlink "$into/current")" "$into/previous"
}

back=no
[ "${1:-}" = --back ] && { back=yes; shift; }
[ $# = 1 ] || say "Give the folder to install into: sh install.sh /opt/netdash"
[ $back = no ] || [ -d "$1" ] || say "There is no folder $1."
mkdir -p "$1/releases"
into=$(cd "$1" && pwd)
[ ! -e "$into/current" ] || [ -L "$into/current" ] || say "$into/current is no link: move it away, or install elsewhere."

if [ $back = yes ]; then
    [ -L "$into/previous" ] || say "There is no release before this one in $into."
    before=$(basename "$(readlink "$into/previous")")
    [ -e "$into/releases/$before/complete" ] || say "The release before, $into/releases/$before, was deleted: nothing was changed."
    remember
    use "$before"
    exit
fi

cd "$(dirname "$0")"
[ -e SHA256SUMS ] || say "The list SHA256SUMS is missing: carry the whole folder over that make wheels made."
sha256sum --check --strict --quiet SHA256SUMS || say "A file is not the one that make wheels made: nothing was installed."
for file in * .[!.]*; do  # pip would also take an archive of sources, and follow the links of a page
    [ ! -e "$file" ] || [ "$file" = SHA256SUMS ] || cut -c 67- SHA256SUMS | grep -qxF -e "$file" ||
        say "$file is not in SHA256SUMS: nothing was installed. Remove it, or carry the whole folder over again."
done

set -- netdash-*.whl
[ $# = 1 ] && [ -e "$1" ] || say "Expected one wheel of netdash here, found: $*"
version=${1#netdash-}
release=${version%%-*}-$(sha256sum SHA256SUMS | cut -c 1-8)  # the same release with other packages is another one
if [ ! -e "$into/releases/$release/complete" ]; then
    "${PYTHON:-python3}" -m venv --clear "$into/releases/$release"
    "$into/releases/$release/bin/python" -m pip install --quiet --disable-pip-version-check --no-index --find-links . \
        --only-binary :all: --constraint constraints.txt netdash
    touch "$into/releases/$release/complete"
fi
if [ -L "$into/current" ] && [ "$(readlink "$into/current")" != "releases/$release" ]; then
    remember
fi
use "$release"
