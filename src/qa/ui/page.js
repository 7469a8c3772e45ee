// Citations open their passage: by a click, or by the keys 1 to 9 while nothing is being typed. Passages of files
// with pages open the picture of their page, in a dialog that Escape closes. The list of documents is narrowed here.
(function () {
  "use strict";

  // Every call carries the token that came with this page: no other page has it.

  const token = window.quothToken;
  delete window.quothToken;
  const fetched = window.fetch.bind(window);
  window.fetch = function (what, how) {
    const request = new Request(what, how);
    if (new URL(request.url).origin !== window.location.origin) return Promise.reject(new TypeError("not this page's origin"));
    request.headers.set("x-quoth-token", token);
    return fetched(request).then(function (response) {
      if (response.status === 401 || response.status === 403) outdated();
      return response;
    });
  };

  function outdated() {
    if (document.getElementById("quoth-outdated")) return;
    const notice = document.createElement("p");
    notice.id = "quoth-outdated";
    notice.setAttribute("role", "alert");
    notice.textContent = "Quoth was started anew, or you were logged out. ";
    const again = document.createElement("button");
    again.type = "button";
    again.textContent = "Reload the page";
    again.addEventListener("click", function () {
      window.location.reload();
    });
    notice.appendChild(again);
    (document.querySelector(".gradio-container .contain") || document.body).prepend(notice);
  }

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

  // Pages: the dialog is made once; what it shows comes from the server, which checks all it is asked.

  let server = null;
  let asked = 0;
  let zoom = 1;
  const LEGIBLE = 1.1; // CSS pixels to the point: below that print of ten points can't be read

  function viewer() {
    let dialog = document.getElementById("quoth-viewer");
    if (dialog) return dialog;
    dialog = document.createElement("dialog");
    dialog.id = "quoth-viewer";
    dialog.setAttribute("aria-labelledby", "quoth-viewer-title");
    dialog.innerHTML =
      '<header><h2 id="quoth-viewer-title"></h2><div class="zoom" role="group" aria-label="Size of the page">' +
      '<button type="button" data-zoom="out" aria-label="Smaller">\u2212</button>' +
      '<button type="button" data-zoom="fit">Fit</button>' +
      '<button type="button" data-zoom="in" aria-label="Larger">+</button></div>' +
      '<button type="button" class="close" aria-label="Close">\u2715</button></header>' +
      '<div class="sheets" tabindex="0" role="region" aria-label="Pages" aria-live="polite"></div>';
    // where the style sheet's colours, and its rules for narrow windows, reach it
    (document.querySelector(".gradio-container .contain") || document.body).appendChild(dialog);
    dialog.addEventListener("click", function (event) {
      const button = event.target.closest("button");
      if (event.target === dialog || (button && button.classList.contains("close"))) dialog.close();
      else if (button) resize(button.dataset.zoom);
    });
    dialog.addEventListener("keydown", function (event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const wanted = { "+": "in", "=": "in", "-": "out", "0": "fit" }[event.key];
      if (wanted) resize(wanted);
      event.stopPropagation();
    });
    dialog.addEventListener("close", function () {
      asked += 1; // what is still being drawn isn't wanted any more
      dialog.querySelector(".sheets").replaceChildren();
    });
    return dialog;
  }

  function openPages(button) {
    const dialog = viewer();
    const room = dialog.querySelector(".sheets");
    const mine = (asked += 1);
    dialog.querySelector("h2").textContent = button.dataset.name.split("/").pop() + " \u00b7 " + button.dataset.pages;
    dialog.querySelector("h2").title = button.dataset.name;
    room.innerHTML = '<p class="working" role="status">Drawing the page\u2026</p>';
    dialog.showModal();
    room.focus({ preventScroll: true });
    const spans = button.dataset.spans.split(",").map(function (span) {
      return span.split("-").map(Number);
    });
    const request = { source: button.dataset.source, digest: button.dataset.digest, spans: spans };
    Promise.resolve(server.show_pages(request)).then(
      function (markup) {
        if (mine !== asked) return;
        room.innerHTML = markup;
        zoom = 1;
        lay(true);
      },
      function () {
        if (mine !== asked) return;
        room.innerHTML = '<p class="problem" role="alert">The page could not be asked for. Is qa chat still running?</p>';
      },
    );
  }

  // As wide as the window, but never so small that it can't be read: then one scrolls, beginning at the quote.
  function lay(toQuote) {
    const room = document.querySelector("#quoth-viewer .sheets");
    const wide = room.clientWidth - 2 * parseFloat(getComputedStyle(room).paddingLeft);
    room.querySelectorAll(".sheet").forEach(function (sheet) {
      const points = Number(sheet.dataset.width);
      const fit = Math.min(wide, points * 1.6);
      sheet.style.width = Math.max(fit, Math.min(points * LEGIBLE, 3 * wide)) * zoom + "px";
    });
    const marks = Array.from(room.querySelectorAll(".marks i"), function (mark) {
      return mark.getBoundingClientRect();
    });
    if (!toQuote || !marks.length) return;
    const from = room.getBoundingClientRect();
    const left = Math.min.apply(null, marks.map((mark) => mark.left));
    room.scrollTo({
      top: room.scrollTop + marks[0].top - from.top - room.clientHeight / 3,
      left: room.scrollLeft + left - from.left - 16,
    });
  }

  function resize(how) {
    const room = document.querySelector("#quoth-viewer .sheets");
    const across = (room.scrollLeft + room.clientWidth / 2) / room.scrollWidth;
    const down = (room.scrollTop + room.clientHeight / 2) / room.scrollHeight;
    zoom = how === "fit" ? 1 : Math.min(4, Math.max(0.4, zoom * (how === "in" ? 1.25 : 0.8)));
    lay(false);
    room.scrollLeft = across * room.scrollWidth - room.clientWidth / 2;
    room.scrollTop = down * room.scrollHeight - room.clientHeight / 2;
  }

  window.addEventListener("resize", function () {
    const dialog = document.getElementById("quoth-viewer");
    if (dialog && dialog.open) lay(true);
  });

  // Documents: the rows of a state or a name come from the server, a hundred at a time.

  let wanted = { state: "", words: "" };

  function list(start) {
    const files = document.querySelector("#files .ledger");
    const mine = wanted;
    if (!files || !server) return;
    Promise.resolve(server.list_files({ state: mine.state, words: mine.words, start: start })).then(function (rows) {
      if (mine !== wanted) return;
      if (start) {
        const rest = files.querySelector(".rest");
        const had = files.children.length - 1;
        if (rest) rest.outerHTML = rows;
        const next = files.children[had];
        if (next) {
          next.tabIndex = -1;
          next.focus();
        }
      } else files.innerHTML = rows;
    });
  }

  function narrow(change) {
    wanted = Object.assign({}, wanted, change);
    document.querySelectorAll("#files .chip").forEach(function (chip) {
      chip.setAttribute("aria-pressed", String(chip.dataset.state === wanted.state));
    });
    list(0);
  }

  // A question proposed or rewritten goes into the box: to be asked at once, or to be changed first.
  function fill(words, ask) {
    const box = document.querySelector("#question textarea, #question input");
    if (!box) return;
    box.value = words;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    const button = document.querySelector("button#ask-button, #ask-button button");
    // the page's own state follows what was typed a moment later
    if (ask && button) setTimeout(function () { button.click(); }, 60);
  }

  document.addEventListener("click", function (event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.matches("button.cite")) show(button.dataset.turn, button.dataset.n, button.dataset.start);
    else if (button.matches("button.page")) openPages(button);
    else if (button.matches("#talk button.fill")) fill(button.dataset.ask || button.dataset.edit, "ask" in button.dataset);
    else if (button.matches("#files .chip")) narrow({ state: button.dataset.state });
    else if (button.matches("#files .more")) list(Number(button.dataset.start));
  });

  let typed = 0;
  document.addEventListener("input", function (event) {
    if (!(event.target instanceof Element) || !event.target.matches("#files .ledger-find")) return;
    const words = event.target.value;
    clearTimeout(typed);
    typed = setTimeout(function () {
      narrow({ words: words });
    }, 150);
  });

  document.addEventListener("keydown", function (event) {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const open = document.querySelector("#evidence section.turn.open");
    if (open && /^[1-9]$/.test(event.key)) show(open.dataset.turn, event.key);
  });

  window.quoth = {
    serve: function (functions) {
      server = functions;
    },
    // the list was made anew: what it was narrowed to stays
    listed: function () {
      if (!wanted.state && !wanted.words) return;
      const find = document.querySelector("#files .ledger-find");
      if (find) find.value = wanted.words;
      narrow({});
    },
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
