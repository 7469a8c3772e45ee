"""Tells a Spanish question from one in another language, by its function words and marks. Pure."""

from __future__ import annotations

from qa.gloss.words import folded, tokens

# what only Spanish writes so; with accents as they should be, and as they are often left out
_ASKING = frozenset("qué cuál cuáles cuándo cuánto cuánta cuántos cuántas dónde adónde quién quiénes cómo".split())
_ASKING_BARE = frozenset("cual cuales cuando cuanto cuanta cuantos cuantas donde quien quienes".split())
_OPENING = frozenset("que como".split())
_SPANISH = frozenset(
    """
    que como de del la el los las un una unos unas y e o en con por para sin sobre entre desde hasta segun se
    su sus al lo le les es son fue fueron era eran ser esta estan estaba hay tiene tienen tuvo ha han habia
    puede pueden muy mas pero porque si mi tu yo nos este estos estas ese esa eso esos esas cada algunos hace
    hizo durante tipo nombre ano anos años año cuya cuyo cuyos
    """.split()
)
_OTHERS = frozenset(
    """
    the of and to is are was were what which who whom whose when where why how did do does in on at by for from with
    that this these those it its as be been has have had can could would should will an or not many much there their
    his her if than into about between during you your my we they i
    le les des du et est une dans sur avec pour qui quel quelle quels quelles où sont aux au ce cette je vous nous pas
    il gli di della dello dei delle nel nella che è sono era chi quale quali perché perche dove quando quanto
    o os as do da dos das em no na nos nas um uma não ao pelo pela são é foi qual quais quem onde à ou seu sua
    der die das und ist den dem ein eine wer wie wo wann warum von mit zu im auf für
    els dels amb què és
    """.split()
) - {"la", "era", "nos", "das", "o", "des"}
_ENOUGH = 2


def is_spanish(text: str) -> bool:
    """Tell whether this is a Spanish question: function words of it, and clearly more than of other languages.

    Names don't count ("Rio de la Plata", "El Niño"), so a word counts only in small letters, or first.
    """
    words = [token for token in tokens(text) if token[0].isalpha()]
    spanish = other = 0.0
    for at, word in enumerate(words):
        if at and not word.islower():
            continue
        low = word.lower()
        plain = folded(word)
        if low in _ASKING:
            spanish += 2
        elif plain in _ASKING_BARE:
            spanish += 1 if at else 2
        elif at == 0 and plain in _OPENING:
            spanish += 1.5
        elif low in _OTHERS and plain not in _SPANISH:
            other += 1
        elif low in _OTHERS:
            other += 0.5
            spanish += 0.5
        elif plain in _SPANISH:
            inside = 0 < at < len(words) - 1 and words[at - 1][0].isupper()
            spanish += 0.5 if inside else 1
    if "¿" in text or "¡" in text:
        spanish += 2
    return spanish >= _ENOUGH and spanish > 2 * other
