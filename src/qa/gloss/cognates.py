"""English words a Spanish one may be kin to: by endings and spellings the two languages share. Pure."""

from __future__ import annotations

from collections.abc import Callable, Container

from qa.gloss.words import folded

# Spanish ending (folded), English ones, likeliest first
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = tuple(
    (line.split()[0], tuple(end.replace("-", "") for end in line.split()[1:]))
    for line in """
    ciones tions -ssions cions
    cion tion ssion cion
    siones sions ssions
    sion sion ssion
    xion xion ction
    idades ities
    idad ity
    dades ties
    dad ty
    tad ty
    tades ties
    amente ly ally ely
    mente ly ally ely
    icamente ically
    icos ic ical ics ichs
    icas ics ic ical
    ico ic ical icus
    ica ics ic ical ica
    ismos isms
    ismo ism
    istas ists
    ista ist
    logia logy
    logias logies
    logo logist logue
    logos logists
    grafia graphy
    grafo grapher graph
    grafos graphers graphs
    ia y ia e
    ias ies ias es
    io y ium io e
    ios ies ia ios
    arios aries arians
    ario ary arian
    aria ary arian
    orio ory
    oria ory
    orios ories
    orias ories
    ivo ive
    iva ive
    ivos ive ives
    ivas ive ives
    oso ous
    osa ous
    osos ous
    osas ous
    ante ant
    antes ants
    encia ence ency
    encias ences encies
    ancia ance ancy
    ancias ances ancies
    iente ent
    ientes ents
    ente ent
    entes ents
    miento ment
    mientos ments
    mento ment
    mentos ments
    ores ors ers
    or or er
    ora or er
    ura ure
    uras ures
    ado ated ate ed
    ada ated ate ed ade
    ados ated ates ed
    adas ated ates ed
    ido ed id ite
    ida ed id
    idos ed ids
    idas ed ids
    ar ate e -
    aron ated ed
    ieron ed
    izar ize ise
    izo ized ised
    izado ized ised
    izada ized ised
    izacion ization isation
    ificar ify
    ificado ified
    ano an ane
    ana an ane
    anos ans anes
    anas ans anes
    ino ine in
    ina ine in ina
    inos ines ins
    inas ines ins
    culo cle cule
    culos cles cules
    culas cles cules
    cula cle cule
    eo eum ean eus eous
    ea ean ea
    eos eums eans
    ense ense ian an
    enses enses ians ans
    es ese s e
    o - o us um e
    a - a e
    e e -
    os s us es
    as s as es
    aje age
    ajes ages
    ivel vel
    tro ter tre
    tros ters tres
    gena gen
    geno gen
    cita cyte
    citas cytes
    aba ated ed
    aban ated ed
    aran ate e -
    aria ary arian ate
    """.strip().splitlines()
)
_BY_LENGTH = sorted(_ENDINGS, key=lambda rule: (-len(rule[0]), rule[0]))
# Spanish spelling, English one; each may hold at any one place
_SPELLINGS = tuple(
    pair.split(">")
    for pair in """
    foto>photo sintesis>synthesis hidro>hydro termo>thermo tecno>techno crono>chrono filo>philo fisio>physio
    ortodo>orthodo antropo>anthropo farmaco>pharmaco arqui>archi arque>archae
    ie>e ue>o f>ph t>th i>y c>ch c>k c>q cu>qu cua>qua l>ll s>ss n>nn p>pp c>cc m>mm f>ff t>tt r>rr r>rh g>gg
    d>dd j>x j>g j>gi z>c z>ce c>z cc>ct n>gn ñ>gn ñ>nn ñ>n ñ>ny qu>ch qu>k qu>c v>w u>ou u>w e>ae e>oe o>ou
    o>u u>o i>e e>i on>oun nm>mm nm>imm ct>ct s>sc t>ct t>pt s>ps n>pn c>sc x>ex h>ch ll>pl ll>cl ll>fl a>ea
    e>a
    """.split()
)
_SHORTEST = 5
_LONG = 7  # from here on two spellings may differ
_MOST = 2_000


def cognate(
    word: str, known: Callable[[str], bool], english: Container[str] = (), *, plain: bool = False
) -> str | None:
    """Return the English word nearest by rule that is known, or None; short words have too many look-alikes.

    Of those equally near, one in `english` comes first: `known` may go by stems, to which "observ" is a word.
    `plain` asks for endings only, as with names, which resemble one another.
    """
    low = folded(word)
    if len(low) < _SHORTEST:
        return None
    seen: set[str] = set()
    last = [low, *_ended(low)]
    for _ in range(1 if plain else 2 if len(low) < _LONG else 3):
        found = [one for one in dict.fromkeys(last) if one not in seen and len(one) >= _SHORTEST - 1 and known(one)]
        if found:
            return next((one for one in found if one in english), found[0])
        seen.update(last)
        last = _respelled(last)[:_MOST]
    return None


def endings(word: str) -> frozenset[str]:
    """Return what the word would be in English if only its ending differed."""
    low = folded(word)
    return frozenset([low, *_ended(low)]) if len(low) >= _SHORTEST else frozenset()


def by_ending(word: str) -> str | None:
    """Return the word with its ending made English, where the ending is a telling one."""
    plain = folded(word)
    for ending, others in _BY_LENGTH:
        if len(ending) > 2 and plain.endswith(ending) and len(plain) > len(ending) + 2:
            return plain.removesuffix(ending) + others[0]
    return None


def _ended(plain: str) -> list[str]:
    return [
        plain.removesuffix(ending) + other
        for ending, others in _BY_LENGTH
        if plain.endswith(ending) and len(plain) - len(ending) >= 2
        for other in others
    ]


def _respelled(words: list[str]) -> list[str]:
    found = []
    for word in words:
        if word.startswith("es") and word[2:3] not in "aeiou":
            found.append(word[1:])
        for old, new in _SPELLINGS:
            at = word.find(old)
            while at >= 0:
                if word[at : at + len(new)] != new:
                    found.append(word[:at] + new + word[at + len(old) :])
                at = word.find(old, at + 1)
    return found
