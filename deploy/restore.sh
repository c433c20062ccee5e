#!/bin/sh
# Put a copy into an empty database:  deploy/restore.sh FILE
#
# DATABASE_URL (from the environment, else from the checkout's .env) names the database to fill, which has to exist and be
# empty: nothing is ever overwritten. Either all of the copy is put in or nothing. Afterwards every stored credential is
# read with the keys given (FIELD_ENCRYPTION_KEYS), which tells at once whether keys and copy belong together. What to do
# then: docs/deploy.md, "After a restore".
set -eu

[ $# -eq 1 ] || { echo "usage: deploy/restore.sh FILE" >&2; exit 2; }
file=$1
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$here/.venv/bin/python}
[ -z "${PG_BINDIR:-}" ] || PATH=$PG_BINDIR:$PATH
[ -r "$file" ] || { echo "$file can't be read." >&2; exit 2; }

if [ -f "$file.sha256" ]; then
  (cd "$(dirname "$file")" && sha256sum --quiet --check "$(basename "$file").sha256") \
    || { echo "$file is not what was written: its checksum differs." >&2; exit 1; }
fi

variables=$("$python" "$here/deploy/pgenv.py")
eval "$variables"

tables=$(psql --no-psqlrc --quiet --tuples-only --no-align --command \
  "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
   AND n.nspname NOT LIKE 'pg_toast%'")
if [ "$tables" -ne 0 ]; then
  echo "The database $PGDATABASE is not empty ($tables tables). Create a new one and name it in DATABASE_URL." >&2
  exit 1
fi

pg_restore --no-owner --no-privileges --exit-on-error --single-transaction --dbname="$PGDATABASE" "$file"
psql --no-psqlrc --quiet --command "ANALYZE"
"$python" "$here/manage.py" check_secrets
