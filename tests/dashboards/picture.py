"""Pictures of the dashboards: Grafana's npm packages draw what Prometheus answers, in Chromium."""

import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import ask

HERE = pathlib.Path(__file__).resolve().parent / "page"
UNIT = 36
COLOURS = {"purple": "#b877d9", "blue": "#5794f2", "red": "#f2495c", "orange": "#ff9830"}
PAGE = """<!doctype html>
<meta charset="utf-8">
<style>{style}</style>
<div id="root"></div>
<script>window.shown = {shown};</script>
<script>{script}</script>
"""


def build_page(folder):
    """The script and its styles, made from page.jsx; the packages come from npm."""
    for file in ("package.json", "page.jsx"):
        shutil.copy(HERE / file, folder)
    modules = os.environ.get("PGREPL_NODE_MODULES")
    if modules:
        (folder / "node_modules").symlink_to(modules)
    else:
        subprocess.run("npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps".split(),
                       cwd=folder, check=True)
    # The CommonJS halves: from the other ones esbuild would take default exports as Node does.
    halves = [f"--alias:@grafana/{half}=./node_modules/@grafana/{half}/dist/cjs/index.cjs"
              for half in ("ui", "data")]
    subprocess.run(["node_modules/.bin/esbuild", "page.jsx", "--bundle", "--minify", "--outfile=page.js", *halves,
                    "--loader:.ttf=empty", '--define:process.env.NODE_ENV="production"',
                    "--define:global=window", "--log-level=error"], cwd=folder, check=True)
    styles = [(folder / "page.css").read_text() if (folder / "page.css").exists() else "",
              (HERE / "page.css").read_text()]
    return (folder / "page.js").read_text(), "\n".join(styles)


def instants(asker, note, chosen):
    """Where an annotation stands: at the series' values, or where the series begins."""
    places = set()
    for _, points in asker.samples(note["expr"], chosen, instant=False):
        if note.get("useValueForTime"):
            places |= {round(value) for _, value in points if value > 0}
        else:
            places.add(round(points[0][0] * 1000))
    return [{"at": at, "color": COLOURS[note["iconColor"]], "name": note["name"]} for at in sorted(places)]


def shown(dashboard, asker):
    chosen, every = asker.variables(dashboard)
    # What repeats is drawn once, for the first value.
    repeats = {repeat for _, repeat in ask.panels_of(dashboard) if repeat}
    results = {}
    for panel, repeat in ask.panels_of(dashboard):
        choice = chosen | ({repeat: ask.as_pattern(every[repeat][:1])} if repeat else {})
        results[panel["id"]] = [
            [(labels, [(at, value) for at, value in points if math.isfinite(value)])
             for labels, points in asker.samples(target["expr"], choice, target["instant"])]
            for target in panel["targets"]]
    for found in results.values():
        for place, series in enumerate(found):
            found[place] = [(labels, points) for labels, points in series if points]
    notes = [note for each in dashboard["annotations"]["list"] if "expr" in each
             for note in instants(asker, each, chosen)]
    words = {name: every[name][0] if name in repeats or len(every[name]) == 1 else "All"
             for name in ("cluster", "server") if every.get(name)}
    return {"dashboard": dashboard, "results": results, "notes": notes, "chosen": words,
            "from": round(asker.start * 1000), "to": round(asker.end * 1000)}


def height_of(dashboard):
    return 60 + UNIT * max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])


def draw_all(target, asker, drill):
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pgrepl-pictures-") as name:
        folder = pathlib.Path(name)
        script, style = build_page(folder)
        for path in sorted((HERE.parent.parent.parent / "dashboards").glob("*.json")):
            dashboard = json.loads(path.read_text())
            data = json.dumps(shown(dashboard, asker)).replace("</", "<\\/")
            page = folder / f"{path.stem}.html"
            page.write_text(PAGE.format(style=style, shown=data, script=re.sub("</script", "<\\/script", script)))
            picture = target / f"{path.stem}.png"
            subprocess.run(
                ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 f"--user-data-dir={folder}/chromium", "--virtual-time-budget=8000",
                 f"--window-size=1600,{height_of(dashboard)}", f"--screenshot={picture}", page.as_uri()],
                check=True, capture_output=True, timeout=120)
            print(f"drawn   {picture}", flush=True)
