"""Talk told from questions, and answered in words of our own: greetings, thanks, "what can you do", "???".

Only what is talk from its first word to its last counts as such: "Hello Kitty sales in 2021?" is a question.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from enum import StrEnum

from qa.chat.phrasing import plain


class Talk(StrEnum):
    """What was said."""

    GREETING = "greeting"
    THANKS = "thanks"
    FAREWELL = "farewell"
    WHO = "who"
    ABILITY = "ability"
    ASSENT = "assent"
    NOTHING = "nothing"


_TO = r"(?: (?:there|all|everyone|everybody|team|again|quoth|bot|friend|folks|guys|assistant|buddy|mate|sir|madam|to you(?: too)?|amigos?|a todos|de nuevo|otra vez))?"
_FOR = r"(?: (?:for|por) (?:(?:the|your|all|everything|that|this|helping(?: me)?|tu|la|su|el|todo|toda|answering|quick|su|of|vuestra) ?)*(?:help|answers?|time|info|information|support|reply|response|ayuda|respuestas?|tiempo|informacion|apoyo)?)?"
_THATS = r"(?:that s|thats|that is|that was|this is|this was|its|it was|it is)"
_GOOD = r"(?:great|good|perfect|awesome|excellent|amazing|brilliant|fantastic|wonderful|super|lovely|helpful|very helpful|really helpful|so helpful|useful|very useful)"
# each pattern must match a whole phrase; the last kind that matches gives the reply
_SAID: tuple[tuple[Talk, str], ...] = (
    (
        Talk.ASSENT,
        rf"ok(?:ay)?|o k|k|kk|cool|got it|gotcha|i see|i understand|understood|alright|all right|sure|wow|lol|haha(?:ha)*|hmm+|aha|oh|ah|uh|um|yes|yeah|yep|yup|no|nope|nah|"
        rf"never ?mind|sorry|my bad|please|exactly|makes sense|sounds good|fair enough|no problem|no worries|not really|of course|absolutely|(?:{_THATS} )?{_GOOD}|(?:{_THATS} )?all|that s it|thats it|"
        r"(?:good|great|nice) (?:job|work|answer|one|to know|bot)|well done|right|ok then|"
        r"vale|de acuerdo|entendido|perfecto|genial|bien|muy bien|claro|si|listo|okey|estupendo|buenisimo|ya veo|lo siento|perdon|exacto|por supuesto|excelente|ningun problema|no importa",
    ),
    (
        Talk.GREETING,
        rf"(?:(?:hi|hello|hey|hiya|howdy|greetings|yo|sup|heya|hallo|hullo|aloha|welcome back|good (?:morning|afternoon|evening|day)|morning|evening){_TO}(?: {_TO.strip()})?|whats up|what s up|"
        r"how are you(?: doing)?(?: today)?|how is it going|hows it going|how s it going|how do you do|how have you been|(?:nice|pleased|good) to (?:meet|see) you(?: too)?|"
        rf"(?:hola|buenos dias|buen dia|buenas(?: tardes| noches)?|saludos|que tal|que onda|hey){_TO}|como estas?(?: hoy)?|como esta(?: usted)?(?: hoy)?|como te va|como andas|mucho gusto|encantad[oa]|anyone there|is anyone there|are you there|hay alguien(?: ahi)?|estas ahi|test|testing)",
    ),
    (
        Talk.THANKS,
        rf"(?:ok |many |much |a lot of |a thousand |muchas |muchisimas |mil )?(?:thanks|thank you|thankyou|thx|thnx|ty|tysm|cheers|gracias)(?: (?:a lot|a bunch|a million|so much|very much|again|everyone|indeed|though|man|buddy|mate|all|de nuevo|otra vez|por todo))?{_FOR}|much appreciated|much obliged|(?:i )?(?:really )?appreciate (?:it|that|this|your help)|"
        rf"(?:{_THATS} )(?:really |very |so |just )?(?:{_GOOD}|what i (?:needed|wanted)|all i (?:needed|wanted))(?: (?:thanks|thank you))?|that helps(?: a lot)?|that helped|you (?:are|re) (?:great|the best|awesome|so helpful|very helpful|a star|a lifesaver)|youre (?:great|the best|awesome|so helpful|very helpful)|te lo agradezco|(?:estoy )?muy agradecid[oa]|eres (?:genial|el mejor|la mejor)|que amable|muy amable|me ha(?:s)? ayudado mucho",
    ),
    (
        Talk.FAREWELL,
        rf"(?:good ?bye|bye(?: bye)?|ciao|cya|farewell|so long|see (?:you|ya)(?: (?:later|soon|tomorrow|around|then|next time))?|talk (?:to you )?(?:later|soon)|good night|until next time|take care|have a (?:nice|good|great|lovely) (?:day|one|weekend|evening|night|time)|i(?: am| m)? (?:done|leaving|off)(?: for today)?|im (?:done|off|leaving)(?: for today)?|that (?:is|will be) all(?: for (?:today|now))?|thats all(?: for (?:today|now))?|that s all(?: for (?:today|now))?){_TO}|"
        r"adios|hasta (?:luego|manana|pronto|la vista|la proxima)|chao|chau|nos vemos(?: (?:luego|pronto|manana))?|que (?:tengas|tenga) (?:un )?buen (?:dia|fin de semana)|cuidate|eso es todo(?: por hoy)?|buenas noches|me voy",
    ),
    (
        Talk.WHO,
        r"(?:so )?(?:who|what) (?:exactly )?are you(?: exactly)?|who r u|who am i (?:talking|speaking|chatting) (?:to|with)|what (?:is|s) your name|whats your name|what (?:should|can|do) i call you|do you have a name|"
        r"are you (?:(?:a|an|some kind of) )?(?:bot|chat ?bot|robot|ai|a i|human|real|person|machine|chatgpt|gpt|language model|llm|real person|alive|google|siri|alexa|computer|there)|am i (?:talking|speaking|chatting) (?:to|with) (?:a )?(?:bot|chat ?bot|robot|human|person|machine|real person|ai)|"
        r"who (?:made|built|created|wrote|programmed|designed|developed) you|who (?:is|s) quoth|what is quoth|introduce yourself|tell me about yourself|"
        r"quien eres(?: tu)?|que eres(?: tu)?|quien es usted|como te llamas|cual es tu nombre|eres (?:(?:un|una) )?(?:robot|bot|humano|persona|maquina|ia|chatgpt|inteligencia artificial)|con quien hablo|quien te (?:hizo|creo|programo)|presentate",
    ),
    (
        Talk.ABILITY,
        r"(?:so )?what (?:else )?can you do(?: for me)?|what do you do|what are you (?:for|good at|good for|able to do|capable of)|how (?:do|can) you work|how does (?:this|this thing|this tool|this site|this app|the search|quoth) work|how (?:can|could|do|will) you help(?: me)?|"
        r"help|help me(?: out)?|help please|please help(?: me)?|(?:can|could|will|would) you (?:please )?help(?: me)?(?: out)?|i need (?:some |your )?help|i have a question|can i ask (?:you )?(?:a question|something|you something)|may i ask (?:you )?(?:a question|something)|i want to ask (?:you )?(?:a question|something)|"
        r"what (?:can|could|may|should|do) i ask(?: you)?(?: about)?|what (?:kinds?|sorts?|types?) of (?:questions|things) can (?:i ask(?: you)?|you (?:answer|do))|what questions can (?:i ask|you answer)|how (?:do|can|should) i use (?:this|you|it|quoth)(?: tool| app| site| thing)?|how do i (?:search|ask(?: a question| you something)?|start|begin)|give me (?:some )?examples?|example questions?|show me (?:some )?examples?|what do you know|what are your (?:capabilities|features|skills)|"
        r"ayuda|ayudame|me ayudas|puedes ayudarme|me puedes ayudar|podrias ayudarme|necesito ayuda|que (?:mas )?(?:puedes|sabes) hacer|que haces|como (?:funcionas?|funciona esto|trabajas)|que (?:te )?puedo preguntar(?:te)?|que puedo hacer(?: aqui)?|como te uso|como se usa(?: esto)?|para que (?:sirves|sirve esto)|tengo una (?:pregunta|duda)|puedo (?:hacerte una pregunta|preguntarte algo)|que sabes|ejemplos?",
    ),
)
_PATTERNS = tuple((talk, re.compile(pattern)) for talk, pattern in _SAID)
_LONGEST = 16  # words
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_VOWEL = re.compile(r"[aeiouy]")


def talk_of(question: str) -> Talk | None:
    """Return what was said where a question is talk and nothing else."""
    words = plain(question).split()
    if not words:
        return Talk.NOTHING
    if len(words) > _LONGEST:
        return None
    found = _phrases(tuple(words))
    # of several, as in "thanks, bye" or "hello, what can you do", the last is what wants a reply
    return found[-1] if found else None


def _phrases(words: tuple[str, ...]) -> list[Talk] | None:
    """Cut words into phrases of talk, the longest first; None where some of them are none."""
    if not words:
        return []
    for length in range(len(words), 0, -1):
        said = " ".join(words[:length])
        talk = next((talk for talk, pattern in _PATTERNS if pattern.fullmatch(said)), None)
        if talk is not None:
            rest = _phrases(words[length:])
            if rest is not None:
                return [talk, *rest]
    return None


def is_random(question: str, knows: Callable[[str], bool]) -> bool:
    """Tell whether a question is only letters struck at random, none of which stands in any document."""
    words = plain(question).split()
    if not words or len(words) > 3 or any(len(word) < 4 or not word.isascii() for word in words):
        return False
    return all(_struck(word) and not knows(word) for word in words)


def _struck(word: str) -> bool:
    if re.fullmatch(r"(.)\1{3,}|(..)\2{2,}|(...)\3{1,}", word):
        return True
    if not word.isalpha():
        return False
    rows = any(word[at : at + 4] in row for row in _ROWS for at in range(len(word) - 3))
    return rows or (len(word) > 4 and not _VOWEL.search(word)) or bool(_CONSONANTS.search(word))


_REPLIES = {
    Talk.GREETING: (
        "Hello. Ask me something that your documents may say.",
        "Hola. Pregúntame algo que tus documentos puedan decir.",
    ),
    Talk.THANKS: ("You're welcome.", "De nada."),
    Talk.FAREWELL: ("Goodbye.", "Hasta luego."),
    Talk.WHO: (
        "I'm Quoth. I look questions up in your documents, on this machine, and answer in their words, with the place they stand at.",
        "Soy Quoth. Busco tus preguntas en tus documentos, en este equipo, y respondo con sus palabras y el lugar donde están.",
    ),
    Talk.ABILITY: (
        "Ask a question in plain words and I quote what your documents say about it, or tell you that they don't. "
        "I also count (“how many times is … mentioned”), list (“which dates appear”), compare (“compare … and …”), "
        "sum up (“summarise …”, “what documents do you have”) and follow up (“and in 2023?”).",
        "Haz una pregunta y cito lo que dicen tus documentos, o digo que no lo dicen. También cuento (“¿cuántas veces se "
        "menciona …?”), enumero (“¿qué fechas aparecen?”), comparo (“compara … y …”), resumo (“resume …”, “¿qué documentos "
        "tienes?”) y sigo el hilo (“¿y en 2023?”).",
    ),
    Talk.ASSENT: ("Good. Ask on whenever you like.", "Bien. Sigue preguntando cuando quieras."),
    Talk.NOTHING: (
        "That isn't a question yet. Ask one in plain words.",
        "Eso todavía no es una pregunta. Escríbela con tus palabras.",
    ),
}
_SPANISH = re.compile(
    r"\b(?:hola|buen[oa]s|dias|gracias|adios|hasta|que|quien|como|eres|puedes|puedo|ayuda|ayudame|necesito|vale|entendido|"
    r"perfecto|genial|bien|claro|saludos|nos|para|cual|chao|tengo|eso|si|de acuerdo|listo|buenas)\b"
)
_TRY = ("You could ask:", "Podrías preguntar:")


def reply(talk: Talk, question: str, questions: Sequence[str]) -> str:
    """Return what to say, and up to three questions that can be answered here."""
    at = 1 if _SPANISH.search(plain(question)) else 0
    said = _REPLIES[talk][at]
    if not questions:
        return said
    return "\n".join([said, _TRY[at], *(f"• {one}" for one in questions[:3])])
