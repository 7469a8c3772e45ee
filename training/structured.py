"""Makes pairs of kinds that question sets lack: tables, key–value lists, who is who, things that are nearly the same.

Owns the forms; texts are tables of `wikitables`, passages of other sets, and word lists below. A made pair is a
`Pair` like any other, its source says the kind. All chance comes from the generator given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.data import Pair, holds

Rng = np.random.Generator

MOST_ROWS = 9
LONGEST_CELL = 60
SEPARATORS = (" | ", " | ", " | ", "\t", "; ")
COLUMN_FORMS = (
    "What is the {column} of {label}?",
    "What was the {column} for {label}?",
    "{label} {column}",
    "{column} {label}",
    "which {column} does {label} have",
    "what {column} is given for {label}?",
    "{column} of {label}",
)
PERIOD_FORMS = ("What was the {column} in {label}?", "{column} in {label}", "How much was the {column} in {label}?")


def _parts(text: str, mark: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(mark))


FIRST = _parts(
    "Anna Tom Peter Lucy Maria Jonas Elif Ravi Chen Olga Pedro Nadia Samuel Ingrid Yusuf Clara Hugo Mei Leo Ruth", " "
)
LAST = _parts(
    "Berger Reeves Vogt Quist Marsh Ortega Novak Lindt Okafor Petrov Haas Moreau Silva Tanaka Doyle Kaya Frost Webb",
    " ",
)
ROLES = _parts(
    """
    head of finance, night porter, project engineer, data protection officer, choir director, site manager, treasurer,
    school nurse, chief editor, ship's cook, head gardener, press officer, fire warden, deputy mayor, warehouse clerk,
    lead developer, museum curator, pilot, union secretary, tax adviser
    """,
    ",",
)
DEEDS = _parts(
    """
    opened the new library in {year}; wrote the report on the {place}; repaired the {thing} last spring;
    moved to the {place} in {year}; complained about the {thing}; paid for the {thing}; was elected in {year};
    thanked the staff of the {place}
    """,
    ";",
)
PLACES = _parts(
    "north wing, harbour office, canteen, old mill, town archive, workshop, greenhouse, boathouse, south depot", ","
)
THINGS = _parts(
    "boiler, pump, lift, gate, generator, heater, crane, ferry, scanner, printer, turbine, tank, locker, kiln", ","
)
NUMBERED = _parts(
    "Hall, Room, Boiler, Pump, Unit, Gate, Building, Route, Platform, Tank, Section, Locker, Line, Ward, Pier", ","
)
# what is said of a numbered thing: (statement, question, value)
SAID = (
    ("{thing} has room for {n} crates.", "How many crates fit into {thing}?", "{n}"),
    ("{thing} was last inspected on {date}.", "When was {thing} last inspected?", "{date}"),
    ("{thing} has an area of {n} square metres.", "What is the area of {thing}?", "{n} square metres"),
    ("The key to {thing} is kept by {person}.", "Who keeps the key to {thing}?", "{person}"),
    ("{thing} runs at {n} degrees.", "What temperature does {thing} run at?", "{n} degrees"),
    ("{thing} was built in {year}.", "When was {thing} built?", "{year}"),
    ("Repairs to {thing} cost {n} euros.", "How much did the repairs to {thing} cost?", "{n} euros"),
    ("{thing} is looked after by {person}.", "Who looks after {thing}?", "{person}"),
    ("{thing} closes at {hour}.", "When does {thing} close?", "{hour}"),
    ("{thing} weighs {n} kilograms.", "How heavy is {thing}?", "{n} kilograms"),
)
KEYS = (
    ("Phone", "What is the phone number of {of}?", "0{n}-{m}"),
    ("Address", "What is the address of {of}?", "{n} Mill Lane"),
    ("Email", "email address of {of}", "office{n}@example.org"),
    ("Opening hours", "When is {of} open?", "{hour} to 18:00"),
    ("Founded", "When was {of} founded?", "{year}"),
    ("Director", "Who is the director of {of}?", "{person}"),
    ("Height", "How tall is {of}?", "{n} metres"),
    ("Length", "How long is {of}?", "{m} metres"),
    ("Members", "How many members does {of} have?", "{m}"),
    ("Annual fee", "How much is the annual fee of {of}?", "{n} euros"),
    ("Website", "What is the website of {of}?", "www.example{n}.org"),
    ("Fax", "fax number of {of}", "0{m}-{n}"),
)
OWNERS = _parts(
    "the rowing club, the north library, the town museum, the harbour office, the embassy, the school board", ","
)
SMALL_TALK = _parts(
    """
    hello; hi there; thanks; thank you very much; ok; good morning; who are you; what can you do; help; bye;
    asdf jkl; ???; test; lol; how are you; see you; yes; no; qwertz uiop; nice; hey; what is your name
    """,
    ";",
)
MONTHS = "January February March April May June July August September October November December".split()


def drawn(items: Sequence[Any], rng: Rng) -> Any:  # noqa: ANN401 -- whatever the items are
    """Draw one item."""
    return items[int(rng.integers(len(items)))]


def filled(form: str, rng: Rng, **known: str) -> str:
    """Fill a form's gaps: those known, the others by chance."""
    chance: dict[str, Callable[[], str]] = {
        "n": lambda: str(int(rng.integers(11, 990))),
        "m": lambda: str(int(rng.integers(1000, 9900))),
        "year": lambda: str(int(rng.integers(1890, 2026))),
        "date": lambda: f"{rng.integers(1, 29)} {drawn(MONTHS, rng)} {rng.integers(2001, 2026)}",
        "hour": lambda: f"{rng.integers(6, 22)}:{drawn(('00', '15', '30'), rng)}",
        "person": lambda: f"{drawn(FIRST, rng)} {drawn(LAST, rng)}",
        "place": lambda: str(drawn(PLACES, rng)),
        "thing": lambda: str(drawn(THINGS, rng)),
    }
    for name in re.findall(r"\{(\w+)\}", form):
        if name in chance or name in known:
            form = form.replace(f"{{{name}}}", known.get(name) or chance[name](), 1)
    return form


def made(question: str, passage: str, answer: str, at: int, kind: str) -> Pair:
    """Return a pair; an empty answer makes it one that the passage does not answer."""
    answers = ((answer, at),) if answer else ()
    return Pair(question, passage, answers, bool(answer), kind, kind, gist=answer)


def cased(text: str, rng: Rng) -> str:
    """Type as people do: half of the time without capitals, a third without the question mark."""
    text = text.lower() if rng.random() < 0.5 else text
    return text.rstrip("?") if rng.random() < 0.35 else text


def table_pair(table: dict[str, Any], rng: Rng) -> Pair | None:
    """Ask for a cell by its column and its row's label; of each three one lacks the row, the column or the label."""
    header, rows = table["header"], [row for row in table["rows"] if row and row[0].strip()]
    columns = [at for at, name in enumerate(header) if at and 2 < len(name) <= 30]
    labels = [row[0] for row in rows]
    if len(rows) < 3 or not columns or len(set(labels)) < len(labels):
        return None
    low = int(rng.integers(0, max(1, len(rows) - MOST_ROWS)))
    shown = rows[low : low + int(rng.integers(3, MOST_ROWS + 1))]
    row, column = shown[int(rng.integers(len(shown)))], int(drawn(columns, rng))
    cell = row[column].strip() if column < len(row) else ""
    if not re.search(r"\w", cell) or len(cell) > LONGEST_CELL or len(row[0]) > LONGEST_CELL:
        return None
    forms = PERIOD_FORMS if re.fullmatch(r"(?:1[89]|20)\d\d", row[0]) and rng.random() < 0.6 else COLUMN_FORMS
    question = cased(drawn(forms, rng).format(column=header[column], label=row[0]), rng)
    absent = rng.random()
    kept = [at for at in range(len(header)) if not (absent < 0.12 and at == column)]
    if absent < 0.12 and len(kept) < 3:
        return None
    if 0.12 <= absent < 0.33:
        shown = [other for other in shown if other is not row]
    separator = str(drawn(SEPARATORS, rng))
    lines, at, length = [], -1, 0
    for line in (header, *shown):
        cells = [" ".join(line[where].split()) if where < len(line) else "" for where in kept]
        if line is row and absent >= 0.33:
            at = (
                length + len(separator.join(cells[: kept.index(column)])) + (len(separator) if column != kept[0] else 0)
            )
        lines.append(separator.join(cells))
        length += len(lines[-1]) + 1
    passage, answer = "\n".join(lines), " ".join(cell.split())
    if absent < 0.33:
        return made(question, passage, "", 0, "table")
    return made(question, passage, answer, at, "table") if passage[at : at + len(answer)] == answer else None


def list_pair(rng: Rng) -> Pair:
    """Ask for a value of a key–value list, or of two lists joined by number; a third is not there."""
    of = str(drawn(OWNERS, rng))
    keys = [KEYS[at] for at in rng.permutation(len(KEYS))[: int(rng.integers(4, 8))]]
    separator = drawn((": ", ": ", " | ", " – ", "\t"), rng)
    lines = [of.removeprefix("the ").capitalize()] if rng.random() < 0.7 else []
    chosen, answer, at = keys[int(rng.integers(len(keys)))], "", 0
    present = rng.random() < 0.67
    titles = rng.random() < 0.3
    for key, _, form in keys:
        value = filled(form, rng)
        if key == chosen[0]:
            if not present:
                continue
            answer, at = value, len("\n".join([*lines, f"{key}{separator}"]))
        lines.append(f"{key}{separator}{value}")
    question = filled(chosen[1], rng, of=of)
    if titles:
        name, title = drawn(
            (("Officer", "Officertitle"), ("name_", "post_"), ("Leader ", "Leader title "), ("Head", "Headrole")), rng
        )
        lines, people, roles = (
            [],
            [filled("{person}", rng) for _ in range(4)],
            [ROLES[i] for i in rng.permutation(len(ROLES))[:5]],
        )
        wanted = int(rng.integers(4))
        for number, (person, role) in enumerate(zip(people, roles, strict=False), start=1):
            if number - 1 == wanted:
                answer, at = person, len("\n".join([*lines, f"{name}{number}{separator}"]))
            lines += [f"{name}{number}{separator}{person}", f"{title}{number}{separator}{role}"]
        role = roles[wanted] if present else roles[4]
        question, answer = f"Who is the {role}?", answer if present else ""
    return made(cased(question, rng), "\n".join(lines), answer, at, "list")


def person_pair(rng: Rng) -> Pair:
    """Ask who someone is, or who holds an office, among sentences about others; a third is not said."""
    wanted, role = filled("{person}", rng), str(drawn(ROLES, rng))
    others = [filled("{person}", rng) for _ in range(3)]
    if wanted in others:
        others = [name for name in others if name != wanted]
    lines = [f"{name} {filled(str(drawn(DEEDS, rng)), rng)}." for name in others]
    lines += [f"{name} is the {drawn([r for r in ROLES if r != role], rng)}." for name in others[:1]]
    said = str(
        drawn(
            (
                "{p}, the {r}, {d}.",
                "{p} is the {r}.",
                "The {r}, {p}, {d}.",
                "{p} works as {r} and {d}.",
                "Our {r} is {p}.",
                "{p} ({r}) {d}.",
            ),
            rng,
        )
    )
    said = said.format(p=wanted, r=role, d=filled(str(drawn(DEEDS, rng)), rng))
    kind = rng.random()
    if kind < 0.5:  # who is X: what X does elsewhere is no answer
        question = drawn(("Who is {p}?", "who is {p}", "Tell me about {p}", "What does {p} do?", "{p}"), rng).format(
            p=wanted
        )
        answer = role
    else:
        question, answer = f"Who is the {role}?", wanted
    if kind % 0.5 > 0.33:  # the same first name, another person
        other = f"{wanted.split()[0]} {drawn([name for name in LAST if name != wanted.split()[1]], rng)}"
        said, answer = (
            (said.replace(wanted, other), "")
            if kind < 0.5
            else (f"{wanted} {filled(str(drawn(DEEDS, rng)), rng)}.", "")
        )
    lines.insert(int(rng.integers(len(lines) + 1)), said)
    passage = " ".join(lines)
    at = passage.find(answer, passage.find(said)) if answer else 0
    return made(cased(question, rng), passage, answer, at, "person")


def near_thing_pair(rng: Rng) -> Pair:
    """Ask of one of several things told apart by a letter or number; a half is not there, or not said of that one."""
    kind = str(drawn(NUMBERED, rng))
    letters = rng.random() < 0.5
    marks = [
        str(mark) for mark in (rng.permutation(list("ABCDEFGH")) if letters else rng.permutation(np.arange(1, 30)))[:5]
    ]
    aspects = [SAID[at] for at in rng.permutation(len(SAID))[:2]]
    wanted, aspect = marks[0], aspects[0]
    draw = rng.random()
    lines: list[str] = []
    answer, said = "", ""
    for mark in sorted(marks[: int(rng.integers(3, 5))], key=lambda mark: (len(mark), mark)):
        thing = f"{kind} {mark}"
        for number, (statement, _, value) in enumerate(aspects[: 1 + int(draw < 0.6)]):
            if mark == wanted and (draw < 0.3 or (draw < 0.45 and number == 0)):
                continue  # the thing itself is missing, or what is asked for is said of the others alone
            gap = re.search(r"\{(?!thing)\w+\}", statement)
            filling = filled(gap[0], rng) if gap else ""
            name = gap[0][1:-1] if gap else ""
            line = filled(statement, rng, thing=thing, **{name: filling})
            if mark == wanted and number == 0:
                answer, said = value.replace(f"{{{name}}}", filling), line
            lines.append(line)
    question = aspect[1].format(thing=f"{kind} {wanted}")
    passage = " ".join(lines)
    at = passage.find(answer, passage.find(said)) if answer else 0
    return made(cased(question, rng), passage, answer, at, "near")


_APPOSITION = re.compile(
    r"(?<![\w-])((?:[A-Z][\w'’.-]+ ){0,3}[A-Z][\w'’-]+)(?:, | (?:is|was) )((?:an?|the) [a-z][^,.;:()]{10,90}?)(?=[,.;])"
)


def subject_pair(item: Pair, rng: Rng) -> Pair | None:
    """Ask who or what a name of a passage is, where an apposition or a copula says so; None where nothing does."""
    found = list(_APPOSITION.finditer(item.passage))
    if not found:
        return None
    match = found[int(rng.integers(len(found)))]
    name, said = match[1], match[2]
    if name.split()[0] in {"The", "It", "This", "He", "She", "In", "There", "That", "A", "They", "What", "As", "One"}:
        return None
    question = cased(
        drawn((f"Who is {name}?", f"What is {name}?", f"Tell me about {name}", f"what was {name}"), rng), rng
    )
    return made(question, item.passage, said, match.start(2), "subject")


def small_talk_pair(item: Pair, rng: Rng) -> Pair:
    """Pair what nobody's documents answer with a passage."""
    return made(str(drawn(SMALL_TALK, rng)), item.passage, "", 0, "talk")


def swapped_roles(item: Pair, rng: Rng) -> Pair | None:
    """Exchange two names of a question ("Mexico's ambassador to France" for the reverse): no longer answered here."""
    names = list(re.finditer(r"(?<=[a-z,] )[A-Z][\w'’-]*\w(?: [A-Z][\w'’-]*\w)*", item.question))
    if len(names) != 2 or re.search(r"\b(?:and|or|between)\b", item.question):
        return None
    one, two = names
    question = item.question
    swapped = f"{question[: one.start()]}{two[0]}{question[one.end() : two.start()]}{one[0]}{question[two.end() :]}"
    if swapped == question or not holds(item.passage, ((one[0], 0),)) or not holds(item.passage, ((two[0], 0),)):
        return None
    other = item.against(item.passage, f"{item.source}/roles")
    return Pair(swapped, other.passage, (), False, other.source, other.group, gist=item.gist)


def mistyped(question: str, rng: Rng) -> str:
    """Exchange, drop or double one letter inside a longer word."""
    words = question.split(" ")
    long = [at for at, word in enumerate(words) if len(word) > 4 and word.isalpha()]
    if not long:
        return question
    at = int(drawn(long, rng))
    word, place, way = words[at], int(rng.integers(1, len(words[at]) - 2)), rng.integers(3)
    if way == 0:
        word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    else:
        word = word[:place] + word[place + 1 :] if way == 1 else word[:place] + word[place] + word[place:]
    return " ".join([*words[:at], word, *words[at + 1 :]])
