"""What a dashboard asks Prometheus for, with its variables resolved as Grafana resolves them."""

import math
import re
import time

VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)")
QUESTION = re.compile(r"label_values\((.+),\s*(\w+)\)")
SPECIAL = re.compile(r"[\\^$.*+?()\[\]{}|/]")


def panels_of(dashboard):
    """Panels with queries, also those in collapsed rows, with the variable that repeats them."""
    repeat = None
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            repeat = panel.get("repeat")
            for inner in panel["panels"]:
                yield inner, inner.get("repeat") or repeat
        else:
            yield panel, panel.get("repeat") or repeat


def as_pattern(values):
    """As Grafana writes several values into a regular expression in quotes."""
    escaped = [SPECIAL.sub(lambda match: "\\\\" + match[0], value) for value in values]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


class Asker:
    def __init__(self, prometheus, start, end=None):
        self.prometheus = prometheus
        self.start, self.end = start, end or time.time()
        self.step = max(1, round((self.end - self.start) / 200))
        span = round(self.end - self.start)
        # The scrape interval is a second, so the rate interval is that of a coarse graph.
        self.builtin = {"__rate_interval": f"{max(8, self.step + 1)}s", "__interval": f"{self.step}s",
                        "__range": f"{span}s", "__range_s": str(span),
                        "__from": str(round(self.start * 1000)), "__to": str(round(self.end * 1000))}

    def fill(self, text, chosen):
        def value(match):
            name = match[1] or match[2]
            if name in self.builtin:
                return self.builtin[name]
            if name not in chosen:
                raise RuntimeError(f"there is no variable {name}")
            return chosen[name]
        return VARIABLE.sub(value, text)

    def variables(self, dashboard):
        """(name -> pattern for "All", name -> every value), each resolved by those before it."""
        chosen, every = {"datasource": "prometheus"}, {}
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "datasource":
                continue
            selector, label = QUESTION.fullmatch(variable["query"]["query"]).groups()
            found = self.prometheus.ask(f"label/{label}/values", **{
                "match[]": self.fill(selector, chosen), "start": self.start, "end": self.end})
            every[variable["name"]] = found
            chosen[variable["name"]] = variable["allValue"]
        return chosen, every

    def samples(self, expression, chosen, instant):
        """[(labels, [(time, value)])], numbers only."""
        query = self.fill(expression, chosen)
        if instant:
            result = self.prometheus.ask("query", query=query, time=self.end)["result"]
        else:
            result = self.prometheus.ask("query_range", query=query, start=self.start, end=self.end,
                                         step=self.step)["result"]
        found = []
        for series in result:
            points = series.get("values") or [series["value"]]
            points = [(at, float(value)) for at, value in points if not math.isnan(float(value))]
            if points:
                found.append((series["metric"], points))
        return found


def legend_gaps(legend, found):
    """Labels of the legend that no result has."""
    return [label for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", legend)
            if found and not any(labels.get(label) for labels, _ in found)]


def nameless(expression, found):
    """Whether a result that should name its server does not: series of two kinds are mixed then."""
    grouped = re.search(r"\bby \(([^)]*)\)", expression)
    names_server = grouped and "server" in grouped[1].split(", ") and "ALERTS" not in expression
    return bool(names_server) and any("server" not in labels for labels, _ in found if labels)
