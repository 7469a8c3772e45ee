// Citations open their passage: by a click, or by the keys 1 to 9 while nothing is being typed.
(function () {
  "use strict";

  function show(turn, n, start) {
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
    const quoted = start && passage.querySelector('mark[data-start="' + Number(start) + '"]');
    bring(quoted || passage.querySelector("mark") || passage);
  }

  // Side by side only the evidence scrolls, so that the question box stays where it is.
  function bring(target) {
    const room = document.getElementById("right");
    if (room && room.scrollHeight > room.clientHeight + 1 && window.innerWidth > 720) {
      const offset = target.getBoundingClientRect().top - room.getBoundingClientRect().top;
      room.scrollTo({ top: room.scrollTop + offset - room.clientHeight / 3, behavior: motion() });
    } else {
      target.scrollIntoView({ block: "center", behavior: motion() });
    }
  }

  function motion() {
    return window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
  }

  function typing(target) {
    return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
  }

  document.addEventListener("click", function (event) {
    const cite = event.target instanceof Element ? event.target.closest("button.cite") : null;
    if (cite) show(cite.dataset.turn, cite.dataset.n, cite.dataset.start);
  });

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const open = document.querySelector("#evidence section.turn.open");
    if (open && /^[1-9]$/.test(event.key)) show(open.dataset.turn, event.key);
  });

  window.quoth = {
    asked: function () {
      document.body.classList.add("quoth-asked");
    },
    answered: function () {
      const talk = document.getElementById("talk");
      const last = talk && talk.querySelector(".log > .question:nth-last-of-type(2), .log > .answer:last-child");
      const room = document.getElementById("right");
      if (room) room.scrollTop = 0;
      if (last && window.innerWidth > 720) talk.scrollTop = talk.scrollHeight;
      else if (last) last.scrollIntoView({ block: "nearest", behavior: motion() });
    },
    cleared: function () {
      document.body.classList.remove("quoth-asked");
    },
  };
})();
