// Citations open their passage: by a click, or by the keys 1 to 9 while nothing is being typed.
(function () {
  "use strict";

  function show(turn, n) {
    document.querySelectorAll("#evidence section.turn").forEach(function (section) {
      section.classList.toggle("open", section.dataset.turn === String(turn));
    });
    document.querySelectorAll("#evidence .passage.current").forEach(function (passage) {
      passage.classList.remove("current");
    });
    const passage = document.getElementById("p-" + turn + "-" + n);
    if (!passage) return;
    passage.classList.add("current");
    passage.focus({ preventScroll: true });
    (passage.querySelector("mark") || passage).scrollIntoView({ block: "center", behavior: motion() });
  }

  function motion() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  }

  function typing(target) {
    return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  }

  document.addEventListener("click", function (event) {
    const cite = event.target instanceof Element ? event.target.closest("button.cite") : null;
    if (cite) show(cite.dataset.turn, cite.dataset.n);
  });

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const open = document.querySelector("#evidence section.turn.open");
    if (open && /^[1-9]$/.test(event.key)) show(open.dataset.turn, event.key);
  });

  window.quoth = {
    answered: function () {
      const log = document.querySelector("#talk .log");
      const last = log && log.querySelector(".question:last-of-type, .answer:last-child");
      if (log) log.scrollTop = log.scrollHeight;
      if (last && window.innerWidth < 720) last.scrollIntoView({ block: "nearest", behavior: motion() });
    },
  };
})();
