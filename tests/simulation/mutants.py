"""Breaks the exporter's code in known ways, one at a time, and sees whether the simulation finds it.

A mutant is a text of a file that is replaced by another. Each must still apply: a text that is not
found exactly once is an error. Run by scripts/mutants.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
COPIED = ["src", "tests", "queries", "cmake", "benchmarks", "CMakeLists.txt", "CMakePresets.json"]

# name, file, what is replaced, by what
MUTANTS = [
    ("older reading replaces a newer one", "src/sampling/collection.cpp",
     "if (!tick_ || tick_->sent < tick.sent) {", "if (true) {"),
    ("a reading is dated by the whole batch", "src/sampling/collection.cpp",
     "return std::min(answers.sent + took, answers.received);", "return answers.received;"),
    ("an exception ends a task for ever", "src/loop/supervisor.cpp",
     "if (stopped_ || running.turns.is_over()) {\n      break;", "if (true) {\n      break;"),
    ("work with a deadline swallows exceptions", "src/loop/finish_by.cpp",
     "if (course.problem && in_time) {", "if (false) {"),
    ("what we gave up counts as a failure", "src/session/query_error.h",
     "return !result && result.error().given_up;", "return !result && result.error().given_up && false;"),
    ("two rounds of one server at once", "src/sampling/round_gate.cpp",
     "  if (running_) {\n    return", "  if (false) {\n    return"),
    ("a server that hangs is up", "src/sampling/poll_state.cpp",
     "now - *began_ > tick_", "now - *began_ > tick_ * 100"),
    ("a server is tried again after a minute", "src/sampling/poll_state.cpp",
     "retry_at_ = now + (lasting ? tick_ * 10 : wait);", "retry_at_ = now + tick_ * 60 + wait * (lasting ? 1 : 0);"),
    ("a server is tried again at once", "src/sampling/poll_state.cpp",
     "retry_at_ = now + (lasting ? tick_ * 10 : wait);",
     "retry_at_ = now + (lasting ? wait : std::chrono::milliseconds{20});"),
    ("stop leaves the connection of the tick open", "src/sampling/ticker.cpp",
     "void Ticker::close() {\n  session_->close();", "void Ticker::close() {"),
    ("the patience of a reader is ignored", "src/watch/rounds.cpp",
     "if (waiting.patience <= now) {\n      due.readers", "if (false) {\n      due.readers"),
    ("a round waits for a server without end", "src/watch/rounds.cpp",
     "if (running_ && (complete || now >= deadline_)) {", "if (running_ && complete) {"),
    ("nearly caught up is caught up", "src/cluster/lag.cpp",
     "  if (standby.position >= primary.position) {\n    lag.time",
     "  if (standby.position.bytes() + (1U << 22U) >= primary.position.bytes()) {\n    lag.time"),
    ("a commit outside the interval counts", "src/cluster/lag.cpp",
     "if (last_commit && passed.earliest <= *last_commit && *last_commit <= passed.latest) {",
     "if (last_commit) {"),
    ("the history forgets nothing and learns slowly", "src/cluster/wal_history.cpp",
     "if (at <= points_.back().at) {", "if (at <= points_.back().at + std::chrono::seconds{8}) {"),
    ("every look at the primary is a failover", "src/cluster/primary.cpp",
     "if (timeline > memory.primary->timeline) {\n    note_failover",
     "if (timeline >= memory.primary->timeline) {\n    note_failover"),
    ("a failover is not counted", "src/cluster/primary.cpp",
     "memory.failovers += 1;", ""),
    ("standing at the switch point is divergence", "src/cluster/position.cpp",
     "  if (lsn > left.at_most) {", "  if (lsn >= left.at_most) {"),
    ("two primaries in one look are a split brain", "src/cluster/primary.cpp",
     "return samples[i].tick->sent > since;", "return samples[i].tick->sent <= since || true;"),
    ("the lag is lost with the primary", "src/cluster/standby.cpp",
     "if (!reading || misfit != Misfit::None || ambiguous) {",
     "if (!reading || misfit != Misfit::None || ambiguous || !view.primary) {"),
    ("an anomaly is told at every look", "src/cluster/observe.cpp",
     "memory.anomalies = std::move(present);", "memory.anomalies.clear();"),
    ("a server that is down is told at every look", "src/cluster/remember.cpp",
     "if (failure && failure != known.failure) {", "if (failure) {"),
    ("exporters choose their places without each other", "src/sampling/observer_place.cpp",
     "wanted.push_back(decides ? std::nullopt : std::optional{gate->place});",
     "wanted.push_back(std::nullopt);\n    (void)decides;"),
    ("the failure of a stale connection is seen while the second try runs",
     "src/sampling/round_poller.cpp", "    polled_.collection.forget_round_failure();", "    "),
    ("who waits begins to wait anew at each visit", "src/sampling/observer_place.cpp",
     "if (place_ != before && !waits_on) {", "if (place_ != before || (waits_on && false)) {"),
    ("a place outlives its connection", "src/sampling/observer_place.cpp",
     "void ObserverPlace::lost() {\n  if (limited_) {", "void ObserverPlace::lost() {\n  if (false) {"),
    ("what discovery finds is never watched", "src/watch/watch.cpp",
     "  update_servers(now());\n", ""),
    ("a reload leaves what is watched no more running", "src/sampling/poller.cpp",
     "void Poller::stop() {\n  polled_.stopped = true;",
     "void Poller::stop() {\n  polled_.stopped = false;"),
]


def mutated(text, before, after):
    if text.count(before) != 1:
        return None
    return text.replace(before, after)


def check(mutants):
    """The mutants that do not apply any more."""
    stale = []
    for name, file, before, after in mutants:
        path = SOURCE / file
        if not path.exists() or mutated(path.read_text(), before, after) is None:
            stale.append(f"{name}: not found exactly once in {file}")
    return stale


def files_below(top):
    paths = [top / name for name in COPIED]
    return {path.relative_to(top) for root in paths
            for path in ([root] if root.is_file() else root.rglob("*")) if path.is_file()}


def copy_tree(tree):
    """Makes `tree` what the source is; what is the same keeps its time, and so is not built again."""
    wanted = files_below(SOURCE)
    for gone in files_below(tree) - wanted:
        (tree / gone).unlink()
    for name in wanted:
        text = (SOURCE / name).read_bytes()
        copy = tree / name
        if not copy.exists() or copy.read_bytes() != text:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(SOURCE / name, copy)


def build(tree):
    command = ["cmake", "--build", "--preset", "release", "--target", "simulate"]
    return subprocess.run(command, cwd=tree, capture_output=True, text=True)


def play(tree, seconds):
    """The first thing that did not hold; None when everything did."""
    program = tree / "build/release/tests/simulate"
    command = [program, "--seeds", "100000", "--seconds", str(seconds), "--findings", "1"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    except subprocess.TimeoutExpired:
        return "the film does not end"
    if done.returncode == 0:
        return None
    found = re.search(r"seed (\d+) at +([0-9.]+) s: (I\d+) does not hold: (.*)", done.stdout)
    if found:
        return f"{found[3]} (seed {found[1]}): {found[4][:70]}"
    return f"the program ended with {done.returncode}"


def try_mutant(tree, mutant, seconds):
    name, file, before, after = mutant
    path = tree / file
    original = path.read_text()
    began = time.monotonic()
    path.write_text(mutated(original, before, after))
    try:
        built = build(tree)
        if built.returncode != 0:
            print(f"STALE   {name}: does not build", flush=True)
            print(built.stdout[-1500:], file=sys.stderr)
            return False
        found = play(tree, seconds)
    finally:
        path.write_text(original)
    took = time.monotonic() - began
    print(f"{'found ' if found else 'MISSED'}  {name}: {found}  [{took:.0f} s]", flush=True)
    return found is not None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="of films for each mutant")
    parser.add_argument("--only", default="", help="part of a name")
    parser.add_argument("--check", action="store_true", help="only whether they still apply")
    options = parser.parse_args()
    mutants = [mutant for mutant in MUTANTS if options.only in mutant[0]]
    stale = check(mutants)
    for line in stale:
        print(line, file=sys.stderr)
    if stale or options.check:
        return 1 if stale else 0
    tree = SOURCE / "build/mutants"
    copy_tree(tree)
    subprocess.run(["cmake", "--preset", "release"], cwd=tree, check=True, stdout=subprocess.DEVNULL)
    whole = build(tree)
    if whole.returncode != 0:
        print(whole.stdout[-3000:], file=sys.stderr)
        return 2
    if found := play(tree, options.seconds):
        print(f"the code as it is does not hold: {found}", file=sys.stderr)
        return 2
    found = sum(try_mutant(tree, mutant, options.seconds) for mutant in mutants)
    print(f"{found} of {len(mutants)} found")
    return 0 if found == len(mutants) else 1


if __name__ == "__main__":
    sys.exit(main())
