"""The page, served by the real command and driven in Chromium: what a person would do, and what must not happen."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect, sync_playwright

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
def address(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Index four files with the real model and serve them, as `qa index` and `qa chat` do."""
    home = tmp_path_factory.mktemp("e2e")
    docs = home / "docs"
    docs.mkdir()
    for name, text in _DOCUMENTS.items():
        (docs / name).write_text(text, encoding="utf-8")
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
    expect(answer).to_contain_text("1 of 4 files could not be read")
    expect(page.locator("#evidence .turn.open .lead")).to_have_text("Nearest passages (not an answer)")


def test_markup_in_documents_and_questions_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    _ask(page, f"Where is the zebra password kept? {_SCRIPTED}")
    expect(page.locator(".question").first).to_contain_text("<script>window.pwned = 1</script>")
    expect(page.locator("#evidence .turn.open .text").first).to_contain_text(_SCRIPTED)
    assert page.evaluate("window.pwned") is None
    assert page.locator("#evidence img, #talk img, #evidence script, #talk script").count() == 0


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
    expect(page.get_by_text("Documents (3 of 4 indexed)")).to_be_visible()
    listed = page.locator(".ledger li")
    expect(listed).to_have_count(4)
    expect(listed.first).to_be_visible()
    expect(listed.first).to_contain_text("skipped")
    expect(listed.first).to_contain_text("drawing.dwg")
    expect(listed.first).to_contain_text("there is no reader for .dwg files yet.")


def test_a_new_conversation_starts_empty(page: Page) -> None:
    _ask(page, "When is the shop in Lund open?")
    page.locator("#again").click()
    expect(page.locator(".answer")).to_have_count(0)
    expect(page.locator("#evidence .passage")).to_have_count(0)


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
