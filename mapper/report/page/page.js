"use strict";
// The details of a layer are built with the DOM from the report's JSON: names stay text.
const report = JSON.parse(document.getElementById("data").textContent);
const colours = JSON.parse(document.getElementById("colours").textContent);
const detail = document.getElementById("detail");
const tip = document.getElementById("tip");
const WORDS = /^(\s*)(map|mapping|keep|for|par|run|fuse|stage)\b/;

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function amount(value, unit) {
  if (value === 0) return `0 ${unit}`;
  const prefixes = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"];
  const rounded = Number(value.toPrecision(4));
  const power = Math.min(5, Math.max(-5, Math.floor(Math.log10(Math.abs(rounded)) / 3)));
  return `${Number((rounded / 1000 ** power).toPrecision(4))} ${prefixes[power + 5]}${unit}`.trim();
}

const joules = (pj) => amount(pj * 1e-12, "J");
const whole = (value) => value.toLocaleString("en-US");
const share = (value) => `${(100 * value).toFixed(1)} %`;
const sum = (values) => values.reduce((a, b) => a + b, 0);

function colourOf(part) {
  return colours[part] || "leakage";
}

// `port shared.rw` is about `shared`, `net gin` about the network.
function partOfTerm(term) {
  const [kind, name] = term.split(" ");
  if (kind === "port") return name.slice(0, name.lastIndexOf("."));
  return kind === "net" ? "network" : kind;
}

function energyParts(cost) {
  const memories = Object.entries(cost.memories).map(([path, tensors]) =>
    [path, sum(Object.values(tensors).map((traffic) => traffic.energy_pj))]);
  return [...memories, ["compute", cost.compute_pj], ["network", cost.network_pj],
    ["leakage", cost.leakage_pj]].filter(([, pj]) => pj > 0);
}

function bars(rows, text) {
  const longest = Math.max(...rows.map(([, , value]) => value), 1e-300);
  const box = make("div", { class: "terms" });
  for (const [name, part, value] of rows) {
    const bar = make("i", { class: colourOf(part), style: `width:${100 * value / longest}%` });
    box.append(make("span", {}, name), make("span", {}, bar), make("span", {}, text(value)));
  }
  return box;
}

function facts(pairs) {
  return make("dl", {}, ...pairs.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

function mappingText(text) {
  const pre = make("pre", {});
  for (const line of text.trimEnd().split("\n")) {
    // A `#` inside backticks belongs to a name (`x#2`).
    const [code] = line.match(/^(?:[^#`]|`[^`]*`)*/);
    const word = code.match(WORDS);
    if (word) pre.append(word[1], make("span", { class: "word" }, word[2]));
    pre.append(code.slice(word ? word[0].length : 0));
    if (code.length < line.length) pre.append(make("span", { class: "remark" }, line.slice(code.length)));
    pre.append("\n");
  }
  return pre;
}

function accessTable(cost) {
  const head = ["memory", "tensor", "reads", "fills", "updates", "drains", "energy", "of total"];
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...head.map((title, column) =>
    make("th", { scope: "col", class: column > 1 ? "number" : "" }, title)))));
  const body = make("tbody", {});
  for (const [path, tensors] of Object.entries(cost.memories)) {
    for (const [tensor, traffic] of Object.entries(tensors)) {
      const counts = [traffic.reads, traffic.fills, traffic.updates, traffic.drains].map(whole);
      const energy = [joules(traffic.energy_pj), share(traffic.energy_pj / cost.energy_pj)];
      body.append(make("tr", {},
        make("td", {}, make("span", { class: `swatch ${colourOf(path)}` }), path),
        make("td", { class: "name" }, tensor),
        ...[...counts, ...energy].map((text) => make("td", { class: "number" }, text))));
    }
  }
  table.append(body);
  return make("div", { class: "scroll" }, table);
}

function costFacts(op) {
  const { cost, certificate } = op;
  return facts([
    ["energy", joules(cost.energy_pj)],
    ["cycles", whole(cost.cycles)],
    ["with start-up and drain", whole(cost.latency_cycles)],
    ["utilization", share(cost.utilization)],
    ["MACs", whole(op.macs)],
    ["padding, of input words", share(cost.padding_share)],
    ["certificate", certificate.status],
    ["gap", certificate.gap === null ? "no bound known" : share(certificate.gap)],
    ["space", certificate.space],
    ["evaluated", whole(certificate.evaluated)],
    ["searched for", amount(certificate.seconds, "s")],
  ]);
}

function showDetail(op) {
  const { cost } = op;
  const dims = Object.entries(op.dims).map(([name, extent]) => `${name} ${extent}`).join(", ");
  const others = op.names.filter((name) => name !== op.name);
  const also = others.length ? ` · same shape: ${others.join(", ")}` : "";
  const runs = op.count === 1 ? "runs once" : `runs ${whole(op.count)} times, the figures are for one`;
  const terms = cost.terms.filter((term) => term.cycles > 0);
  detail.replaceChildren(
    make("h2", {}, op.name),
    make("p", { class: "lead" }, `${op.kind} [${dims}] · ${runs}${also}`),
    make("div", { class: "columns" },
      make("div", {}, make("h3", {}, "one execution"), costFacts(op)),
      make("div", {}, make("h3", {}, "energy"),
        bars(energyParts(cost).map(([part, pj]) => [part, part, pj]), joules)),
      make("div", {}, make("h3", {}, `cycles, bound by ${cost.bound_by}`),
        bars(terms.map((term) => [term.term, partOfTerm(term.term), term.cycles]), whole))),
    make("h3", {}, "mapping"), mappingText(op.mapping),
    make("h3", {}, "words moved, over all instances"),
    accessTable(cost));
}

// ---- choosing a layer: `#op-3` in the address, so that a link can name one ------------------

function mark(name, index) {
  for (const node of document.querySelectorAll(`.${name}`)) node.classList.remove(name);
  if (index === null) return;
  for (const node of document.querySelectorAll(`[data-op="${index}"]`)) node.classList.add(name);
}

function chosen() {
  const found = location.hash.match(/^#op-(\d+)$/);
  return found && report.ops[found[1]] ? Number(found[1]) : null;
}

function choose(index) {
  mark("chosen", index);
  showDetail(report.ops[index]);
}

function costliest() {
  const energy = report.ops.map((op) => op.count * op.cost.energy_pj);
  return energy.indexOf(Math.max(...energy));
}

window.addEventListener("hashchange", () => {
  if (chosen() === null) return;
  choose(chosen());
  detail.scrollIntoView({ block: "nearest" });
});

document.addEventListener("click", (event) => {
  const layer = event.target.closest("[data-op]");
  if (layer && !event.target.closest("a")) location.hash = `op-${layer.dataset.op}`;
});

document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step || event.target.closest("input, .scroll")) return;
  const next = (chosen() ?? costliest()) + step;
  if (report.ops[next]) location.hash = `op-${next}`;
});

// ---- hovering -----------------------------------------------------------------------------

document.addEventListener("pointermove", (event) => {
  const layer = event.target.closest("svg [data-op]");
  mark("on", layer ? layer.dataset.op : null);
  tip.hidden = !layer;
  if (!layer) return;
  const { name, kind, count, cost } = report.ops[layer.dataset.op];
  tip.replaceChildren(make("b", {}, name), `${kind}, ${count} ×`,
    bars(energyParts(cost).map(([part, pj]) => [part, part, count * pj]), joules),
    `${whole(count * cost.cycles)} cycles, bound by ${cost.bound_by}, ${share(cost.utilization)} utilized`);
  const left = event.clientX + 16 + tip.offsetWidth > innerWidth ? event.clientX - 16 - tip.offsetWidth : event.clientX + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 12, innerHeight - tip.offsetHeight - 8))}px`;
});

// ---- the table ----------------------------------------------------------------------------

function sortBy(header, column) {
  const body = document.querySelector("#operators tbody");
  const descending = header.getAttribute("aria-sort") !== "descending" && header.classList.contains("number")
    || header.getAttribute("aria-sort") === "ascending";
  for (const other of header.parentNode.children) other.removeAttribute("aria-sort");
  header.setAttribute("aria-sort", descending ? "descending" : "ascending");
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const compare = header.classList.contains("number")
    ? (a, b) => Number(key(a) || -1) - Number(key(b) || -1)
    : (a, b) => key(a).localeCompare(key(b), undefined, { numeric: true });
  body.append(...[...body.rows].sort((a, b) => descending ? compare(b, a) : compare(a, b)));
}

if (report.ops.length) {
  document.querySelectorAll("#operators th").forEach((header, column) =>
    header.addEventListener("click", () => sortBy(header, column)));
  document.getElementById("filter").addEventListener("input", (event) => {
    const wanted = event.target.value.toLowerCase();
    for (const row of document.querySelectorAll("#operators tbody tr"))
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
  });
  choose(chosen() ?? costliest());
}
