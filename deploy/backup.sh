#!/bin/sh
# Copy the database into a folder:  deploy/backup.sh FOLDER
#
# DATABASE_URL comes from the environment, else from the checkout's .env.
#
# One file per run, its name the time in UTC. It gets its name only once it is complete and PostgreSQL could read its
# table of contents, so every file with that name is a whole copy. Copies older than KEEP_DAYS (default 14) are deleted,
# but never the newest. PG_BINDIR: where pg_dump is, if not on the PATH; of the server's own version, as a newer one's
# copies can't be put back into an older server.
#
# The keys (FIELD_ENCRYPTION_KEYS, SECRET_KEY) are not in it. Without them the stored credentials can't be read: keep
# them too, and elsewhere.
set -eu
umask 077

[ $# -eq 1 ] || { echo "usage: deploy/backup.sh FOLDER" >&2; exit 2; }
folder=$1
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
[ -z "${PG_BINDIR:-}" ] || PATH=$PG_BINDIR:$PATH
keep=${KEEP_DAYS:-14}
case $keep in '' | *[!0-9]*) echo "KEEP_DAYS has to be a number." >&2; exit 2 ;; esac

variables=$("$python" "$here/deploy/pgenv.py")
eval "$variables"

mkdir -p "$folder"
name=practice-sync-$(date -u +%Y%m%dT%H%M%SZ).dump
unfinished=$folder/.$name.$$.unfinished
trap 'rm -f "$unfinished"' EXIT
trap 'exit 1' HUP INT TERM

pg_dump --format=custom --no-owner --no-privileges --lock-wait-timeout=60s --file="$unfinished"
pg_restore --list "$unfinished" >/dev/null
sync "$unfinished"
mv "$unfinished" "$folder/$name"
(cd "$folder" && sha256sum "$name" >"$name.sha256")

# What a run that was killed has left, and copies past their time.
find "$folder" -maxdepth 1 -name '.practice-sync-*.unfinished' -mtime +1 -delete
find "$folder" -maxdepth 1 -name 'practice-sync-*.dump' ! -name "$name" -mtime "+$keep" \
  -exec sh -c 'for old; do rm -f "$old" "$old.sha256"; done' sh {} +
echo "$folder/$name"
