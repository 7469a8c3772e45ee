"""The page's outermost markup, as it leaves: our script put in, each script with the answer's nonce, no outside host.

Also the headers that tell a browser what this page may do. Pure; knows nothing of requests.
"""

from __future__ import annotations

import json
import re

# `unsafe-eval`: Gradio makes functions of the few lines of script its events and HTML components are given.
# `unsafe-inline` for styles: its components set style attributes. Neither lets markup run anything: a script needs
# the nonce, which is made anew for each answer.
_POLICY = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)
_HEADERS = {
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=()",
}
_CARDS = re.compile(r"<meta\b(?=[^>]*\b(?:property|name)=\"(?:og|twitter):)[^>]*>\s*")
_SCRIPT = re.compile(r"<script\b")
_HEAD = re.compile(r"<head\b[^>]*>")


def headers(nonce: str = "") -> dict[str, str]:
    """Return the headers of every answer; without a nonce no inline script runs."""
    policy = _POLICY if nonce else _POLICY.replace(" 'nonce-{nonce}'", "")
    return {**_HEADERS, "content-security-policy": policy.format(nonce=nonce)}


def page_html(markup: str, *, script: str, token: str, nonce: str) -> str:
    """Return the page with `script` run before all others, under the name `quothToken` its token."""
    markup = _CARDS.sub("", markup)
    own = f"<script>window.quothToken = {json.dumps(token)};\n{script}</script>"
    markup = _HEAD.sub(lambda found: found[0] + own, markup, count=1)
    return _SCRIPT.sub(f'<script nonce="{nonce}"', markup)
