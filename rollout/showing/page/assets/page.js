(() => {
"use strict";
const all = (what, within) => [...(within || document).querySelectorAll(what)];
const one = (what) => document.querySelector(what);
const rows = all(".rows > li").map((li, at) => {
  const card = li.closest(".card"), line = li.querySelector("summary") || li, why = card.querySelector(".why span");
  if (line === li) li.tabIndex = -1;
  return {li, at, card, line, list: li.parentNode, state: card.dataset.s, box: li.querySelector("details"),
    name: li.querySelector("b").textContent, changed: (line.querySelector("time") || li).textContent.match(/\d{4}-\d\d-\d\d/)?.[0] || "",
    text: (line.textContent + " " + card.dataset.s + " " + (why ? why.textContent : "")).toLowerCase()};
});
const filter = one("#q"), sort = one("#sort"), told = one(".found"), keys = one("#keys"), single = one("#single");
let state = "";

const matches = (row, words) => (!state || row.state === state) && words.every((word) => row.text.includes(word));
const orders = {
  "": (a, b) => a.at - b.at,
  name: (a, b) => a.name.localeCompare(b.name),
  changed: (a, b) => b.changed.localeCompare(a.changed) || a.at - b.at,
};

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let seen = 0;
  for (const row of rows) { row.li.hidden = !matches(row, words); seen += !row.li.hidden; }
  for (const card of all(".group .card")) card.hidden = !card.querySelector(".rows > li:not([hidden])");
  for (const group of all(".group")) group.hidden = !group.querySelector(".card:not([hidden])");
  for (const button of all(".counts button")) button.setAttribute("aria-pressed", String(button.dataset.s === state));
  told.textContent = words.length || state ? seen + " of " + rows.length + " targets shown" : "";
  remember();
}

function order() {
  const sorted = [...rows].sort(orders[sort.value] || orders[""]);
  for (const row of sorted) row.list.append(row.li);
  const cards = new Set(sorted.map((row) => row.card));
  for (const card of cards) card.parentNode.append(card);
  remember();
}

function remember() {
  const said = new URLSearchParams();
  if (filter.value) said.set("q", filter.value);
  if (state) said.set("state", state);
  if (sort.value) said.set("sort", sort.value);
  if (!single.checked) said.set("keys", "off");
  for (const row of rows) if (row.box && row.box.open) said.append("open", row.name);
  const hash = said.toString();
  if (hash || location.hash.includes("=")) history.replaceState(null, "", hash ? "#" + hash : location.pathname + location.search);
}

function recall() {
  if (!location.hash.includes("=")) return;
  const said = new URLSearchParams(location.hash.slice(1)), open = new Set(said.getAll("open"));
  filter.value = said.get("q") || "";
  state = said.get("state") || "";
  sort.value = said.get("sort") || "";
  single.checked = said.get("keys") !== "off";
  if (sort.selectedIndex < 0) sort.value = "";
  for (const row of rows) if (row.box) row.box.open = open.has(row.name);
  order();
  show();
}

function bring(link) {
  const box = link.closest("details"), from = document.getElementById(link.hash.slice(1));
  const text = from && from.querySelector("pre, .out");
  if (text) box.append(text.cloneNode(true));
  link.removeAttribute("data-d");
}

function copied(button, text) {
  const say = (word) => { button.textContent = word; button.setAttribute("aria-label", word + ": " + text); };
  const done = () => { say("Copied"); setTimeout(() => say("Copy"), 1500); };
  const select = () => {
    const range = document.createRange();
    range.selectNodeContents(button.previousSibling);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    if (document.execCommand("copy")) done();
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(done, select); else select();
}

function step(by) {
  const shown = rows.filter((row) => !row.li.hidden).map((row) => row.line);
  shown.sort((a, b) => a.compareDocumentPosition(b) & 4 ? -1 : 1);
  const at = shown.findIndex((line) => line === document.activeElement || line.parentNode.contains(document.activeElement));
  const next = shown[at < 0 ? (by > 0 ? 0 : shown.length - 1) : Math.min(Math.max(at + by, 0), shown.length - 1)];
  if (next) { next.focus(); next.scrollIntoView({block: "nearest"}); }
}

function escape() {
  const box = document.activeElement.closest("details[open]");
  if (box) { box.open = false; box.querySelector("summary").focus(); return; }
  if (document.activeElement === filter) filter.blur();
  filter.value = "";
  state = "";
  show();
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
  if (event.key === "Escape") return escape();
  if (!single.checked || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  const does = {"/": () => filter.focus(), j: () => step(1), k: () => step(-1), "?": () => keys.showModal()}[event.key];
  if (does) { event.preventDefault(); does(); }
});

for (const item of all(".counts li")) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.s = item.dataset.s;
  button.append(...item.childNodes);
  item.append(button);
  button.addEventListener("click", () => { state = state === button.dataset.s ? "" : button.dataset.s; show(); });
}
for (const code of all(".cmd code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-label", "Copy: " + code.textContent);
  button.addEventListener("click", () => copied(button, code.textContent));
  code.after(button);
}
for (const row of rows) if (row.box) row.box.addEventListener("toggle", () => {
  if (row.box.open) all("a[data-d]", row.box).forEach(bring);
  remember();
});
filter.addEventListener("input", show);
filter.form.addEventListener("submit", (event) => event.preventDefault());
sort.addEventListener("change", order);
single.addEventListener("change", remember);
one("#help").addEventListener("click", () => keys.showModal());
addEventListener("hashchange", recall);
let closed = [];
addEventListener("beforeprint", () => { closed = all("details:not([open])"); closed.forEach((box) => { box.open = true; }); });
addEventListener("afterprint", () => closed.forEach((box) => { box.open = false; }));
filter.form.hidden = false;
recall();
show();
})();
