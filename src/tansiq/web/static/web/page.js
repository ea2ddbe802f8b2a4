// What the pages do where scripts run; each of them works without. '/' goes to the search, j and k through a list, clocks
// tick, a question opens over its page, a draft is kept when its page is left, and one that could not be kept says so.
"use strict";

const typing = (target) => target instanceof Element && target.closest("input, textarea, select, [contenteditable]") !== null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "/") {
    const search = document.querySelector("[data-key='/']");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    return;
  }
  if (event.key !== "j" && event.key !== "k") return;
  const links = [...document.querySelectorAll(".rows .row-link")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const here = at >= 0 ? at : links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = event.key === "j" ? Math.min(here + 1, links.length - 1) : Math.max(here - 1, 0);
  links[next].focus();
  links[next].scrollIntoView({ block: "nearest" });
});

const tick = () => {
  for (const clock of document.querySelectorAll("time.clock[data-ahead]")) {
    const told = new Date(Date.now() + clock.dataset.ahead * 60000).toISOString().slice(11, 16);
    if (clock.textContent !== told) { clock.textContent = told; clock.dateTime = told; }
  }
};
tick();
setInterval(tick, 5000);

const dialog = document.getElementById("dialog");
if (dialog) {
  document.addEventListener("click", async (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-dialog]") : null;
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      try {
        const answer = await fetch(link.href, { credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const question = page.querySelector("[data-question]");
        if (!answer.ok || !question) throw new Error("no question");
        const heading = page.querySelector("h1");
        dialog.replaceChildren(...(heading && !question.querySelector("h2") ? [Object.assign(document.createElement("h2"), { textContent: heading.textContent })] : []), question);
        dialog.showModal();
      } catch { window.location.assign(link.href); }
    } else if (event.target instanceof Element && event.target.closest("dialog [data-close]")) {
      event.preventDefault();
      dialog.close();
    }
  });
}

// On a wide page a matter of the list opens beside it; its link leads to its own page.
document.addEventListener("click", async (event) => {
  const link = event.target instanceof Element ? event.target.closest("[data-beside] .row-link") : null;
  const beside = document.querySelector(".aside");
  if (!link || !beside || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  if (!window.matchMedia("(min-width: 75rem)").matches) return;
  event.preventDefault();
  try {
    const answer = await fetch(link.href, { credentials: "same-origin", headers: { "HX-Request": "true" } });
    if (!answer.ok || answer.redirected) throw new Error("not beside");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    beside.replaceChildren(...page.body.childNodes);
    for (const other of document.querySelectorAll(".row-link[aria-current]")) { other.removeAttribute("aria-current"); other.closest(".row").classList.remove("current"); }
    link.setAttribute("aria-current", "true");
    link.closest(".row").classList.add("current");
    if (window.htmx) window.htmx.process(beside);
  } catch { window.location.assign(link.href); }
});

// What one writes runs in the direction of the language that one says it is in.
document.addEventListener("change", (event) => {
  const choice = event.target instanceof HTMLSelectElement ? event.target.closest(".with-language select[name$='.language']") : null;
  const words = choice ? choice.closest(".with-language").querySelector("textarea") : null;
  if (!words) return;
  words.lang = choice.value;
  words.dir = choice.selectedOptions[0].dataset.direction || "auto";
});

// A draft is kept two seconds after one has stopped writing. Whoever leaves the page before that, by another way than the
// form's own buttons, loses nothing either.
const draft = { written: 0, asked: 0, kept: 0, left: false };
const isDraft = (event) => event.detail.elt.id === "draft-state";
document.addEventListener("input", (event) => {
  if (event.target.form && event.target.form.querySelector("#draft-state")) draft.written += 1;
});
document.addEventListener("submit", (event) => {
  if (event.target.querySelector("#draft-state")) draft.kept = draft.written;
});
document.body.addEventListener("htmx:beforeRequest", (event) => { if (isDraft(event)) draft.asked = draft.written; });
document.body.addEventListener("htmx:afterRequest", (event) => {
  if (isDraft(event) && event.detail.successful) draft.kept = Math.max(draft.kept, draft.asked);
});
window.addEventListener("pagehide", () => {
  const state = document.getElementById("draft-state");
  if (!state || draft.kept >= draft.written) return;
  draft.kept = draft.written;
  draft.left = true;
  fetch(state.getAttribute("hx-post"), { method: "POST", body: new FormData(state.closest("form")), keepalive: true, redirect: "manual" })
    .catch(() => {}); // more than 64 KiB, or nobody answers: there is no page left that could say so
});
window.addEventListener("pageshow", (event) => { if (event.persisted && draft.left) window.location.reload(); });

for (const failed of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.body.addEventListener(failed, () => {
    const state = document.getElementById("draft-state");
    const words = state && state.querySelector("[data-failed]");
    if (words) { words.textContent = words.dataset.failed; state.classList.add("late"); }
  });
}
