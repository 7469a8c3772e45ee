"""A follow-up to the question it stands for: pure, and None where that isn't plain.

"and in 2023?" takes the last question with its year exchanged, "who signed it?" the last topic for "it", "why?" the
last question asked another way. What a person would have to guess is left to `lookups`, which puts the topic in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.chat.lookups import own_words
from qa.chat.phrasing import fold
from qa.chat.social import talk_of
from qa.chat.swap import pieces, swapped
from qa.chat.values import find_values
from qa.types import Turn

_LEAD = re.compile(
    r"^[\s¿¡]*(?:(?:and|but|or|so|also|then|ok|okay|well|actually|sorry|rather|no|nope|not that|what about|how about|what of|same (?:question )?for|same (?:thing )?(?:but )?(?:for|with)|i mean(?:t)?(?: to say)?|"
    r"i was asking about|only|just|instead|y|e|pero|o|no|qu[eé] tal|qu[eé] hay de|qu[eé] pasa con|quise decir|me refer[ií]a a|digo|lo mismo (?:para|con|en))\b[\s,:;.–—¿-]*)+",
    re.IGNORECASE,
)
_WH_ALONE = re.compile(
    r"^(?:(?:and |but |so )?(?P<w>why|when|where|how|who|how much|how many|how long|how often|since when|until when|by whom|for whom|what for|how so|why not|why is that|why was that|how come|por qu[eé]|cu[aá]ndo|d[oó]nde|c[oó]mo|qui[eé]n|cu[aá]nto|cu[aá]ntos|desde cu[aá]ndo))"
    r"(?: (?:exactly|is that|was that|then|so|did that happen|did it happen|does it happen|is this))?[\s?!.]*$",
    re.IGNORECASE,
)
_WH = re.compile(
    r"^[\s¿]*(?P<w>(?:in |on |at |by |to |for |from |since |until )?(?:what|which|how (?:much|many|long|often|old|far|big|large|high|tall|fast)|who|whom|when|where|why|how|whose|"
    r"(?:en |a |de |desde )?(?:qu[eé]|cu[aá]l(?:es)?|cu[aá]nt[oa]s?|qui[eé]n(?:es)?|cu[aá]ndo|d[oó]nde|por qu[eé]|c[oó]mo)))\b(?P<n>(?:\s+(?!(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)\b)[\w'’-]+){0,4}?)"
    r"\s+(?P<aux>is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|may)\s+(?P<rest>.+?)[\s?]*$",
    re.IGNORECASE,
)
_SUBJECT_WH = re.compile(
    r"^\s*(?:what|which|who)\s+(?P<n>(?:[a-z][\w'’-]+\s+){0,2}?)(?P<v>\w+ed|won|made|built|wrote|sold|led|lost|began|broke|brought|bought|cut|drew|gave|held|hit|kept|left|met|paid|put|ran|sent|set|shot|sang|"
    r"spent|stole|struck|taught|told|took|fought|caught|became|owns?|leads?|runs?|makes?|drives?|wears?)\s+(?P<rest>.+?)[\s?]*$",
    re.IGNORECASE,
)
_COPULA = frozenset("is are was were".split())
_PARTICIPLE = re.compile(
    r"^(?:\w+(?:ed|en)|(?:re|un|over)?(?:built|made|held|sold|paid|found|founded|born|set|cut|put|won|lost|led|sent|kept|left|bought|brought|caught|taught|drawn|grown|known|shown|thrown|begun|done|gone|run|hung|read|told|said|spent|lent|meant|met|shot|hit)|"
    r"due|open|closed|located|worth|called|about|like|for|from|used|needed)$",
    re.IGNORECASE,
)
_PERSON = re.compile(r"\b(?:he|she|him|her|his|hers)\b", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?P<poss>its|their|his|her(?=\s+[a-z])(?!\s+(?:and|or|to|in|on|at|for|with|from|by)\b))\b|\b(?P<it>it|they|them|he|she|him|her|this|that|these|those|the same(?: thing| one)?)\b(?!\s+(?:many|much|year|month|week|day|time|case|way|one|ones|point|kind|sort|is it|long|far|often)\b)",
    re.IGNORECASE,
)
# "it" that stands for nothing, "that" that joins clauses
_EMPTY_IT = re.compile(
    r"\b(?:is|was|does) it (?:true|possible|necessary|allowed|raining|take|legal)\b|\bit takes\b|\b(?:says?|said|shows?|means?|think|know|believe) that\b|\b\w+ that (?:is|are|was|were|has|have)\b",
    re.IGNORECASE,
)
_DETERMINED = re.compile(r"^(?:the|a|an|its|their|his|her|this|that|our|my|your)$", re.IGNORECASE)
_STOPS = frozenset(
    "in on at to from with for by about since until during after before against between into over under and or but because if when while once than as so that which who whose where".split()
)
_ADVERBS = frozenset(
    "still already currently now ever never also usually often actually first last only always finally really originally".split()
)
_CONNECT = frozenset("of the de del la and for y &".split())
_HOW_MUCH = re.compile(r"^\W*(?:and |but )?how (?:many|much|long|often|old|far|tall|big) ", re.IGNORECASE)
_LONGEST = 18  # words
_BEFORE, _OWN = 1, 4  # words that name something: before a pronoun, and in all, of a question that leans on the last


def standalone(question: str, turns: Sequence[Turn]) -> str | None:
    """Return the question a follow-up stands for, with its earlier ones in mind; None where it stands alone, or none fits."""
    base, answer = _base(turns)
    return _rewritten(question, base, answer) if base else None


def _base(turns: Sequence[Turn]) -> tuple[str, str]:
    """Return the last question, follow-ups put as what they stand for, and its answer; talk is passed over."""
    base = answer = ""
    for turn in turns:
        if talk_of(turn.question) is not None:
            continue
        base, answer = (_rewritten(turn.question, base, answer) if base else None) or turn.question, turn.answer
    return base, answer


def _rewritten(question: str, base: str, answer: str) -> str | None:
    asked = question.strip()
    if len(asked.split()) > _LONGEST:
        return None
    alone = _WH_ALONE.match(asked)
    if alone:
        return _asked_otherwise(alone["w"], base)
    moved = _years_on(asked, base)
    if moved:
        return moved
    lead = _LEAD.match(asked)
    core = asked[lead.end() :] if lead else asked
    fragment = core.strip(" \t¿¡?!.,;:")
    if not fragment:
        return None
    if not _is_clause(fragment) and (lead or _is_bare(fragment)):
        changed = swapped(base, fragment)
        if changed:
            return changed
    return _with_topic(core if lead else asked, base, answer)


_NUMBERS = (
    {word: at for at, word in enumerate("zero one two three four five six seven eight nine ten".split())}
    | {word: at for at, word in enumerate("cero un dos tres cuatro cinco seis siete ocho nueve diez".split())}
    | {"a": 1, "un": 1, "año": 1, "the": 1}
)
_YEARS_ON = re.compile(
    r"\b(?:(?P<n>\w+) (?:years?|años?) (?P<way>earlier|before|previously|later|after|afterwards|antes|después|despues|más tarde)|(?:the )?(?P<next>year before|previous year|year after|following year|next year|año anterior|año siguiente))\b[\s?.]*$",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\w.,])(?:1[0-9]|20)\d\d(?![\w%]|[.,]\d)")
_LEANS_ON = re.compile(r"\b(?:that|it|this|those|they|eso|esto)\b", re.IGNORECASE)


def _years_on(asked: str, base: str) -> str | None:
    """Return the last question a number of years on: "and two years earlier?", "what had that been the year before?"."""
    match = _YEARS_ON.search(asked)
    years = list(_YEAR.finditer(base))
    if not match or len(years) != 1:
        return None
    before = _LEAD.sub("", asked[: match.start()]).strip(" ,¿?")
    if before and not _LEANS_ON.search(before):
        return None  # it asks something of its own
    said = (match["n"] or "one").casefold()
    number = int(said) if said.isdigit() else _NUMBERS.get(said)
    if number is None:
        return None
    back = fold(match["way"] or match["next"]).startswith(("ear", "bef", "prev", "antes", "year bef", "ano ant"))
    year = int(years[0].group()) + (-number if back else number)
    return f"{base[: years[0].start()]}{year}{base[years[0].end() :]}"


def _is_clause(fragment: str) -> bool:
    """Tell whether words are a question of their own: they ask or have an auxiliary."""
    first = fold(fragment).split()[0]
    return first in _ASKS or bool(
        re.search(
            r"\b(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)\b", fragment, re.IGNORECASE
        )
    )


_ASKS = frozenset(
    "what which who whom whose when where why how is are was were do does did has have had can could will would should que cual cuales quien quienes cuando donde como cuanto cuanta cuantos cuantas por es son fue hay".split()
)


def _is_bare(fragment: str) -> bool:
    """Tell whether words are only things that can be exchanged, as in "in 2019" or "the Canadian one"."""
    rest = fragment
    for piece in reversed(pieces(fragment)):
        rest = rest[: piece.start] + rest[piece.end :]
    little = "in on for of to from with at by during the one ones en para de a con el la".split()
    return rest != fragment and all(word in little for word in fold(rest).split())


def _asked_otherwise(word: str, base: str) -> str | None:
    """Return the last question with another question word: "When was it built?" and "why?" make "Why was it built?"."""
    match = _WH.match(base)
    if match:
        noun = match["n"].strip()
        # "Which treaty was signed" and "why" make "Why was treaty signed": what was asked for stays
        rest = match["rest"] if not noun or fold(match["w"]).startswith("how") else f"the {noun} {match['rest']}"
        return f"{word[0].upper()}{word[1:]} {match['aux']} {rest}?"
    return None


def _with_topic(question: str, base: str, answer: str) -> str | None:
    """Return a question with the last topic for its pronoun."""
    if _EMPTY_IT.search(question):
        return None
    found = list(_PRONOUN.finditer(question))
    if not found:
        return None
    spot = found[0]
    if fold(spot.group()) in ("this", "that", "these", "those"):
        return None  # what was answered, more often than what was asked about
    # what is named before the pronoun may be what it stands for
    before = question[: spot.start()]
    if (
        re.search(r"\s[A-Z][a-z]+", before)
        or own_words(_HOW_MUCH.sub("", before)) > _BEFORE
        or own_words(_HOW_MUCH.sub("", question)) > _OWN
    ):
        return None
    topic = topic_of(base)
    if _PERSON.match(spot.group()):
        people = [span.of(answer) for span in find_values("people", answer)] or [
            span.of(base) for span in find_values("people", base)
        ]
        topic = people[0] if people else topic
    if not topic or _PRONOUN.search(topic):
        return None
    put = f"{topic}'s" if spot["poss"] and not topic.endswith("s") else f"{topic}'" if spot["poss"] else topic
    made = f"{before}{put}{question[spot.end() :]}".strip()
    return made[0].upper() + made[1:]


def topic_of(question: str) -> str | None:
    """Return what a question is about, in its own words: "When was the embassy built?" is about "the embassy"."""
    match = _WH.match(question)
    if not match:
        asked = _SUBJECT_WH.match(question)
        if asked and asked["n"].strip() and fold(question).split()[0] in ("what", "which"):
            return f"the {asked['n'].strip()} that {asked['v']} {asked['rest']}"
        if asked and fold(question).split()[0] == "who":
            return _object(asked["rest"].split())
        names = [
            m.group()
            for m in re.finditer(r"\b(?:the )?[A-Z][\w.'’-]*(?: (?:of |the |de )?[A-Z][\w.'’-]*)*", question[1:])
        ]
        return max(names, key=len).strip(" ?") if names else None
    words = match["rest"].rstrip(" ?").split()
    if match["aux"].casefold() in _COPULA:
        while len(words) > 1 and (
            (_PARTICIPLE.match(words[-1]) and words[-1][0].islower()) or words[-1].casefold() in _STOPS
        ):
            words.pop()
        # "Where was X born in", "When was X signed by Y": the participle divides
        for at, word in enumerate(words[1:], 1):
            if (
                _PARTICIPLE.match(word)
                and not word[0].isupper()
                and (at + 1 == len(words) or words[at + 1].casefold() in _STOPS)
            ):
                return " ".join(words[:at])
        return " ".join(words) if words else None
    subject = _noun_phrase(words)
    # who did something is rarely "it"
    return None if subject and re.fullmatch(r"[A-ZÁÉÍÓÚ][a-záéíóú'’-]+", subject) else subject


def _object(words: Sequence[str]) -> str | None:
    """Return what was done something to: "for the cable car in 2008" gives "the cable car"."""
    taken: list[str] = []
    for word in words:
        if word.casefold() in _STOPS or word.casefold() in _ADVERBS:
            if taken:
                break
            continue
        taken.append(word)
    return " ".join(taken) if len(taken) > 1 or (taken and taken[0][0].isupper()) else None


def _noun_phrase(words: Sequence[str]) -> str | None:
    """Return the subject that words begin with, before their verb."""
    taken: list[str] = []
    for at, word in enumerate(words):
        low = word.casefold()
        if low in _ADVERBS:
            break
        if word[0].isupper() or low in _CONNECT or (not taken and _DETERMINED.match(word)):
            taken.append(word)
            continue
        determined = taken and _DETERMINED.match(taken[0]) and not any(one[0].isupper() for one in taken[1:])
        if low in _STOPS or not (determined or not taken):
            break
        following = words[at + 1].casefold() if at + 1 < len(words) else ""
        # the last word, or one before a preposition, is the verb unless the noun is still missing
        if (
            len(taken) > 1
            and not taken[-1][0].isdigit()
            and (not following or following in _STOPS or _DETERMINED.match(following))
        ):
            break
        taken.append(word)
    while taken and taken[-1].casefold() in _CONNECT:
        taken.pop()
    return " ".join(taken) if taken and not (len(taken) == 1 and _DETERMINED.match(taken[0])) else None
