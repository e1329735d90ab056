#!/usr/bin/env python3
"""Checks dashboards/*.json against what Grafana itself does not: tools/check_dashboards.py [--self-test]

Every series and label exists, counters are rated and gauges are not, vectors are joined by named labels,
every expression is PromQL (by promtool), every selector follows the variables; titles, units, words and
layout are whole; every link leads somewhere; every alert has a panel that shows what it measures, with
its threshold, on the dashboard that the alert names.
"""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "dashboards/source")]

import break_dashboards  # noqa: E402
import check_alerts  # noqa: E402
import checked_files  # noqa: E402
import promql  # noqa: E402
import series as known  # noqa: E402
from break_dashboards import panels  # noqa: E402

KINDS = {"stat", "timeseries", "table", "gauge", "bargauge", "state-timeline", "status-history", "row",
         "text"}
UNITS = {"none", "short", "s", "ms", "bytes", "Bps", "percentunit", "ops", "reqps", "rowsps", "iops", "cph",
         "dtdurations", "dateTimeFromNow"}
BUILT_IN = {"__rate_interval", "__range", "__url_time_range", "__data", "__field"}
QUERY_VARIABLE = re.compile(r"label_values\((.+), (\w+)\)")
# By its labels the variables job and instance are filled, so it cannot follow them.
FIRST_ASKED = "pg_exporter_build_info"
# Alerts whose measured side would say less than what their panel shows instead. Their panel must use
# all their series.
SHOWN_OTHERWISE = {
    "PgReplicaLagUnknown": "what it measures is the role; the panel counts the standbys without a lag",
    "PgExporterAbsent": "absent() of what is there is empty; the panel counts the exporters",
    "PgExporterDown": "the job is chosen by a variable, and of it only what is an exporter",
    "PgWalArchivingFailing": "it measures an instant, 0 for never; the panel says works or fails",
    "PgMonitoringWatchdog": "it measures nothing; the panel shows whether it fires",
}


def expressions(dashboard):
    """(where, expression) of panels, annotations and variables."""
    for panel in panels(dashboard):
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for note in dashboard["annotations"]["list"]:
        if "expr" in note:
            yield note["name"], note["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            match = QUERY_VARIABLE.fullmatch(variable["query"]["query"])
            yield f"${variable['name']}", match[1] if match else "!"


def fill(expression):
    """Grafana's variables replaced by what PromQL accepts."""
    expression = re.sub(r"\$__(?:rate_interval|range|interval)\b", "5m", expression)
    return re.sub(r"\$\{?\w+\}?", "x", expression)


def check_selectors(expression, series):
    """Names, types and labels; and the variables of each."""
    for name, matchers, start, end in promql.selectors(expression):
        found = known.find(series, name)
        if found is None:
            yield f"{name} is no series of docs/metrics.md or tools/*_series.yaml"
            continue
        kind, labels = found
        used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', '""', matchers)))
        for label in sorted(used - labels - {"job", "instance"}):
            yield f"{name} has no label {label}"
        rated = re.search(r"\b(rate|irate|increase)\($", expression[:start])
        if rated and kind == "gauge":
            yield f"{rated[1]}() of {name}, which is a gauge"
        if kind == "counter" and not rated:
            yield f"{name} is a counter and stands without rate() or increase()"
        if not known.FOREIGN.fullmatch(name):
            for label in ("job", "instance"):
                if f'{label}=~"${label}"' not in matchers and name != FIRST_ASKED:
                    yield f'{name} does not follow {label}=~"${label}"'


def check_ranges(expression, allowed):
    for text in re.findall(r"\[([^\]]*)\]", re.sub(r'"[^"]*"', '""', expression)):
        if text not in ("$__rate_interval", "$__range") and text not in allowed:
            yield f"the range [{text}] is not $__rate_interval, and of no alert of this panel"


def check_grouping(expression, series):
    """Labels of by() exist on one of the series."""
    there = {"job", "instance", "alertname", "alertstate", "severity"}
    for name, _, _, _ in promql.selectors(expression):
        there |= (known.find(series, name) or ("", set()))[1]
    for names in re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", expression):
        for label in filter(None, re.split(r"[\s,]+", names)):
            if label not in there:
                yield f"no series of the expression has the label {label}"


def kept_labels(expression, series):
    """Of the first aggregation, or of the first series when that comes before any."""
    # topk() keeps the labels of what it chooses from.
    expression = re.sub(r"\b(?:top|bottom)k by \([^)]*\)", "", expression)
    found = promql.selectors(expression)
    grouped = re.search(r"\bby\s*\(", expression)
    if grouped and not (found and found[0][2] < grouped.start()):
        return set(promql.outer_labels(expression))
    return {"job", "instance"}.union(*((known.find(series, name) or ("", set()))[1]
                                       for name, _, _, _ in found[:1]))


def check_legend(target, series):
    legend, expression = target["legendFormat"], target["expr"]
    if not legend:
        yield "a target has no legend"
    for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", legend):
        if label not in kept_labels(expression, series):
            yield f"the legend uses {label}, which the expression does not keep"


def named_alerts(panel):
    return set(re.findall(r"\bAlert (\w+) \(", panel.get("description", "")))


def check_panel(panel, dashboard, state):
    if panel["type"] not in KINDS:
        yield f"{panel['type']} is not one of Grafana's own current panels"
    if not panel.get("title") or len(panel.get("description", "")) < 20:
        yield "there is no title, or no description that says anything"
    unit = panel["fieldConfig"]["defaults"].get("unit")
    if unit not in UNITS:
        yield f"the unit {unit} is unknown here"
    if not panel.get("targets"):
        yield "there are no targets"
    allowed = {text for name in named_alerts(panel) for rule in state["alerts"].get(name, [])
               for text in re.findall(r"\[([^\]]*)\]", rule["expr"])}
    for holder in (panel, *panel.get("targets", [])):
        if holder.get("datasource") != {"type": "prometheus", "uid": "${datasource}"}:
            yield "the data source is not the chosen one"
    for target in panel.get("targets", []):
        yield from check_legend(target, state["series"])
        yield from check_ranges(target["expr"], allowed)
        if panel["type"] == "table" and not (target["instant"] and target["format"] == "table"):
            yield "a table's target is not instant and in the format of a table"
    if len({target["refId"] for target in panel.get("targets", [])}) != len(panel.get("targets", [])):
        yield "two targets have one refId"


def check_expression(expression, state):
    yield from check_selectors(expression, state["series"])
    yield from check_grouping(expression, state["series"])
    yield from check_alerts.check_joins(re.sub(r"\[[^\]]*\]", "[5m]", expression))


def boxes(dashboard):
    """Those that are seen together: the top level, and each collapsed row by itself."""
    yield dashboard["panels"]
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            yield panel["panels"]


def check_layout(dashboard):
    for together in boxes(dashboard):
        taken = {}
        for panel in together:
            box = panel["gridPos"]
            if box["x"] + box["w"] > 24 or min(box.values()) < 0:
                yield f"{panel['title']} leaves the 24 columns"
            cells = {(x, y) for x in range(box["x"], box["x"] + box["w"])
                     for y in range(box["y"], box["y"] + box["h"])}
            for cell in cells & taken.keys():
                yield f"{panel['title']} lies over {taken[cell]}"
                break
            taken |= dict.fromkeys(cells, panel["title"])
    numbers = [panel["id"] for together in boxes(dashboard) for panel in together]
    if len(set(numbers)) != len(numbers):
        yield "two panels have one id"


def check_variables(dashboard):
    names = [variable["name"] for variable in dashboard["templating"]["list"]]
    for need in ("datasource", "job", "instance", "cluster"):
        if need not in names:
            yield f"there is no variable {need}"
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "datasource":
            if variable["query"] != "prometheus" or variable["label"] != "Data source":
                yield "the variable datasource is not one for Prometheus, or not labelled so"
            continue
        if not (variable["multi"] and variable["includeAll"] and variable["allValue"] == ".+"):
            yield f"the variable {variable['name']} does not allow several values and all"
        if variable["refresh"] != 2:
            yield f"the variable {variable['name']} is not asked anew when the time changes"
        if variable["datasource"].get("uid") != "${datasource}":
            yield f"the variable {variable['name']} does not ask the chosen data source"
        if not QUERY_VARIABLE.fullmatch(variable["query"]["query"]):
            yield f"the variable {variable['name']} is no label_values()"
    text = json.dumps([dashboard["panels"], dashboard["annotations"]])
    for used in set(re.findall(r"\$\{?(\w+)", text)) - set(names) - BUILT_IN:
        yield f"there is no variable {used}"


def check_links(dashboard, dashboards):
    uids = {one["uid"]: one for one in dashboards.values()}
    for url in re.findall(r'"url": "(/d/[^"]+)"', json.dumps(dashboard["panels"])):
        yield from check_url(url, uids)


def check_url(url, uids):
    uid = re.match(r"/d/([\w-]*)", url)[1]
    if uid not in uids:
        yield f"the link {url} leads to no dashboard"
        return
    names = {variable["name"] for variable in uids[uid]["templating"]["list"]}
    for name in re.findall(r"var-(\w+)=", url):
        if name not in names:
            yield f"the link {url} sets {name}, which {uid} does not know"


def check_frame(name, dashboard):
    if name != f"{dashboard['uid']}.json" or len(dashboard["uid"]) > 40:
        yield "the file is not named by its uid, or that has more than 40 letters"
    if dashboard["id"] is not None or dashboard["editable"] or dashboard["schemaVersion"] != 39:
        yield "id, editable or schemaVersion is not as for provisioning"
    if "pg-cluster" not in dashboard["tags"] or not dashboard["title"]:
        yield "there is no title, or the tag by which dashboards link to each other is missing"
    notes = {note["name"] for note in dashboard["annotations"]["list"]}
    if not {"Failovers", "Restarts", "Critical alerts"} <= notes:
        yield "failovers, restarts or alerts are not annotated"


def threshold_drawn(panel, operator, right):
    """Whether the panel draws the limit of an alert, as a step or as a line of its own."""
    limit = promql.number(right)
    if limit is None:
        wanted = known.scope(right)
        return any(target["expr"] == wanted for target in panel["targets"])
    steps = {step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]}
    # A step begins at its value: "is 0" ends at 1, "more than 1" of whole numbers begins at 2.
    fitting = {"==": {limit, limit + 1} if limit == 0 else {limit}, ">": {limit, limit + 1}}
    return bool(steps & fitting.get(operator, {limit}))


def check_alert(rule, found):
    """Of the panels (uid, panel) that name the alert, one must show what it measures and its limit."""
    name, uid = rule["alert"], re.match(r"/d/([\w-]*)", rule["annotations"]["dashboard_url"])[1]
    here = [panel for where, panel in found if where == uid]
    if not here:
        yield f"{name}: no panel of {uid}, which its dashboard_url names, is about it"
        return
    left, operator, right = promql.measured(promql.one_line(rule["expr"]))
    if name in SHOWN_OTHERWISE:
        used = {used for used, _, _, _ in promql.selectors(
            promql.expand(promql.one_line(rule["expr"]), known.RECORDED))}
        shown = {used for panel in here for target in panel["targets"]
                 for used, _, _, _ in promql.selectors(target["expr"])}
        for missing in sorted(used - shown):
            yield f"{name}: its panel does not use {missing}"
        return
    wanted = known.scope(left)
    showing = [panel for panel in here if any(t["expr"] == wanted for t in panel["targets"])]
    if not showing:
        yield f"{name}: no panel shows what it measures: {wanted}"
    elif not any(threshold_drawn(panel, operator, right) for panel in showing):
        yield f"{name}: its panel does not draw the limit {right} ({rule['labels']['severity']})"


def check_coverage(state):
    uids = {one["uid"]: one for one in state["dashboards"].values()}
    for name, rules in state["alerts"].items():
        found = [(one["uid"], panel) for one in state["dashboards"].values() for panel in panels(one)
                 if name in named_alerts(panel)]
        for rule in rules:
            yield from check_alert(rule, found)
            for finding in check_url(rule["annotations"]["dashboard_url"], uids):
                yield f"{name}: {finding}"
    for one in state["dashboards"].values():
        for panel in panels(one):
            for name in sorted(named_alerts(panel) - set(state["alerts"])):
                yield f"{one['uid']}: {panel['title']}: there is no alert {name}"


def check_syntax(state):
    """By promtool, which reads every expression as a rule."""
    places, rules = [], []
    for one in state["dashboards"].values():
        for where, expression in expressions(one):
            places.append((one["uid"], where, expression))
            rules.append(f"  - {{ record: 'x:{len(rules)}', expr: {json.dumps(fill(expression))} }}")
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        file.write("groups:\n- name: dashboards\n  rules:\n" + "\n".join(rules))
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", "--lint=none", file.name],
                              capture_output=True, text=True, check=False)
    for number, words in re.findall(r'rule (\d+), "x:\d+": (.+)', done.stderr):
        uid, where, expression = places[int(number) - 1]
        yield f"{uid}: {where}: {words}: {expression}"
    if done.returncode and not re.search(r'rule \d+, "x:', done.stderr):
        yield f"promtool refuses the expressions: {done.stderr.strip()}"


def check(state):
    findings = [*check_coverage(state), *check_syntax(state)]
    for name, one in state["dashboards"].items():
        about = [*check_frame(name, one), *check_layout(one), *check_variables(one),
                 *check_links(one, state["dashboards"])]
        for panel in panels(one):
            about += [f"{panel['title']}: {words}" for words in check_panel(panel, one, state)]
        for where, expression in expressions(one):
            about += [f"{where}: {words}: {expression}" for words in check_expression(expression, state)]
        findings += [f"{name}: {words}" for words in about]
    return findings


def load():
    alerts = {}
    for rule in known.ALERTS:
        alerts.setdefault(rule["alert"], []).append(rule)
    files = sorted((ROOT / "dashboards").glob("*.json"))
    return {"dashboards": {path.name: json.loads(path.read_text()) for path in files},
            "alerts": alerts, "series": known.SERIES}


if __name__ == "__main__":
    sys.exit(checked_files.run(load(), check, break_dashboards.BREAKS))
