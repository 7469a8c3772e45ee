"""Who may come in, where the page is served to more than this machine: names with passwords, or one token.

Passwords are kept as scrypt's digest of them, sessions as SHA-256 of theirs; neither is ever logged. Knows cookies and
forms; nothing of what is asked.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import html
import os
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from qa.errors import ConfigError

NAME = re.compile(r"[\w.@-]{1,64}")
_N, _R, _P = 1 << 14, 8, 1
_LASTS = 12 * 3600.0  # seconds without a request after which one must log in anew
_MOST_SESSIONS = 1000
_MINUTE = 60.0
_TRIES = 10  # a minute, of one address
_ALL_TRIES = 60  # a minute, of all
_QUESTIONS = 60  # a minute, of one user
_SHORTEST, _LONGEST = 8, 1024
_FORM = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Quoth</title>"
    "<meta name='viewport' content='width=device-width, initial-scale=1'><style>body{{font:1rem/1.5 system-ui,"
    "sans-serif;max-width:22rem;margin:15vh auto;padding:0 1rem}}label{{display:block;margin:1rem 0}}input,button{{"
    "font:inherit;width:100%;box-sizing:border-box;padding:.5rem}}.problem{{color:#b00020}}</style></head><body>"
    "<main><h1>Quoth</h1>{problem}<form method='post' action='/login'>{name}<label>{what}<input name='password' "
    "type='password' autocomplete='current-password' required></label><button>Log in</button></form></main></body>"
    "</html>"
)
_NAME_FIELD = "<label>Name<input name='name' autocomplete='username' required autofocus></label>"


def hashed(password: str) -> str:
    """Return what a password is kept as."""
    salt = secrets.token_bytes(16)
    return f"scrypt${_N}${_R}${_P}${_text(salt)}${_text(_digest(password, salt, _N, _R, _P))}"


def matches(password: str, kept: str) -> bool:
    """Tell whether a password is the one that was kept."""
    _, n, r, p, salt, digest = kept.split("$")
    found = _digest(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(found, base64.b64decode(digest))


def read_accounts(path: Path) -> dict[str, str]:
    """Return the names in a file and what their passwords are kept as; raise ConfigError where it isn't such a file.

    One `name:scrypt$…` a line, as `qa passwd` writes it.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: can't be read ({exc}). Make it with: qa passwd {path} NAME") from exc
    accounts = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        name, _, kept = line.strip().partition(":")
        if not NAME.fullmatch(name) or not _is_kept(kept):
            raise ConfigError(f"{path}, line {number}: not a name and a hashed password. Run: qa passwd {path} NAME")
        accounts[name] = kept
    if not accounts:
        raise ConfigError(f"{path}: names nobody. Run: qa passwd {path} NAME")
    return accounts


def set_password(path: Path, name: str, password: str) -> None:
    """Write a name's new password into a file that only its owner may read; raise ConfigError where it won't do."""
    if not NAME.fullmatch(name):
        raise ConfigError(f"{name!r} can't be a name here: letters, digits, and . @ - _ only.")
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise ConfigError(f"A password has {_SHORTEST} to {_LONGEST:,} characters.")
    accounts = {**(read_accounts(path) if path.exists() else {}), name: hashed(password)}
    written = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with open(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{who}:{kept}\n" for who, kept in accounts.items())
        written.replace(path)
    except OSError as exc:
        written.unlink(missing_ok=True)
        raise ConfigError(f"{path}: can't be written ({exc}). Name a file in a folder of yours.") from exc


@dataclass(slots=True)
class _Session:
    user: str
    seen: float


class Access:
    """Lets people in who know a password, and knows them again; `token` is the only one's where there are no names."""

    def __init__(self, accounts: Mapping[str, str] | None = None, *, token: str = "", port: int, tls: bool) -> None:
        self._accounts = dict(accounts or {})
        self._token = token
        self._stranger = hashed(secrets.token_hex(8))  # so that a name nobody has takes as long to be refused
        self._cookie = f"{'__Host-' if tls else ''}quoth-{port}"
        self._tls = tls
        self._sessions: dict[str, _Session] = {}
        self._tries: dict[str, deque[float]] = {}
        self._asked: dict[str, deque[float]] = {}
        self._hashing = asyncio.Semaphore(2)

    def user(self, headers: Mapping[str, str]) -> str | None:
        """Return who sends a request; None where that isn't known."""
        key = _key(self._cookie_of(headers))
        session, now = self._sessions.get(key), time.monotonic()
        if session is None or now - session.seen > _LASTS:
            self._sessions.pop(key, None)
            return None
        session.seen = now
        return session.user

    def may_ask(self, user: str) -> bool:
        """Tell whether one more question is within what a user may ask a minute, and count it."""
        return _counted(self._asked, user, _QUESTIONS)

    def unknown(self, path: str) -> Response:
        """Return what someone gets who isn't logged in."""
        if path == "/":
            return RedirectResponse("/login", 303, headers={"cache-control": "no-store"})
        return PlainTextResponse("Log in first.", 401, headers={"connection": "close"})

    async def answer(self, path: str, method: str, headers: Mapping[str, str], body: bytes, address: str) -> Response:
        """Answer on the pages that need no session: logging in and out."""
        if method in ("GET", "HEAD") and path == "/login":
            return self._form("")
        if method != "POST":
            return PlainTextResponse("This is not how it is asked.", 405)
        if path == "/logout":
            self._sessions.pop(_key(self._cookie_of(headers)), None)
            gone = RedirectResponse("/login", 303)
            gone.delete_cookie(self._cookie, secure=self._tls, httponly=True, samesite="strict")
            return gone
        if not (_counted(self._tries, "", _ALL_TRIES) and _counted(self._tries, address, _TRIES)):
            return self._form("Too many tries. Wait a minute.", 429)
        try:
            sent = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5, keep_blank_values=True)
        except ValueError:
            sent = {}
        name, password = sent.get("name", [""])[0], sent.get("password", [""])[0]
        async with self._hashing:
            right = await asyncio.to_thread(self._is_right, name, password)
        if not right:
            return self._form("Not right. Try again.", 403)
        return self._let_in(name if self._accounts else "token", headers)

    def _let_in(self, user: str, headers: Mapping[str, str]) -> Response:
        """Start a session under a number of its own, whatever number the browser came with."""
        self._sessions.pop(_key(self._cookie_of(headers)), None)
        while len(self._sessions) >= _MOST_SESSIONS:
            self._sessions.pop(min(self._sessions, key=lambda key: self._sessions[key].seen))
        number = secrets.token_urlsafe(32)
        self._sessions[_key(number)] = _Session(user, time.monotonic())
        answer = RedirectResponse("/", 303, headers={"cache-control": "no-store"})
        answer.set_cookie(self._cookie, number, httponly=True, samesite="strict", secure=self._tls, path="/")
        return answer

    def _is_right(self, name: str, password: str) -> bool:
        if len(password) > _LONGEST or not password:
            return False
        if not self._accounts:
            return hmac.compare_digest(password.strip().encode(), self._token.encode())
        return matches(password, self._accounts.get(name, self._stranger)) and name in self._accounts

    def _form(self, problem: str, status: int = 200) -> Response:
        said = f"<p class='problem' role='alert'>{html.escape(problem)}</p>" if problem else ""
        name, what = (_NAME_FIELD, "Password") if self._accounts else ("", "Token, as printed where Quoth was started")
        return HTMLResponse(_FORM.format(problem=said, name=name, what=what), status, {"cache-control": "no-store"})

    def _cookie_of(self, headers: Mapping[str, str]) -> str:
        try:
            found = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return ""
        return found.value if found else ""


def _counted(times: dict[str, deque[float]], who: str, most: int) -> bool:
    """Tell whether someone has done something less often than `most` times in the last minute, and count it."""
    now = time.monotonic()
    for name in [name for name, done in times.items() if not done or now - done[-1] > _MINUTE]:
        del times[name]
    done = times.setdefault(who, deque())
    while done and now - done[0] > _MINUTE:
        done.popleft()
    if len(done) >= most:
        return False
    done.append(now)
    return True


def _digest(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=1 << 26)


def _is_kept(kept: str) -> bool:
    return bool(re.fullmatch(r"scrypt\$(?:1024|4096|16384|32768)\$8\$1\$[\w+/=]{16,64}\$[\w+/=]{40,128}", kept))


def _key(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
