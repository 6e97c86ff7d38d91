// Making a campaign: boxes of three states, finding while one types, living counts, and what was typed kept over a sign-in.
"use strict";

const step = document.getElementById("step");
const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").replace(/đ/gi, "d").toLowerCase();

// A district is full, empty or in part.
const threeStates = () => {
  for (const counter of document.querySelectorAll("[data-count-of]")) {
    const code = CSS.escape(counter.dataset.countOf);
    const box = document.querySelector(`[data-district="${code}"]`);
    const wards = [...document.querySelectorAll(`[data-of="${code}"]`)];
    const show = () => {
      const chosen = wards.filter((ward) => ward.checked).length;
      counter.textContent = chosen;
      if (!box) return;
      box.checked = wards.length > 0 && chosen === wards.length;
      box.indeterminate = chosen > 0 && chosen < wards.length;
    };
    if (box?.checked) wards.forEach((ward) => { ward.checked = true; });
    box?.addEventListener("change", () => { wards.forEach((ward) => { ward.checked = box.checked; }); show(); });
    wards.forEach((ward) => ward.addEventListener("change", show));
    show();
  }
};
threeStates();

// What does not fit the words is put away; what is ticked stays ticked.
const find = (input) => {
  const words = fold(input.value).split(/\s+/).filter(Boolean);
  const place = document.getElementById(input.dataset.find);
  const fits = (item) => words.every((word) => fold(item.dataset.found).includes(word));
  let any = false;
  for (const item of place.querySelectorAll("[data-found]")) {
    const group = item.closest("[data-group]");
    const whole = group && group !== item && fits(group);
    const inside = [...item.querySelectorAll("[data-found]")].some(fits);
    const shown = fits(item) || whole || inside;
    item.hidden = !shown;
    any ||= shown;
    const fold_ = item.querySelector("details");
    if (fold_ && words.length && inside) fold_.open = true;
  }
  const none = place.querySelector("[data-none]");
  if (none) none.hidden = any;
};
for (const input of document.querySelectorAll("[data-find]")) {
  input.addEventListener("input", () => find(input));
}

// What was typed survives a session that has ended, and a look elsewhere: kept in this window until the step is saved.
const KEPT = "loa:typed";
const ours = new Set(["csrf_token", "go"]);
const keep = () => {
  const typed = [...new FormData(step)].filter(([name]) => !ours.has(name));
  sessionStorage.setItem(KEPT, JSON.stringify({ path: location.pathname, version: step.elements.version?.value, typed }));
};
const putBack = (typed) => {
  let changed = false;
  const wanted = new Map();
  for (const [name, value] of typed) wanted.set(name, [...(wanted.get(name) || []), value]);
  for (const field of step.elements) {
    if (!field.name || ours.has(field.name) || field.type === "submit") continue;
    const values = wanted.get(field.name) || [];
    if (field.type === "checkbox" || field.type === "radio") {
      const on = values.includes(field.value);
      if (field.checked !== on) { field.checked = on; changed ||= true; }
    } else if (values.length && field.value !== values[values.length - 1]) {
      field.value = values[values.length - 1];
      if (field.type !== "hidden") changed = true;
    }
  }
  return changed;
};

let timer = 0, asked = 0;
const busy = (on) => { for (const place of document.querySelectorAll("[data-busy]")) place.hidden = !on; };
const ask = async () => {
  const ticket = ++asked;
  const body = new FormData(step);
  body.set("go", "show");
  busy(true);
  try {
    const answer = await fetch(location.href, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    if (ticket !== asked) return;
    if (answer.status === 400 || answer.status === 401) { keep(); location.reload(); return; }
    if (!answer.ok) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (ticket !== asked) return;
    for (const part of told.querySelectorAll("[data-part]")) {
      const here = step.querySelector(`[data-part="${part.dataset.part}"]`);
      if (!here || ("key" in part.dataset && part.dataset.key === here.dataset.key)) continue;
      const focused = here.contains(document.activeElement) ? document.activeElement : null;
      here.replaceChildren(...part.childNodes);
      if ("key" in part.dataset) here.dataset.key = part.dataset.key;
      if (part.dataset.part === "tree") threeStates();
      if (focused?.name) step.querySelector(`[name="${CSS.escape(focused.name)}"][value="${CSS.escape(focused.value)}"]`)?.focus();
    }
  } catch { /* the next change asks again */ } finally { if (ticket === asked) busy(false); }
};
const soon = () => { clearTimeout(timer); timer = setTimeout(ask, 500); };

if (step) {
  let typed = false;
  const kept = JSON.parse(sessionStorage.getItem(KEPT) || "null");
  sessionStorage.removeItem(KEPT);
  if (kept && kept.path === location.pathname && kept.version === step.elements.version?.value && putBack(kept.typed)) {
    typed = true;
    document.querySelector("[data-kept]").hidden = false;
    for (const choice of step.querySelectorAll("input:checked")) choice.dispatchEvent(new Event("change", { bubbles: true }));
  }
  step.addEventListener("submit", keep);
  // Also what was typed before somebody followed a link, such as to the people behind a number.
  step.addEventListener("input", () => { typed = true; });
  addEventListener("pagehide", () => { if (typed) keep(); });
  if ("live" in step.dataset) {
    step.addEventListener("input", (event) => { if (!("find" in event.target.dataset)) soon(); });
    if ("liveNow" in step.dataset) ask();
  }
} else {
  sessionStorage.removeItem(KEPT);
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
