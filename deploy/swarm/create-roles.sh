#!/bin/bash
# Runs once, when the primary is created. The passwords are read from files, and reach psql by its
# input, so that no command line shows them.
set -euo pipefail

quoted() {
  local text
  text=$(< "$1")
  printf "'%s'" "${text//\'/\'\'}"
}

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres <<END
SET standard_conforming_strings = on;
CREATE ROLE replicator LOGIN REPLICATION PASSWORD $(quoted /run/secrets/replicator_password);
CREATE ROLE monitor LOGIN PASSWORD $(quoted /run/secrets/pg_monitor_password) IN ROLE pg_monitor;
END
