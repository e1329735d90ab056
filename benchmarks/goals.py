"""The goals beside the figures: whether each is met is printed, and nothing depends on it."""


def verdict(value, limit):
    return f"goal <= {limit:g}: {'met' if value <= limit else 'missed'}"


def goal(what, value, limit, unit=""):
    print(f"{what:58} {value:9.3f} {unit:8} {verdict(value, limit)}", flush=True)


def heading():
    print(f"{'':46} {'ours':>10} {'theirs':>10}")


def row(what, mine, others, unit="", limit=None):
    """Two figures and their ratio, which the limit is of."""
    ratio = mine / others if others else 0
    end = "" if limit is None else "  " + verdict(ratio, limit)
    print(f"{what:46} {mine:10.3f} {others:10.3f} {unit:5} ratio {ratio:6.3f}{end}", flush=True)
