// What a script adds to pages that are whole without it: keys, a selection that outlives paging, local times, and news as it comes.
"use strict";

const body = document.body;
const byId = (id) => document.getElementById(id);
const reading = (key, otherwise) => { try { return JSON.parse(sessionStorage.getItem(key)) ?? otherwise; } catch { return otherwise; } };
const keeping = (key, value) => { try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* a full or forbidden store costs comfort only */ } };

// Times: UTC as the hub writes them, or local where the reader wants that.
const zone = { isLocal: reading("local-times", false) };
function writeTimes() {
  for (const element of document.querySelectorAll("time[data-time]")) {
    element.dataset.utc ??= element.textContent;
    const style = element.dataset.time === "short" ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" };
    element.textContent = zone.isLocal ? new Date(element.dateTime).toLocaleString("en-GB", style) : element.dataset.utc;
  }
  byId("zone").textContent = zone.isLocal ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";
  byId("zone-toggle").textContent = zone.isLocal ? "Show UTC" : "Show local times";
}
function startTimes() {
  const toggle = byId("zone-toggle");
  toggle.hidden = false;
  toggle.addEventListener("click", () => { zone.isLocal = !zone.isLocal; keeping("local-times", zone.isLocal); writeTimes(); });
  writeTimes();
}

// Rows: j and k move, Enter opens, x ticks.
let current = -1;
const rows = () => [...document.querySelectorAll("main [data-row]")];
function move(by) {
  const all = rows();
  if (all.length === 0) return;
  all[current]?.classList.remove("current");
  current = Math.max(0, Math.min(all.length - 1, current + by));
  const row = all[current];
  row.classList.add("current");
  row.scrollIntoView({ block: "nearest" });
  (row.querySelector("a, input, summary") ?? row).focus({ preventScroll: true });
}
const keys = {
  "/": () => byId("search").focus(),
  j: () => move(1),
  k: () => move(-1),
  x: () => rows()[current]?.querySelector("input[type=checkbox]")?.click(),
  r: () => {
    const row = rows()[current];
    const details = row?.querySelector("details");
    if (details) details.open = true;
    const reason = (details ?? byId("bulk"))?.querySelector("input[name=reason]");
    reason?.focus();
    reason?.scrollIntoView({ block: "center" });
  },
  "?": () => byId("keys").showModal(),
};
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, dialog")) return;
  const action = keys[event.key];
  if (action) { event.preventDefault(); action(); }
});

// The selection is kept for each set of filters, so that it outlives paging and reloading.
function startSelection() {
  const form = byId("bulk");
  if (!form) return;
  const address = new URLSearchParams(location.search);
  address.delete("before");
  const key = `selected ${location.pathname}?${address}`;
  const selected = new Set(reading(key, []));
  const told = byId("selected");
  const boxes = [...form.querySelectorAll("input[name=id]")];
  const tell = () => {
    const here = boxes.filter((box) => box.checked).length;
    const elsewhere = selected.size - here;
    told.textContent = selected.size === 0 ? "(nothing yet)" : `(${selected.size}${elsewhere > 0 ? `, ${elsewhere} of them on other pages` : ""})`;
  };
  let last = -1;
  boxes.forEach((box, at) => {
    box.checked = selected.has(box.value);
    box.addEventListener("click", (event) => {
      const from = event.shiftKey && last >= 0 ? Math.min(last, at) : at;
      const to = event.shiftKey && last >= 0 ? Math.max(last, at) : at;
      for (const other of boxes.slice(from, to + 1)) {
        other.checked = box.checked;
        if (box.checked) selected.add(other.value); else selected.delete(other.value);
      }
      last = at;
      keeping(key, [...selected]);
      tell();
    });
  });
  form.addEventListener("submit", () => {
    const here = new Set(boxes.map((box) => box.value));
    for (const id of selected) {
      if (here.has(id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "id", value: id });
      form.append(field);
    }
    keeping(key, []);
  });
  tell();
}

// News: figures are exchanged where they stand; rows only when the reader says so.
const isBusy = () => document.querySelector("main:hover [data-row]:hover, main details[open]") !== null
  || document.activeElement?.closest("main form, main [data-row]") !== null && document.activeElement !== body;
async function renew() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  byId("main").replaceChildren(...fresh.getElementById("main").childNodes);
  document.querySelector("footer time").replaceWith(fresh.querySelector("footer time"));
  byId("news").hidden = true;
  current = -1;
  body.dataset.live = fresh.body.dataset.live;
  writeTimes();
  startSelection();
}
function startNews() {
  const news = byId("news");
  let seen = null;
  news.addEventListener("click", renew);
  const events = new EventSource("/events");
  events.addEventListener("open", () => { byId("stale").hidden = true; });
  events.addEventListener("error", () => { byId("stale").hidden = false; });
  events.addEventListener("figures", (event) => {
    const now = JSON.parse(event.data);
    if (seen === null || body.dataset.live === "no") { seen = now; return; }
    if (body.dataset.live === "figures" && !isBusy()) { seen = now; renew(); return; }
    const more = Math.max(now.messages - seen.messages, now.dead - seen.dead, now.reviews - seen.reviews);
    news.textContent = more > 0 ? `${more} new – show` : "Something changed – show";
    news.hidden = false;
  });
  // A running operation changes though nothing is counted anew.
  setInterval(() => { if (body.dataset.live === "figures" && location.pathname.startsWith("/operations") && !isBusy()) renew(); }, 2000);
}

startTimes();
startSelection();
document.querySelector(".keys").hidden = false;
if (body.dataset.live !== "no") startNews();
