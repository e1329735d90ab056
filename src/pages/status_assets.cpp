// The style and the script of the status page.
#include "pages/status_page.h"

namespace pgrepl::pages {

namespace {

constexpr std::string_view kCss = R"css(:root {
  --ground: #f6f7f9; --paper: #fff; --ink: #1b1f24; --faint: #59636e; --line: #8c959f;
  --good: #1a7f37; --warning: #9a6700; --critical: #cf222e; --accent: #0969da;
  --warning-ground: #fff8c5; --critical-ground: #ffebe9;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0d1117; --paper: #161b22; --ink: #e6edf3; --faint: #9da7b1; --line: #6e7681;
    --good: #3fb950; --warning: #d29922; --critical: #ff7b72; --accent: #58a6ff;
    --warning-ground: #2d2410; --critical-ground: #35171a;
  }
}
* { box-sizing: border-box; }
html { font-size: clamp(14px, 10px + 0.35vw, 24px); }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 1rem/1.4 system-ui, "DejaVu Sans", sans-serif; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
.skip, .unseen { position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap; }
.skip:focus { position: static; width: auto; height: auto; clip-path: none; }
header { display: flex; flex-wrap: wrap; gap: 0.4rem 1.2rem; align-items: baseline;
  padding: 0.7rem 1rem; border-bottom: 1px solid var(--line); }
header h1 { font-size: 1.2rem; }
header nav { margin-left: auto; display: flex; flex-wrap: wrap; gap: 0 1rem; }
#summary { font-weight: 700; }
#taken { color: var(--faint); }
#summary::before, .badge::before { content: "●\00a0"; }
#summary.degraded::before, .degraded .badge::before { content: "▲\00a0"; }
#summary.unhealthy::before, .unhealthy .badge::before { content: "✖\00a0"; }
#summary.healthy, .healthy .badge { color: var(--good); }
#summary.degraded, .degraded .badge { color: var(--warning); }
#summary.unhealthy, .unhealthy .badge { color: var(--critical); }
#stale { margin: 1rem 1rem 0; padding: 0.6rem 1rem; font-weight: 700; color: var(--critical);
  background: var(--critical-ground); border: 2px solid var(--critical); }
main { display: grid; gap: 1rem; padding: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 46rem), 1fr)); }
section { container-type: inline-size; min-width: 0; padding: 0.8rem 1rem 1rem; background: var(--paper);
  border: 1px solid var(--line); border-top-width: 4px; border-radius: 6px; }
section.healthy { border-top-color: var(--good); }
section.degraded { border-top-color: var(--warning); }
section.unhealthy { border-top-color: var(--critical); }
section.happened { grid-column: 1 / -1; border-top-width: 1px; }
h2 { display: flex; flex-wrap: wrap; gap: 0 0.8rem; align-items: baseline; font-size: 1.15rem;
  overflow-wrap: anywhere; }
.badge { font-size: 0.9rem; }
.fine { color: var(--faint); }
.problems { display: grid; gap: 0.4rem; margin: 0.5rem 0; }
.problems li { padding: 0.4rem 0.7rem; border-left: 4px solid; overflow-wrap: anywhere; }
.problems .critical { border-color: var(--critical); background: var(--critical-ground); }
.problems .warning { border-color: var(--warning); background: var(--warning-ground); }
.problems strong { margin-right: 0.3rem; }
.problems .critical strong { color: var(--critical); }
.problems .warning strong { color: var(--warning); }
.advice { display: block; color: var(--faint); }
dl.facts { display: flex; flex-wrap: wrap; gap: 0.3rem 1.6rem; margin: 0.5rem 0; }
dl.facts dt { color: var(--faint); font-size: 0.85rem; }
dl.facts dd { overflow-wrap: anywhere; }

.tree { padding: 0.5rem 2px; width: max-content; max-width: none; }
.tree, .tree ul { display: flex; flex-direction: column; gap: 0.5rem; }
.tree .server { position: relative; display: flex; align-items: center; }
.tree ul { position: relative; margin-left: 1.4rem; }
.tree ul::before { content: ""; position: absolute; left: -1.4rem; top: 50%; width: 1.4rem;
  border-top: 2px solid var(--line); }
.tree ul > .server::before { content: ""; position: absolute; left: 0; top: -0.5rem; bottom: 0;
  border-left: 2px solid var(--line); }
.tree ul > .server:first-child::before { top: 50%; }
.tree ul > .server:last-child::before { bottom: 50%; }
.card { flex: none; width: 16rem; padding: 0.3rem 0.7rem; background: var(--paper);
  border: 1px solid var(--line); border-left: 5px solid var(--good); border-radius: 5px; }
.warning > .card { border-left-color: var(--warning); background: var(--warning-ground); }
.critical > .card { border-left-color: var(--critical); background: var(--critical-ground); }
.card.primary { border-width: 2px 2px 2px 6px; }
.card h3 { display: inline; font-size: 1rem; overflow-wrap: anywhere; }
.role, p.facts { color: var(--faint); font-size: 0.85rem; }
.ready { font-size: 0.85rem; color: var(--good); }
.look { font-size: 0.85rem; font-weight: 700; }
.warning > .card .look { color: var(--warning); }
.critical > .card .look { color: var(--critical); }
.edge { position: relative; flex: none; width: 14rem; padding: 0 1.4rem 0 0.6rem; font-size: 0.85rem;
  line-height: 1.3; }
.edge::before { content: ""; position: absolute; left: 0; right: 8px; top: 50%;
  border-top: 2px solid var(--line); }
.edge::after { content: ""; position: absolute; right: 0; top: calc(50% - 5px);
  border: 6px solid transparent; border-left: 9px solid var(--line); border-right: 0; }
.edge > span:not(.unseen) { position: relative; background: var(--paper); padding: 0 0.25rem; }
.edge .state, .edge .lag, .edge .bytes { white-space: nowrap; }
.edge .lag { font-weight: 700; font-size: 1rem; }
.edge .evidence { display: table; color: var(--faint); margin-top: 0.1rem; overflow-wrap: anywhere; }
.edge .sync { color: var(--accent); }
.edge.disconnected::before, .edge.upstream_down::before, .edge.unreachable::before,
.edge.diverged::before, .edge.never_seen::before { border-top-style: dashed; border-color: var(--critical); }
.edge.paused::before, .edge.catchup::before, .edge.delayed::before { border-color: var(--warning); }
.edge.loose { width: auto; padding-left: 0; }
.edge.loose::before, .edge.loose::after { display: none; }

details { margin-top: 0.6rem; }
summary { cursor: pointer; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9rem; }
th, td { padding: 0.2rem 0.9rem 0.2rem 0; text-align: left; font-weight: 400; white-space: nowrap; }
thead th { color: var(--faint); }
tbody th { font-weight: 700; }
tr.warning td { color: var(--warning); }
.events li { padding: 0.2rem 0; border-top: 1px solid color-mix(in srgb, var(--line) 35%, transparent);
  overflow-wrap: anywhere; }
.events time { color: var(--faint); margin-right: 0.6rem; white-space: nowrap; }
.where { font-weight: 700; margin-right: 0.4rem; }
.server_down .where, .failover .where, .anomaly_began .where { color: var(--critical); }

@container (max-width: 58rem) {
  .tree { width: auto; }
  .tree .server { flex-wrap: wrap; gap: 0 0.8rem; }
  .tree ul { flex-basis: 100%; margin: 0.35rem 0 0 0.8rem; padding-left: 0.8rem;
    border-left: 2px solid var(--line); }
  .tree, .tree ul { gap: 0.35rem; }
  .tree ul::before, .tree ul > .server::before, .edge::before, .edge::after { display: none; }
  .card { flex: 1 1 11rem; width: auto; order: 1; }
  .edge { flex: 1 1 12rem; width: auto; padding: 0; order: 2; }
  .edge .evidence { display: inline; }
  .tree ul { order: 3; }
}
@container (max-width: 30rem) {
  .edge { order: 0; flex-basis: 100%; }
}
@media (min-width: 1800px) {
  main { grid-template-columns: repeat(auto-fit, minmax(34rem, 1fr)); }
}
@media (max-width: 50rem) {
  header nav { margin-left: 0; }
}
@media print { nav, .skip { display: none; } }
)css";

// Replaces what has changed and keeps what the reader has opened, focused and scrolled to. A page
// that cannot be refreshed says so.
constexpr std::string_view kJs = R"js("use strict";
(() => {
  const period = 3000;

  function keepOpen(fresh) {
    for (const details of document.querySelectorAll("details[id]")) {
      const twin = fresh.getElementById(details.id);
      if (twin && details.dataset.chosen) {
        twin.open = details.open;
        twin.dataset.chosen = "yes";
      }
    }
  }

  function replace(fresh) {
    keepOpen(fresh);
    const content = document.getElementById("content");
    const stops = () => [...content.querySelectorAll("summary, .scroll")];
    const focused = stops().indexOf(document.activeElement);
    const scrolled = stops().map((stop) => stop.scrollLeft);
    content.replaceChildren(...fresh.getElementById("content").childNodes);
    stops().forEach((stop, i) => { stop.scrollLeft = scrolled[i] || 0; });
    if (focused >= 0 && stops()[focused]) {
      stops()[focused].focus({ preventScroll: true });
    }
    document.getElementById("taken").replaceChildren(...fresh.getElementById("taken").childNodes);
    const summary = document.getElementById("summary");
    const said = fresh.getElementById("summary");
    if (summary.textContent !== said.textContent) {  // what is set again is read out again
      summary.textContent = said.textContent;
    }
    summary.className = said.className;
    document.title = fresh.title;
  }

  async function refresh() {
    const stale = document.getElementById("stale");
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(10000) });
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!answer.ok || !fresh.getElementById("content")) {
        throw new Error("no status page");
      }
      replace(fresh);
      stale.hidden = true;
    } catch (problem) {
      stale.hidden = false;
    }
    setTimeout(refresh, period);
  }

  document.addEventListener("click", (event) => {
    const summary = event.target.closest("summary");
    if (summary) {
      summary.parentElement.dataset.chosen = "yes";
    }
  });
  setTimeout(refresh, period);
})();
)js";

}  // namespace

std::string_view status_css() {
  return kCss;
}

std::string_view status_js() {
  return kJs;
}

}  // namespace pgrepl::pages
