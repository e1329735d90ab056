"""A Docker Swarm of three nodes on one machine: an engine for each, in a network namespace of its own."""

import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests/systems"))
import kit  # noqa: E402

PATIENCE = 180
# Debian's client and engine belong together; a newer client may refuse an older engine.
DOCKER = "/usr/bin/docker"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


def run(*command, **options):
    """The output of a command; ends the test with its words when it fails."""
    options.setdefault("check", True)
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          **{k: v for k, v in options.items() if k != "check"})
    if options["check"] and done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}:\n{done.stdout[-3000:]}")
    return done.stdout


def wait_until(what, condition, patience=PATIENCE, pause=0.5):
    """As everywhere, but engines take their time."""
    return kit.wait_until(what, condition, patience, pause)


class Engine:
    """One dockerd, in a network namespace or in that of the caller."""

    def __init__(self, folder, name, namespace=None, bridge=None):
        self.folder = folder / name
        self.folder.mkdir()
        self.name = name
        self.namespace = namespace
        self.bridge = bridge
        self.process = None
        self.start()

    def start(self):
        command = ["dockerd", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
                   f"--pidfile={self.folder}/pid", f"--host=unix://{self.folder}/sock"]
        if self.namespace is None:
            # It only builds, in the network of the machine, and touches no rule of its firewall. Without a
            # bridge of its own it would make docker0, or remove that of the machine's own engine.
            command += [f"--bridge={self.bridge}", "--iptables=false", "--ip6tables=false", "--ip-forward=false"]
        else:
            # Not `ip netns exec`, which would hide the control groups.
            command = ["nsenter", f"--net=/run/netns/{self.namespace}", "unshare", "--uts", "sh", "-c",
                       'hostname "$0" && exec "$@"', self.name, *command]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM))
        wait_until(f"the engine of {self.name} answers", self.answers, 60)

    def answers(self):
        if self.process.poll() is not None:
            raise AssertionError(f"dockerd of {self.name} ended:\n{(self.folder / 'log').read_text()[-2000:]}")
        return subprocess.run([DOCKER, "--host", f"unix://{self.folder}/sock", "version"],
                              capture_output=True, check=False).returncode == 0

    def docker(self, *arguments, **options):
        environment = os.environ | {"DOCKER_HOST": f"unix://{self.folder}/sock", "DOCKER_BUILDKIT": "1"}
        return run(DOCKER, *arguments, env=environment | options.pop("env", {}), **options).strip()

    def kill_all(self):
        """As when the machine loses its power: engine, containerd, shims and containers at once."""
        mine = str(self.folder).encode()
        groups = set()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mine in (entry / "cmdline").read_bytes() and int(entry.name) != os.getpid():
                    groups.add(int(entry.name))
        for pid in list(groups):
            with contextlib.suppress(OSError):
                for child in (pathlib.Path(f"/proc/{pid}/task/{pid}/children")).read_text().split():
                    groups.add(int(child))
        for pid in groups:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)

    def stop(self):
        if self.process is not None and self.process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        self.kill_all()


class Swarm:
    """Engines, networks and the Swarm, all gone at the end."""

    def __init__(self, count=3):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="pgrepl-swarm-", dir="/var/tmp"))
        self.tag = f"pgr{os.getpid() % 100000}"
        self.count = count
        self.nodes = []
        self.builder = None

    def __enter__(self):
        self.add_bridge()
        return self

    def __exit__(self, kind, problem, _):
        for node in reversed(self.nodes):
            node.stop()
        if self.builder is not None:
            self.builder.stop()
        for index in range(self.count):
            run("ip", "netns", "delete", f"{self.tag}n{index + 1}", check=False)
        run("ip", "link", "delete", f"{self.tag}br", check=False)
        run("iptables", "-D", "FORWARD", *self.within_bridge(), check=False)
        # Mounts that a killed engine has left.
        for line in reversed(pathlib.Path("/proc/mounts").read_text().splitlines()):
            if line.split()[1].startswith(str(self.folder)):
                run("umount", "--lazy", line.split()[1], check=False)
        # What a killed engine was writing may come after the first look.
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                return
            time.sleep(0.5)
        print(f"could not remove {self.folder}", file=sys.stderr)

    def within_bridge(self):
        return ["-i", f"{self.tag}br", "-o", f"{self.tag}br", "-j", "ACCEPT"]

    def address(self, index):
        return f"10.97.{os.getpid() % 200}.{index + 11}"

    def start_builder(self):
        self.builder = Engine(self.folder, "builder", bridge=f"{self.tag}br")
        return self.builder

    def add_bridge(self):
        bridge = f"{self.tag}br"
        run("ip", "link", "add", bridge, "type", "bridge")
        run("ip", "address", "add", f"10.97.{os.getpid() % 200}.1/24", "dev", bridge)
        run("ip", "link", "set", bridge, "up")
        run("iptables", "-I", "FORWARD", *self.within_bridge())

    def connect_nodes(self):
        """A namespace for each node, on the bridge."""
        bridge = f"{self.tag}br"
        for index in range(self.count):
            name = f"{self.tag}n{index + 1}"
            run("ip", "netns", "add", name)
            run("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "link", "set", name, "master", bridge, "up")
            run("ip", "-n", name, "address", "add", f"{self.address(index)}/24", "dev", "eth0")
            run("ip", "-n", name, "link", "set", "lo", "up")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            # No way out: before a task starts, an engine asks the registry for its image, and is told at
            # once that there is none.

    def start_nodes(self):
        self.connect_nodes()
        for index in range(self.count):
            self.nodes.append(Engine(self.folder, f"node{index + 1}", f"{self.tag}n{index + 1}"))
        manager = self.manager
        manager.docker("swarm", "init", "--advertise-addr", self.address(0), "--task-history-limit", "1",
                       "--dispatcher-heartbeat", "2s")
        token = manager.docker("swarm", "join-token", "--quiet", "worker")
        for index, node in enumerate(self.nodes[1:], start=1):
            node.docker("swarm", "join", "--advertise-addr", self.address(index), "--token", token,
                        f"{self.address(0)}:2377")
        wait_until("all nodes are ready", lambda: self.ready_nodes() == self.count)

    @property
    def manager(self):
        return self.nodes[0]

    def ready_nodes(self):
        return self.manager.docker("node", "ls", "--format", "{{.Status}}").split().count("Ready")

    def load(self, image):
        """The image of the builder on every node."""
        archive = self.folder / "image.tar"
        self.builder.docker("save", "--output", archive, *image)
        for node in self.nodes:
            node.docker("load", "--quiet", "--input", archive)
        archive.unlink()

    def create_secret(self, name, text):
        self.manager.docker("secret", "create", name, "-", input=text)

    def deploy(self, name, *files, env=None):
        arguments = [a for file in files for a in ("--compose-file", file)]
        self.manager.docker("stack", "deploy", "--resolve-image", "never", *arguments, name, env=env or {})

    def tasks(self, service):
        """The tasks that should run and do, as (node, container's address in the network, id)."""
        found = []
        ids = self.manager.docker("service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running", service).split()
        names = dict(line.split() for line in self.manager.docker("node", "ls", "--format", "{{.ID}} {{.Hostname}}").splitlines())
        for task in json.loads(self.manager.docker("inspect", *ids)) if ids else []:
            if task["Status"]["State"] == "running":
                addresses = {a["Network"]["Spec"]["Name"]: a["Addresses"][0].split("/")[0]
                             for a in task.get("NetworksAttachments", [])}
                found.append({"node": names[task["NodeID"]], "addresses": addresses, "id": task["ID"],
                              "container": task["Status"]["ContainerStatus"]["ContainerID"]})
        return found

    def engine(self, name):
        return next(node for node in self.nodes if node.name == name)


def need_root():
    if os.geteuid() != 0:
        sys.exit("engines in network namespaces need root")
