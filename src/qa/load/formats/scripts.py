"""Words set above or below the line, as characters: 3 × 10⁸, H₂O, 72³ dB. Knows no format.

Written as plain digits they would say another number, and the page says nothing of the kind.
"""

from __future__ import annotations

_RAISED = str.maketrans(
    "0123456789+-−–=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVWβγδθφχ",
    "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂᵝᵞᵟᶿᵠᵡ",
)
_LOWERED = str.maketrans("0123456789+-−–=()aehijklmnoprstuvxβγρφχ", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ")
_BETWEEN = {ord(char): char for char in ", "}  # of several marks: "1, 2"
_LONGEST = 40  # what is longer is no exponent: a paragraph set small


def raised(words: str) -> str:
    """Return what a superscript says: as Unicode's own where it has them, else behind "^".

    Letters of an ordinal or an abbreviation (1st, Mme) and marks such as * stay as they are.
    """
    return _shifted(words, _RAISED, "^")


def lowered(words: str) -> str:
    """Return what a subscript says: as Unicode's own where it has them; words (V max) stay as they are."""
    return _shifted(words, _LOWERED, "_")


def _shifted(words: str, table: dict[int, int], sign: str) -> str:
    core = words.strip()
    if not core or len(core) > _LONGEST or (core.isalpha() and len(core) > 1):
        return words
    moved = core.translate(table)
    known = table.keys() | _BETWEEN.keys()
    if all(ord(char) in known for char in core):
        return words.replace(core, moved)
    if not any(char.isdigit() for char in core) or core[:1] in "[(":
        return words
    return words.replace(core, f"{sign}({core})" if len(core) > 1 and not core.isdigit() else sign + core)
