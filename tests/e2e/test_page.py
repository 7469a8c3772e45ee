"""The page, served by the real command and driven in Chromium: what a person would do, and what must not happen."""

from __future__ import annotations

import contextlib
import functools
import http.server
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Request, expect, sync_playwright

from tests.test_load_pdf import stack, write

pytestmark = pytest.mark.browser

_REQUIRED = os.environ.get("QUOTH_REQUIRE_BROWSER") == "1"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_FLAGS += ["--disable-sync", "--no-first-run"]
_SCRIPTED = "<script>window.pwned = 1</script><img src=x onerror='window.pwned = 2'> ${7*7} {{7*7}}"
_DOCUMENTS = {
    "returns.md": "# Returns\n\nGoods may be sent back within 30 days of delivery. Shipping is not refunded.\n",
    "opening.txt": "Opening hours\n\nThe shop in Lund is open from ten to six. On Sundays it stays closed.\n",
    "hostile.txt": f"Hostile notes\n\nThe zebra password is kept here: {_SCRIPTED} and nothing runs.\n",
    "drawing.dwg": "not a format there is a reader for",
}
_FIRST = "The lighthouse of Hanstholm was lit by the"
_SECOND = "keeper Amalie Friis in the year 1843."
_OVER = ["The ferry to the island of Venoe carries at", "most"]
_GOES_ON = ["seventeen goats at a time, and one bishop", "more where the weather allows it."]
# each line stands at 72 points from the left; the first page's at 842 - 640 from the top, 18 apart
_PDF = write(
    [
        stack(72, 640, [_FIRST, _SECOND], 14, 18) + stack(72, 100, _OVER, 14, 18),
        stack(72, 760, _GOES_ON, 14, 18),
    ]
)


def _chromium() -> str:
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
    )
    if not found and not _REQUIRED:
        pytest.skip("no Chromium found: install the package chromium, or run .ci/run")
    assert found, "QUOTH_REQUIRE_BROWSER=1, but no Chromium is installed"
    return found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = _chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def home(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write five files."""
    home = tmp_path_factory.mktemp("e2e")
    docs = home / "docs"
    docs.mkdir()
    for name, text in _DOCUMENTS.items():
        (docs / name).write_text(text, encoding="utf-8")
    (docs / "coast.pdf").write_bytes(_PDF)
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    """Index the files with the real model and serve them, as `qa index` and `qa chat` do."""
    subprocess.run([*_QA, "index", "docs"], cwd=home, check=True, capture_output=True, env=_environ())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (home / "log").open("w+")
    server = subprocess.Popen([*_QA, "chat", "--port", str(port)], cwd=home, stdout=log, stderr=log, env=_environ())
    try:
        for _ in range(600):
            assert server.poll() is None, (home / "log").read_text()
            if f"http://127.0.0.1:{port}" in (home / "log").read_text():
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=20)
        log.close()


_QA = [sys.executable, "-m", "qa.cli"]


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("QA_")}


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open the page; fail where it asked anything of another host, or reported an error."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    outside: list[str] = []
    errors: list[str] = []

    def note(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            outside.append(request.url)

    page.on("request", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    expect(page.locator("#question textarea")).to_be_visible(timeout=60_000)
    yield page
    assert not outside
    assert not errors
    context.close()


def _ask(page: Page, question: str, turn: int = 1) -> None:
    page.locator("#question textarea").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(f".answer[data-turn='{turn}']")).to_be_visible(timeout=60_000)


def test_an_answer_quotes_the_document_and_its_citation_opens_the_passage_with_the_quote_marked(page: Page) -> None:
    _ask(page, "Within how many days of delivery may goods be sent back?")
    quote = page.locator(".answer.answered .quote").first
    expect(quote).to_contain_text("Goods may be sent back within 30 days of delivery.")
    expect(quote.locator("footer")).to_contain_text("returns.md")

    quote.locator("button.cite").first.click()

    passage = page.locator(".passage.current")
    expect(passage).to_be_in_viewport()
    expect(passage.locator(".source")).to_have_text("returns.md")
    expect(passage.locator(".heading")).to_have_text("Returns")
    expect(passage.locator(".text")).to_contain_text("Shipping is not refunded.")
    expect(passage.locator("mark").first).to_have_text("Goods may be sent back within 30 days of delivery.")


def test_a_number_key_opens_the_passage_of_that_number_and_focus_returns_to_the_box_after_an_answer(page: Page) -> None:
    _ask(page, "When is the shop in Lund open?")
    expect(page.locator("#question textarea")).to_be_focused()
    expect(page.locator("#question textarea")).to_have_value("")
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("2")
    expect(page.locator(".passage.current .n")).to_have_text("[2]")


def test_what_the_documents_do_not_hold_is_said_in_words_and_quotes_nothing(page: Page) -> None:
    _ask(page, "Who composed the opera about the moons of Jupiter?")
    answer = page.locator(".answer.not_found")
    expect(answer.locator(".verdict")).to_have_text("Not in your documents, as far as they could be read.")
    expect(answer.locator(".quote")).to_have_count(0)
    expect(answer).to_contain_text("1 of 5 files could not be read")
    expect(page.locator("#evidence .turn.open .lead")).to_have_text("Nearest passages (not an answer)")


def test_markup_in_documents_and_questions_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    _ask(page, f"Where is the zebra password kept? {_SCRIPTED}")
    expect(page.locator(".question").first).to_contain_text("<script>window.pwned = 1</script>")
    expect(page.locator("#evidence .turn.open .text").first).to_contain_text(_SCRIPTED)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#evidence img, #talk img, #evidence script, #talk script").count() == 0


def test_after_the_thirtieth_question_every_citation_still_opens_its_own_evidence(page: Page) -> None:
    questions = ["When is the shop in Lund open?", "Within how many days of delivery may goods be sent back?"]
    sources = ["opening.txt", "returns.md"]
    for number in range(1, 36):
        _ask(page, questions[number % 2], number)
    # 30 are kept: 6 to 35, each number once
    numbers = page.locator(".answer").evaluate_all("found => found.map(one => Number(one.dataset.turn))")
    assert numbers == list(range(6, 36))
    ids = page.locator("#evidence .passage").evaluate_all("found => found.map(one => one.id)")
    assert len(ids) == len(set(ids)) > 0
    for number in numbers:
        page.locator(f".answer[data-turn='{number}'] button.cite").first.click()
        expect(page.locator("#evidence .turn.open")).to_have_attribute("data-turn", str(number))
        expect(page.locator(".passage.current .source")).to_have_text(sources[number % 2])


def test_nothing_of_a_conversation_is_left_in_the_browser(page: Page) -> None:
    _ask(page, "When is the shop in Lund open?")
    page.locator("#again button, button#again").first.click()
    expect(page.locator(".answer")).to_have_count(0)
    left = page.evaluate(
        """async () => ({
          local: Object.entries(localStorage), session: Object.entries(sessionStorage), cookies: document.cookie,
          databases: (await indexedDB.databases()).length, caches: (await caches.keys()).length,
        })"""
    )
    assert "Lund" not in str(left)
    assert left == {"local": [], "session": [], "cookies": "", "databases": 0, "caches": 0}


def test_a_page_of_another_origin_can_neither_frame_the_page_nor_read_or_ask_it(
    browser: Browser, address: str, tmp_path: Path
) -> None:
    (tmp_path / "evil.html").write_text(
        f"""<iframe id=f src="{address}"></iframe><script>
        window.got = (async () => {{
          const tries = [
            fetch("{address}/"), fetch("{address}/theme.css"),
            fetch("{address}/gradio_api/run/predict", {{method: "POST", body: "{{}}"}}),
            fetch("{address}/gradio_api/upload", {{method: "POST", body: new FormData()}}),
          ];
          const answers = await Promise.allSettled(tries);
          return answers.map(one => one.status === "fulfilled" ? one.value.status : "refused");
        }})();
        </script>""",
        encoding="utf-8",
    )
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as evil:
        threading.Thread(target=evil.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{evil.server_port}/evil.html")
        assert page.evaluate("window.got") == ["refused"] * 4
        page.wait_for_timeout(1000)
        framed = next((frame for frame in page.frames if frame.parent_frame), None)
        assert framed is None or "Quoth" not in framed.content()
        page.close()
        evil.shutdown()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_the_served_process_is_held_by_the_kernel(address: str) -> None:
    """Find who listens on the page's port, and look at what the kernel says of its filter."""
    port = f"{int(address.rpartition(':')[2]):04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]]
    socket_of = next(line[9] for line in lines if line[1] == f"0100007F:{port}" and line[3] == "0A")
    for handle in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(handle) == f"socket:[{socket_of}]":
                status = (handle.parents[1] / "status").read_text(encoding="ascii")
                assert "Seccomp:\t2" in status
                return
    pytest.fail("nobody listens")


def test_an_earlier_answer_still_opens_its_own_evidence(page: Page) -> None:
    _ask(page, "Within how many days of delivery may goods be sent back?")
    _ask(page, "When is the shop in Lund open?", turn=2)
    expect(page.locator("#evidence section.open")).to_have_attribute("data-turn", "2")
    page.locator(".answer[data-turn='1'] button.cite").first.click()
    expect(page.locator("#evidence section.open")).to_have_attribute("data-turn", "1")
    expect(page.locator(".passage.current .source")).to_have_text("returns.md")


def test_an_empty_question_is_answered_by_a_clear_error(page: Page) -> None:
    page.locator("#ask-button").click()
    expect(page.locator(".answer.error")).to_contain_text("The question is empty.")


def test_the_documents_are_listed_with_their_state(page: Page) -> None:
    expect(page.get_by_text("Documents (4 of 5 indexed)")).to_be_visible()
    listed = page.locator(".ledger li")
    expect(listed).to_have_count(5)
    expect(listed.first).to_be_visible()
    expect(listed.first).to_contain_text("skipped")
    expect(listed.first).to_contain_text("drawing.dwg")
    expect(listed.first).to_contain_text("there is no reader for .dwg files yet.")


def test_a_new_conversation_starts_empty(page: Page) -> None:
    _ask(page, "When is the shop in Lund open?")
    page.locator("#again").click()
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator("#evidence .passage")).to_have_count(0)


def test_a_quote_is_shown_on_the_picture_of_its_page_until_escape(page: Page) -> None:
    _ask(page, "In which year was the lighthouse of Hanstholm lit?")
    button = page.locator(".quote button.page").first
    expect(button).to_have_text("Show on page 1")
    button.click()

    viewer = page.locator("#quoth-viewer")
    expect(viewer).to_be_visible()
    expect(viewer.locator("h2")).to_have_text("coast.pdf · page 1")
    picture = viewer.locator("img")
    expect(picture).to_have_count(1, timeout=60_000)
    drawn = picture.evaluate("image => image.decode().then(() => [image.naturalWidth, image.naturalHeight])")
    assert drawn == [1190, 1684]  # an A4 page at two pixels to the point
    marks = viewer.locator(".marks")
    expect(marks).to_have_attribute("aria-label", f"Marked on page 1: “{_FIRST} {_SECOND}”")
    first, second = _in_points(picture, marks.locator("i"))
    # left edge, baseline with room for a descender, and no wider than the line
    assert first["left"] == pytest.approx(72, abs=2.5)
    assert first["bottom"] == pytest.approx(842 - 640 + 3, abs=4)
    assert second["bottom"] == pytest.approx(842 - 622 + 3, abs=4)
    assert 250 < first["right"] < 380
    expect(marks.locator("i").first).to_be_in_viewport()

    page.keyboard.press("Escape")
    expect(viewer).to_be_hidden()
    expect(button).to_be_focused()


def _in_points(picture: Locator, boxes: Locator) -> list[dict[str, float]]:
    """Return where boxes lie over a picture of an A4 page, in points from its left and upper edge."""
    paper = picture.bounding_box()
    assert paper is not None
    scale = 595 / paper["width"]
    found = []
    for box in boxes.all():
        edges = box.bounding_box()
        assert edges is not None
        found.append(
            {
                "left": (edges["x"] - paper["x"]) * scale,
                "right": (edges["x"] + edges["width"] - paper["x"]) * scale,
                "bottom": (edges["y"] + edges["height"] - paper["y"]) * scale,
            }
        )
    return found


def test_a_quote_over_two_pages_shows_both_and_the_keyboard_does_it_all(page: Page) -> None:
    _ask(page, "How many goats does the ferry to the island of Venoe carry?")
    button = page.locator(".quote button.page").first
    expect(button).to_have_text("Show on pages 1–2")
    button.focus()
    page.keyboard.press("Enter")
    viewer = page.locator("#quoth-viewer")
    expect(viewer.locator("figcaption")).to_have_text(["Page 1", "Page 2"], timeout=60_000)
    expect(viewer.locator(".sheet").nth(0).locator(".marks i")).to_have_count(2)
    expect(viewer.locator(".sheet").nth(1).locator(".marks i")).to_have_count(2)
    expect(viewer.locator(".sheets")).to_be_focused()
    wide = viewer.locator("img").first.evaluate("image => image.clientWidth")
    page.keyboard.press("+")
    assert viewer.locator("img").first.evaluate("image => image.clientWidth") == pytest.approx(1.25 * wide, abs=2)
    page.keyboard.press("0")
    assert viewer.locator("img").first.evaluate("image => image.clientWidth") == wide
    # focus stays in the dialog however often one tabs
    for _ in range(8):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("1")
    expect(page.locator(".passage.current")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(button).to_be_focused()


def test_a_file_that_changed_since_is_said_to_have_changed_and_not_shown(page: Page, home: Path) -> None:
    _ask(page, "In which year was the lighthouse of Hanstholm lit?")
    path = home / "docs" / "coast.pdf"
    aside = path.with_name(".aside.pdf")
    path.rename(aside)  # and asked for before the folder is looked at again
    try:
        page.locator(".quote button.page").first.click()
        problem = page.locator("#quoth-viewer .problem")
        expect(problem).to_contain_text("coast.pdf:")
        expect(problem).to_contain_text(re.compile("isn't there any more|isn't in the index any more"))
        assert page.locator("#quoth-viewer img").count() == 0
        page.locator("#quoth-viewer .close").click()
        expect(page.locator("#quoth-viewer")).to_be_hidden()
    finally:
        aside.rename(path)
    expect(page.get_by_text("Documents (4 of 5 indexed)")).to_be_visible(timeout=60_000)


def test_files_that_are_added_appear_without_a_reload_and_can_be_asked_and_chosen_among(page: Page, home: Path) -> None:
    zoo = home / "docs" / "zoo.txt"
    texts = {zoo: "The zoo\n\nThe okapi Bertil eats nothing but chestnuts on Thursdays.\n"}
    texts |= {zoo.with_name(f"shelf-{number}.txt"): f"Shelf {number}\n\nIt is empty.\n" for number in range(5)}
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
    names = page.locator(".ledger .name")
    try:
        expect(page.get_by_text("Documents (10 of 11 indexed)")).to_be_visible(timeout=90_000)
        expect(names).to_have_count(11)
        _ask(page, "What does the okapi Bertil eat on Thursdays?")
        expect(page.locator(".answer .quote").first).to_contain_text("nothing but chestnuts")

        page.get_by_role("button", name="skipped 1").click()
        expect(names).to_have_text(["drawing.dwg"])
        page.get_by_role("button", name="all 11").click()
        page.get_by_role("searchbox", name="Find a file by its name").fill("SHELF")
        expect(names).to_have_text([f"shelf-{number}.txt" for number in range(5)])
        # the list is made anew, and still narrowed
        zoo.with_name("shelf-0.txt").unlink()
        expect(page.get_by_text("Documents (9 of 10 indexed)")).to_be_visible(timeout=90_000)
        expect(names).to_have_text([f"shelf-{number}.txt" for number in range(1, 5)])
    finally:
        for path in texts:
            path.unlink(missing_ok=True)
    expect(page.get_by_text("Documents (4 of 5 indexed)")).to_be_visible(timeout=90_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_marked_page_can_be_read_at_any_width_in_both_themes(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#question textarea")).to_be_visible(timeout=60_000)
    _ask(page, "In which year was the lighthouse of Hanstholm lit?")
    page.locator(".quote button.page").first.click()
    viewer = page.locator("#quoth-viewer")
    picture = viewer.locator("img")
    expect(picture).to_have_count(1, timeout=60_000)
    box = viewer.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    # print of ten points is ten pixels high at least
    assert picture.evaluate("image => image.clientWidth") >= 595
    expect(viewer.locator(".marks i").first).to_be_in_viewport()
    for button in viewer.locator("header button").all():
        expect(button).to_be_in_viewport(ratio=1)
    for selector in ("#quoth-viewer h2", "#quoth-viewer figcaption", "#quoth-viewer .close", ".quote button.page"):
        assert _contrast(page, selector) >= 4.5, selector
    # on the paper the mark is yellow, and the letters under it stay dark
    clip = viewer.locator(".marks i").first.bounding_box()
    assert clip is not None
    visible = {**clip, "width": min(clip["width"], box["x"] + box["width"] - clip["x"])}
    pixels = np.asarray(Image.open(io.BytesIO(page.screenshot(clip=visible))).convert("RGB")).reshape(-1, 3)  # type: ignore[arg-type]
    yellow = (pixels[:, 0] > 220) & (pixels[:, 1] > 200) & (pixels[:, 2] < 170)
    assert yellow.mean() > 0.4
    assert (pixels.max(axis=1) < 110).mean() > 0.01
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_width_and_its_words_stand_out(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    expect(page.locator("#question textarea")).to_be_visible(timeout=60_000)
    _ask(page, "Within how many days of delivery may goods be sent back?")
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    for selector in (".quote p", ".passage .text", ".passage mark", ".passage .heading", ".question"):
        assert _contrast(page, selector) >= 4.5, selector  # WCAG AA for text
    context.close()


def _contrast(page: Page, selector: str) -> float:
    """Return the contrast ratio of an element's text to the first opaque ground behind it."""
    ratio = page.evaluate(
        """selector => {
          const channels = colour => colour.match(/[\\d.]+/g).map(Number);
          const light = ([r, g, b]) => [r, g, b]
            .map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          let node = document.querySelector(selector);
          const ink = light(channels(getComputedStyle(node).color));
          let ground = [255, 255, 255];
          for (; node; node = node.parentElement) {
            const c = channels(getComputedStyle(node).backgroundColor);
            if (c.length < 4 || c[3] === 1) { ground = c; break; }
          }
          const paper = light(ground);
          return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
        }""",
        selector,
    )
    return float(ratio)


def test_a_taken_port_is_refused_with_what_to_do_next(address: str, tmp_path: Path) -> None:
    port = address.rpartition(":")[2]
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("The lamp is green.", encoding="utf-8")
    subprocess.run([*_QA, "index", "docs"], cwd=tmp_path, check=True, capture_output=True, env=_environ())
    run = subprocess.run(
        [*_QA, "chat", "--port", port], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=_environ()
    )
    assert run.returncode == 2
    assert f"127.0.0.1:{port} can't be listened on" in run.stderr
    assert f"qa chat --port {int(port) + 1}" in run.stderr


def test_a_count_is_shown_with_a_way_back_to_a_search_and_talk_proposes_questions(page: Page) -> None:
    _ask(page, "How many times is the ferry mentioned?")
    counted = page.locator(".answer.count[data-turn='1']")
    expect(counted).to_contain_text("“ferry”: 1 time, in 1 of")
    counted.get_by_role("button", name="Search for this instead").click()
    searched = page.locator(".answer[data-turn='2']")
    expect(searched).to_be_visible(timeout=60_000)
    expect(page.locator(".question").nth(1)).to_have_text("search: How many times is the ferry mentioned?")
    expect(page.locator(".answer.count")).to_have_count(1)
    _ask(page, "hello", 3)
    expect(page.locator(".answer.social[data-turn='3']")).to_contain_text("Hello.")
    expect(page.locator(".answer.social .quote")).to_have_count(0)


def test_what_was_searched_for_is_put_into_the_box_to_be_changed(page: Page) -> None:
    _ask(page, "When was the lighthouse lit?")
    _ask(page, "by whom?", 2)
    page.locator(".answer[data-turn='2']").get_by_role("button", name="Edit").click()
    expect(page.locator("#question textarea")).to_have_value("By whom was the lighthouse lit?")
