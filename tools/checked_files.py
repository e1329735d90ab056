"""What the checks of whole sets of files share: how they run, and how they are checked themselves."""

import copy
import sys


def self_test(state, check, breaks):
    """Each defect of `breaks` (finding: what puts it in), put into the real files, is found."""
    missed = []
    for finding, apply in breaks.items():
        broken = copy.deepcopy(state)
        apply(broken)
        if not any(finding in line for line in check(broken)):
            missed.append(finding)
    for finding in missed:
        print(f"not found: {finding}", file=sys.stderr)
    return 1 if missed else 0


def run(state, check, breaks):
    """The status to exit with; `--self-test` checks the check."""
    if sys.argv[1:] == ["--self-test"]:
        return self_test(state, check, breaks)
    findings = check(state)
    for finding in findings:
        print(finding, file=sys.stderr)
    return 1 if findings else 0
