"""What Grafana makes of a dashboard's JSON before it asks Prometheus: expressions with the variables in place."""

import re

_INTERVALS = {"__interval": "15s", "__rate_interval": "1m", "__range": "5m", "__interval_ms": "15000"}
_REFERENCE = re.compile(r"\$\{(\w+)(?::(\w+))?\}|\[\[(\w+)\]\]|\$(\w+)")
_SPECIAL = re.compile(r"([\\^$*+?.()|\[\]{}])")


def expressions(dashboard):
    """(title of the panel, expression), those of collapsed rows and of old dashboards' rows too."""
    found = []

    def visit(panels):
        for panel in panels:
            for target in panel.get("targets") or []:
                if target.get("expr"):
                    found.append((panel.get("title", ""), target["expr"]))
            visit(panel.get("panels") or [])

    visit(dashboard.get("panels") or [])
    visit(dashboard.get("rows") or [])
    return found


def _escaped(value):
    # For a label matcher within quotes, where a backslash needs another.
    return _SPECIAL.sub(r"\\\1", value).replace("\\", "\\\\")


def substitute(text, values):
    def value_of(match):
        name = match[1] or match[3] or match[4]
        if name in values:
            return values[name]
        return _INTERVALS.get(name, match[0])

    return _REFERENCE.sub(value_of, text)


def _options(variable, values, prometheus):
    """What the drop-down list of a variable offers."""
    query = variable.get("query") or ""
    query = substitute(query.get("query", "") if isinstance(query, dict) else query, values).strip()
    texts = []
    if match := re.fullmatch(r"label_values\((?:(.*),)?\s*(\w+)\s*\)", query, re.S):
        texts = prometheus.label_values(match[2], match[1])
    elif match := re.fullmatch(r"query_result\((.*)\)", query, re.S):
        texts = [f"{name} {value} 0" for name, value in prometheus.results(match[1])]
    elif match := re.fullmatch(r"metrics\((.*)\)", query):
        texts = [name for name in prometheus.label_values("__name__", None) if re.search(match[1], name)]
    pattern = (variable.get("regex") or "").strip("/")
    if pattern:
        matches = [re.search(pattern, text) for text in texts]
        texts = [match[1] if match.re.groups else match[0] for match in matches if match]
    return sorted(set(texts))


def choose(dashboard, prometheus, everything):
    """The values of all variables: "All" where there is such a choice and `everything` asks for it, else the first."""
    values = {}
    for variable in (dashboard.get("templating") or {}).get("list") or []:
        name, kind = variable["name"], variable.get("type")
        if kind == "query":
            options = _options(variable, values, prometheus)
        elif kind in ("custom", "interval"):
            options = [part.split(":")[-1].strip() for part in str(variable.get("query") or "").split(",")]
        elif kind in ("constant", "textbox"):
            options = [str(variable.get("query") or "")]
        else:
            continue
        several = variable.get("includeAll") or variable.get("multi")
        if everything and variable.get("includeAll"):
            values[name] = variable.get("allValue") or "(" + "|".join(map(_escaped, options)) + ")"
        elif options:
            values[name] = _escaped(options[0]) if several else options[0]
        else:
            values[name] = ""
    return values
