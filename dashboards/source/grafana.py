"""Grafana's JSON from words: targets, panels, rows, and the frame that all dashboards share."""

import promql
import series

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GREEN, ORANGE, RED, BLUE, GREY = "green", "orange", "red", "blue", "#808080"
COLOURS = {"info": "blue", "warning": ORANGE, "critical": RED}
RANK = {"info": 1, "warning": 2, "critical": 3}


def query(expression, legend, instant=False, with_server=None):
    return {"expr": series.scope(expression, with_server), "legend": legend, "instant": instant}


def _target(number, target, as_table):
    instant = target["instant"] or as_table
    return {
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": target["expr"],
        "format": "table" if as_table else "time_series",
        "instant": instant,
        "legendFormat": target["legend"],
        "range": not instant,
        "refId": chr(ord("A") + number),
    }


def values(**texts):
    """Value mappings: v0=("down", RED) names the value 0."""
    options = {key[1:]: {"color": colour, "index": place, "text": text}
               for place, (key, (text, colour)) in enumerate(texts.items())}
    return [{"type": "value", "options": options}]


UP = values(v0=("DOWN", RED), v1=("UP", GREEN))
YES = values(v0=("no", RED), v1=("yes", GREEN))
BAD = values(v0=("ok", GREEN), v1=("YES", RED))


def _bad_at(value, operator, limit):
    return {"==": value == limit, "!=": value != limit, ">": value > limit, ">=": value >= limit,
            "<": value < limit, "<=": value <= limit}[operator]


def threshold_steps(conditions, whole_numbers):
    """Grafana's steps from (operator, limit, severity): the colour of the worst that holds.

    A step begins at its value, so of whole numbers "more than 1" begins at 2.
    """
    ends = set()
    for operator, limit, _ in conditions:
        after = limit + 1 if whole_numbers else limit
        ends |= {"==": {limit, limit + 1}, "!=": {limit, limit + 1}, ">": {after},
                 ">=": {limit}, "<": {limit}, "<=": {after}}[operator]
    steps, starts = [], [None, *sorted(ends)]
    for place, start in enumerate(starts):
        following = starts[place + 1] if place + 1 < len(starts) else None
        if start is None:
            sample = following - 1
        else:
            sample = start if whole_numbers else (
                (start + following) / 2 if following is not None else start + 1)
            if any(operator in ("==", "!=") for operator, _, _ in conditions):
                sample = start
        held = [severity for operator, limit, severity in conditions
                if _bad_at(sample, operator, limit)]
        colour = COLOURS[max(held, key=RANK.get)] if held else GREEN
        if not steps or steps[-1]["color"] != colour:
            steps.append({"color": colour, "value": start})
    return steps


class Watched:
    """What the alerts of a panel add to it: targets, thresholds, and words."""

    def __init__(self, names, legend, whole_numbers, replaced):
        self.targets, conditions, texts = [], [], []
        for name in names:
            rules = series.alerts_named(name)
            for rule in rules:
                left, operator, right = promql.measured(promql.one_line(rule["expr"]))
                severity, limit = rule["labels"]["severity"], promql.number(right)
                if name not in replaced:
                    self._add(query(left, legend))
                    if limit is None:
                        self._add(query(right, f"limit ({severity})"))
                if limit is not None:
                    conditions.append((operator, limit, severity))
            held = " and ".join(f"{rule['labels']['severity']} after {rule.get('for', '0s')}"
                                for rule in rules)
            texts.append(f"Alert {name} ({held}): docs/runbooks/{name}.md.")
        self.steps = threshold_steps(conditions, whole_numbers) if conditions else None
        self.words = " ".join(texts)

    def _add(self, target):
        if target not in self.targets:
            self.targets.append(target)


def _draw(kind, stacked, has_limits, fill):
    """What a panel of this kind sets under fieldConfig.defaults.custom."""
    if kind == "timeseries":
        return {
            "drawStyle": "line",
            "fillOpacity": 30 if stacked else fill,
            "lineWidth": 1,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"group": "A", "mode": "normal" if stacked else "none"},
            "thresholdsStyle": {"mode": "line" if has_limits else "off"},
        }
    if kind in ("state-timeline", "status-history"):
        return {"fillOpacity": 80, "lineWidth": 0}
    return {"align": "auto", "cellOptions": {"type": "auto"}, "filterable": True} \
        if kind == "table" else {}


def _options(kind):
    if kind == "timeseries":
        return {"legend": {"calcs": ["lastNotNull", "max"], "displayMode": "table",
                           "placement": "bottom", "showLegend": True},
                "tooltip": {"mode": "multi", "sort": "desc"}}
    if kind == "stat":
        return {"colorMode": "background", "graphMode": "none", "justifyMode": "center",
                "orientation": "auto", "textMode": "auto",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if kind in ("gauge", "bargauge"):
        return {"orientation": "horizontal",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}}
    if kind in ("state-timeline", "status-history"):
        return {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": False},
                "rowHeight": 0.8, "showValue": "auto",
                **({"mergeValues": True} if kind == "state-timeline" else {}),
                "tooltip": {"mode": "single", "sort": "none"}}
    return {"cellHeight": "sm", "showHeader": True, "footer": {"show": False}}


def _limits_dashed():
    return [{
        "matcher": {"id": "byRegexp", "options": f"/^limit \\({severity}\\)/"},
        "properties": [
            {"id": "custom.lineStyle", "value": {"dash": [10, 10], "fill": "dash"}},
            {"id": "custom.fillOpacity", "value": 0},
            {"id": "color", "value": {"fixedColor": COLOURS[severity], "mode": "fixed"}},
            {"id": "custom.hideFrom", "value": {"legend": True, "tooltip": False, "viz": False}},
        ],
    } for severity in ("warning", "critical")]


def panel(kind, title, text, targets=(), *, unit="short", width=8, height=8, alerts=(),
          legend="{{server}}", whole=False, mappings=(), stacked=False, overrides=(),
          transformations=(), links=(), empty="", minimum=None, maximum=None, instead=(),
          steps=None, logarithmic=None, fill=8, options=None):
    """A panel that is placed later. `alerts` are watched here: the panel shows what they measure and
    where they fire; for those in `instead` the targets do, because what they measure says too little.
    """
    watched = Watched(alerts, legend, whole, instead)
    drawn = [*watched.targets, *targets]
    steps = steps or watched.steps
    has_limits = watched.steps is not None
    by_limits = kind != "timeseries"
    defaults = {
        "color": {"mode": "thresholds" if by_limits else "palette-classic"},
        "custom": _draw(kind, stacked, has_limits, fill),
        "links": list(links),
        "mappings": list(mappings),
        "thresholds": {"mode": "absolute",
                       "steps": steps or [{"color": BLUE if by_limits else GREEN, "value": None}]},
        "unit": unit,
    }
    # In a table it would also stand in every cell without a text.
    if empty and kind != "table":
        defaults["noValue"] = empty
    if minimum is not None:
        defaults["min"] = minimum
    if maximum is not None:
        defaults["max"] = maximum
    dashed = _limits_dashed() if any(t["legend"].startswith("limit (") for t in drawn) else []
    made = {
        "datasource": DATASOURCE,
        "description": f"{text} {watched.words}".strip(),
        "fieldConfig": {"defaults": defaults, "overrides": [*dashed, *overrides]},
        "gridPos": {"h": height, "w": width},
        "options": {**_options(kind), **(options or {})},
        "targets": [_target(n, target, kind == "table") for n, target in enumerate(drawn)],
        "title": title,
        "transformations": list(transformations),
        "type": kind,
    }
    if logarithmic:
        # Linear up to this value, so that 0 has a place and a far limit does not flatten the lines.
        defaults["custom"]["scaleDistribution"] = {"linearThreshold": logarithmic, "log": 10, "type": "symlog"}
    return made


def column(name, unit=None, mappings=None, steps=None, links=None, text=None):
    """An override for one column of a table: its unit, words, colours, and where it leads."""
    properties = []
    if unit:
        properties.append({"id": "unit", "value": unit})
    if mappings:
        properties.append({"id": "mappings", "value": mappings})
    if steps:
        properties.append({"id": "thresholds", "value": {"mode": "absolute", "steps": steps}})
    if steps or mappings:
        properties.append({"id": "custom.cellOptions",
                           "value": {"mode": "basic", "type": "color-background"}})
    if links:
        properties.append({"id": "links", "value": links})
    if text:
        properties.append({"id": "noValue", "value": text})
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


def joined(names):
    """One line for each set of labels: results A, B, ... in columns of these names."""
    # Grafana numbers the values only where there are several.
    results = [f"Value #{chr(ord('A') + place)}" for place in range(len(names))] if len(names) > 1 else ["Value"]
    renamed = {result: name for result, name in zip(results, names) if name}
    dropped = ["Time", *(result for result, name in zip(results, names) if not name)]
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": dict.fromkeys(dropped, True),
                                       "indexByName": {}, "renameByName": renamed}},
    ]


def link(title, uid, *variables):
    """To another dashboard, with the time and these variables taken from the row or the series."""
    chosen = "".join(f"&var-{name}={value}" for name, value in variables)
    return {"title": title, "targetBlank": False,
            "url": f"/d/{uid}?${{__url_time_range}}&var-datasource=${{datasource}}{chosen}"}


def of_row(name):
    return name, f"${{__data.fields.{name}}}"


def of_series(name):
    return name, f"${{__field.labels.{name}}}"


def row(title, *panels, collapsed=False, repeat=None):
    return {"title": title, "panels": list(panels), "collapsed": collapsed, "repeat": repeat}


def _place(panels, top):
    """Left to right, and below when a line of 24 columns is full; returns the next free line."""
    left, height = 0, 0
    for each in panels:
        box = each["gridPos"]
        if left + box["w"] > 24:
            left, top, height = 0, top + height, 0
        box.update(x=left, y=top)
        left += box["w"]
        height = max(height, box["h"])
    return top + height


def lay_out(rows):
    placed, top, number = [], 0, 1
    for each in rows:
        head = {"collapsed": each["collapsed"], "gridPos": {"h": 1, "w": 24, "x": 0, "y": top},
                "id": number, "panels": [], "title": each["title"], "type": "row"}
        if each["repeat"]:
            head["repeat"] = each["repeat"]
        for place, one in enumerate(each["panels"]):
            one["id"] = number + 1 + place
        number += 1 + len(each["panels"])
        below = _place(each["panels"], top + 1)
        placed.append(head)
        if each["collapsed"]:
            head["panels"] = each["panels"]
            top += 1
        else:
            placed += each["panels"]
            top = below
    return placed
