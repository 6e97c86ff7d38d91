// The console's small helpers: folding menus, questions before a step, forms sent once, figures that refresh.
"use strict";

// On a narrow screen the menu and long filters start folded.
for (const fold of document.querySelectorAll(".side-fold, [data-fold]")) {
  if (matchMedia("(max-width: 62rem)").matches) fold.open = false;
}

// Escape, a click elsewhere and walking on close a menu: open, it would lie over what has the focus next.
for (const menu of document.querySelectorAll("details.menu")) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("focusout", (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

for (const link of document.querySelectorAll("#errors a[href^='#']")) {
  // A reason that does not name its field says little away from it.
  const label = document.querySelector(`label[for="${CSS.escape(link.hash.slice(1))}"]`)?.firstChild?.textContent.trim();
  const words = link.textContent.trim();
  if (label && !words.toLowerCase().includes(label.toLowerCase())) link.textContent = `${label}: ${words}`;
}

// Where somebody stood when the page was sent away, or went on to itself; they stand there again when it comes back.
const STOOD = "loa:stood";
const remember = (at) => {
  if (!at || at === document.body) return;
  const form = at.form ? `form[action="${CSS.escape(at.form.getAttribute("action") || "")}"] ` : "";
  const named = at.name ? `${form}[name="${CSS.escape(at.name)}"]` : "";
  // Of a field its name alone is kept, never what was typed.
  const chosen = at.matches("button, [type=checkbox], [type=radio]"), words = at.matches("a, button, summary") ? at.textContent.trim() : "";
  const ways = [at.id && `#${CSS.escape(at.id)}`, chosen && named && `${named}[value="${CSS.escape(at.value)}"]`, named].filter(Boolean);
  sessionStorage.setItem(STOOD, JSON.stringify({ path: location.pathname, ways, words }));
};
const standAgain = () => {
  const stood = JSON.parse(sessionStorage.getItem(STOOD) || "null");
  sessionStorage.removeItem(STOOD);
  if (stood?.path !== location.pathname) return;
  const found = stood.ways.map((way) => document.querySelector(way)).find(Boolean)
    || [...document.querySelectorAll("a, button, summary")].find((each) => stood.words && each.textContent.trim() === stood.words);
  const fold = found?.closest("details:not([open])");
  (fold ? fold.querySelector("summary") : found || document.getElementById("main"))?.focus();
};
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (link && link.pathname === location.pathname && !link.rel && !link.matches('[href^="#"]')) remember(link);
});

// A link within the page leads there without staying in the address: a form sent from there would hand it on to the next.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]'), place = link && document.getElementById(link.hash.slice(1));
  if (!place) return;
  event.preventDefault();
  place.scrollIntoView();
  place.focus();
  if (document.activeElement !== place) { place.tabIndex = -1; place.focus(); }
});

// A refused form puts the reader at the list of what to mend; what was done is told where they stand.
const told = document.getElementById("errors") || document.querySelector(".flashes .flash");
// A fragment in the address takes the focus away once the page is there.
if (location.hash && told?.id !== "errors") addEventListener("load", standAgain);
else if (told) { sessionStorage.removeItem(STOOD); told.focus(); }
else standAgain();

// Steps that cannot be taken back ask first; no form goes out twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  const question = event.submitter?.dataset.confirm || form.dataset.confirm;
  if (question && !confirm(question)) { event.preventDefault(); return; }
  remember(event.submitter);
  // A form that only fetches a file leaves the page as it is and may be sent again.
  if (form.method === "post" && !("again" in form.dataset)) form.dataset.sent = "1";
});
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// Parts of a form that belong to one of its choices show only with it.
for (const part of document.querySelectorAll("[data-shown-with]")) {
  const [name, value] = part.dataset.shownWith.split("=");
  const choices = document.querySelectorAll(`[name="${CSS.escape(name)}"]`);
  const show = () => {
    const now = [...choices].find((choice) => choice.type !== "radio" || choice.checked)?.value;
    part.hidden = now !== value;
  };
  choices.forEach((choice) => choice.addEventListener("change", show));
  show();
}

// A moment as it is written here, whatever order of day and month the browser's own field has.
const written = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : "vi-VN", {
  weekday: "long", day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit",
});
for (const echo of document.querySelectorAll("[data-echo]")) {
  const field = document.getElementById(echo.dataset.echo);
  const show = () => {
    const at = new Date(field.value);
    echo.textContent = isNaN(at) ? "" : written.format(at);
  };
  field.addEventListener("input", show);
  show();
}

// Fragments fetched once, such as an estimate that takes a while.
for (const place of document.querySelectorAll("[data-load]")) {
  fetch(place.dataset.load, { headers: { "X-Requested-With": "fetch" } })
    .then((answer) => answer.ok ? answer.text() : Promise.reject(answer.status))
    .then((html) => { place.innerHTML = html; })
    .catch(() => { place.querySelector("[data-waiting]")?.remove(); place.querySelector("[data-failed]")?.removeAttribute("hidden"); });
}

// Time to undo counts down on the screen each second, and is said aloud only when little is left.
for (const box of document.querySelectorAll("[data-countdown]")) {
  const left = box.querySelector("[data-left]"), said = box.querySelector("[data-said]");
  if (!left) continue;
  const end = performance.now() + 1000 * Number(box.dataset.countdown);
  const tick = () => {
    const seconds = Math.max(0, Math.round((end - performance.now()) / 1000));
    left.textContent = seconds ? said.dataset.counts.replace("{n}", seconds) : said.dataset.over;
    if (seconds === 30 || seconds === 10) said.textContent = said.dataset.says.replace("{n}", seconds);
    if (!seconds) clearInterval(timer);
  };
  const timer = setInterval(tick, 1000);
}

// New figures take the place of the old ones; what the reader unfolded, scrolled to or stands on stays.
const replace = (place, html) => {
  const at = place.contains(document.activeElement) ? document.activeElement.id : null;
  const unfolded = [...place.querySelectorAll("details[id]")].map((each) => [each.id, each.open]);
  const scrolled = [...place.querySelectorAll(".table-box[id]")].map((each) => [each.id, each.scrollLeft, each.scrollTop]);
  place.innerHTML = html;
  for (const [id, open] of unfolded) { const each = document.getElementById(id); if (each) each.open = open; }
  for (const [id, left, top] of scrolled) document.getElementById(id)?.scrollTo(left, top);
  if (at) document.getElementById(at)?.focus({ preventScroll: true });
};

// Live figures: 2 s at first, slower to 10 s while nothing changes, silent when hidden, over when finished.
for (const place of document.querySelectorAll("[data-refresh]")) {
  let etag = "", wait = 2000, timer = 0;
  const again = () => { clearTimeout(timer); timer = setTimeout(look, wait); };
  const fresh = place.parentElement.querySelector("[data-fresh]"), stale = place.parentElement.querySelector("[data-stale]");
  const tell = (at) => {
    if (stale) stale.hidden = at !== null;
    if (fresh && at) fresh.textContent = fresh.dataset.fresh.replace("{at}", at);
  };
  const look = async () => {
    if (document.hidden) return;
    let held = false;
    try {
      const headers = { "X-Requested-With": "fetch" };
      if (etag) headers["If-None-Match"] = etag;
      const answer = await fetch(place.dataset.refresh, { headers, cache: "no-store" });
      if (answer.status === 401) { remember(document.activeElement); location.reload(); return; }
      if (answer.status === 200) {
        const changed = answer.headers.get("ETag") !== etag;
        // What nothing can find again keeps its place under the reader: the next time will do.
        held = place.contains(document.activeElement) && !document.activeElement.id;
        if (changed && !held) { etag = answer.headers.get("ETag") || ""; replace(place, await answer.text()); }
        wait = changed ? 2000 : Math.min(wait * 1.5, 10000);
      } else {
        wait = Math.min(wait * 1.5, 10000);
      }
      const state = answer.headers.get("X-Campaign-State") || answer.headers.get("X-State");
      if (state && state !== place.dataset.state) { remember(document.activeElement); location.reload(); return; }
      tell(answer.ok || answer.status === 304 ? answer.headers.get("X-At") : null);
      if (answer.headers.get("X-Finished") === "1" && !held) return;
    } catch {
      tell(null);
      wait = 10000;
    }
    again();
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { wait = 2000; look(); } });
  again();
}

// Copying what is shown once; without a clipboard there is no button.
for (const button of navigator.clipboard ? document.querySelectorAll("[data-copy]") : []) {
  const said = button.parentElement.querySelector("[data-copy-said]");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText.trim());
    said.textContent = button.dataset.copied;
  });
}
