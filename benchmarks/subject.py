"""A running exporter and its page."""

import contextlib
import http.client
import os
import time

import community
from kit import ROOT, free_ports, wait_until

OURS = os.environ.get("PGREPL_EXPORTER", ROOT / "build/release/pg_replication_exporter")
PATIENCE = 60


class Subject:
    def __init__(self, drill, name, command, environment):
        (self.port,) = free_ports(1)
        self.name = name
        self.process = drill.start(
            f"{name}-{self.port}",
            [*command, f"--web.listen-address=127.0.0.1:{self.port}"],
            as_servers=False,
            variables=environment,
        )
        wait_until(f"{name} answers", self.is_up)

    def is_up(self):
        with contextlib.suppress(OSError, http.client.HTTPException):
            return b"\npg_up" in self.fetch()
        return False

    def fetch(self, encoding="identity", path="/metrics"):
        """The body's bytes as they were sent; an error where the answer is not 200."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers={"Accept-Encoding": encoding})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise http.client.HTTPException(f"{self.name}, {path}: {answer.status}")
            return body
        finally:
            connection.close()

    def timed_fetch(self, encoding="identity"):
        begin = time.monotonic()
        self.fetch(encoding)
        return time.monotonic() - begin

    def times(self, count, encoding="identity"):
        return [self.timed_fetch(encoding) for _ in range(count)]

    def end(self):
        self.process.terminate()
        self.process.wait()


def ours(drill, port):
    return Subject(drill, "ours", [OURS], {
        "DATA_SOURCE_NAME": f"host=127.0.0.1 port={port} user=monitor dbname=postgres sslmode=disable"})


def theirs(drill, port):
    return Subject(drill, "theirs", [community.PROGRAM], {
        "DATA_SOURCE_NAME": f"postgresql://monitor@127.0.0.1:{port}/postgres?sslmode=disable"})


def ours_by_file(drill, name, text):
    return Subject(drill, name, [OURS, f"--config.file={drill.write(f'{name}.yaml', text)}"], {})


def series_of(page):
    """How many lines of a page are samples."""
    return sum(bool(line) and not line.startswith(b"#") for line in page.splitlines())
