#!/bin/bash
# Copies the primary into an empty data directory, or goes on with the standby that is there.
set -euo pipefail

# libpq takes the password from a file of its own format.
export PGPASSFILE=/tmp/pgpass
password=$(< /run/secrets/replicator_password)
password=${password//\\/\\\\}
(umask 077 && echo "*:*:*:replicator:${password//:/\\:}" > "$PGPASSFILE")

source="host=$PRIMARY_HOST user=replicator application_name=$SLOT passfile=$PGPASSFILE"
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  until pg_isready --quiet --host="$PRIMARY_HOST" --username=replicator --timeout=3; do
    echo "waiting for $PRIMARY_HOST"
    sleep 1
  done
  # What a copy that was cut short has left would be refused.
  rm -rf "$PGDATA"
  # The slot is there already when this task ran on another node.
  psql "$source replication=true" --no-psqlrc --quiet --output=/dev/null \
    --command="CREATE_REPLICATION_SLOT $SLOT PHYSICAL RESERVE_WAL" || true
  pg_basebackup --dbname="$source" --pgdata="$PGDATA" --wal-method=stream --slot="$SLOT" \
    --checkpoint=fast
  touch "$PGDATA/standby.signal"
  chmod 0700 "$PGDATA"
fi

# Given at every start: what an earlier task has left on this node was the standby of another slot.
# A promoted server has no standby.signal, and ignores them.
exec postgres -c config_file=/etc/postgresql/postgresql.conf -c cluster_name="$SLOT" \
  -c primary_conninfo="$source" -c primary_slot_name="$SLOT"
