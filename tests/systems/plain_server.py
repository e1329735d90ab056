"""One throw-away PostgreSQL server. On loopback it trusts everybody but the superuser, whose password libpq knows."""

import subprocess

from kit import postgres_bin, wait_until


class PlainServer:
    def __init__(self, drill, port, settings=(), bin_folder=None):
        """Returns when it answers; `monitor` is a role that is nothing but a member of pg_monitor."""
        self.port = port
        self.data = drill.folder / f"data-{port}"
        bin_folder = bin_folder or postgres_bin()
        if drill.start("initdb", [bin_folder / "initdb", *drill.initdb(self.data)]).wait() != 0:
            raise AssertionError(drill.log("initdb"))
        drill.write_access_rules(self.data)
        command = [bin_folder / "postgres", "-D", self.data, "-p", port, "-k", drill.folder]
        for setting in settings:
            command += ["-c", setting]
        self.process = drill.start(f"server-{port}", command)
        wait_until("the server answers", lambda: self.execute("SELECT 1"))
        self.require("CREATE ROLE monitor LOGIN IN ROLE pg_monitor")

    def psql(self, sql):
        url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres?sslmode=disable"
        return subprocess.run(["psql", "-XAtq", url, "-c", sql], capture_output=True, text=True)

    def execute(self, sql):
        return self.psql(sql).returncode == 0

    def ask(self, sql):
        """What it answers, as text."""
        done = self.psql(sql)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def require(self, sql):
        if not self.execute(sql):
            raise AssertionError(sql)
