"""A question to the kind of reply it wants. Pure, and careful: what isn't surely something else is for a passage.

Patterns run over the question folded character for character (`phrasing.fold`), so that what a question is about is
cut out of it as it was typed.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from qa.chat.phrasing import DOCUMENT, DOCUMENTS, THE_COLLECTION, Words, plain
from qa.chat.social import Talk, is_random, talk_of
from qa.chat.values import VALUE, value_kind
from qa.types import Kind

AS_TYPED = re.compile(r"^\s*(?:search|look ?up|busca(?:r)?)\s*:\s*", re.IGNORECASE)


class Wanted(StrEnum):
    """What is wanted of the documents, beside a passage."""

    DOCUMENTS = "documents"  # which there are
    SUMMARY = "summary"
    PEOPLE = "people"
    WRITTEN = "written"  # when, and by whom
    OCCURRENCES = "occurrences"
    DOCUMENTS_WITH = "documents_with"
    VALUES = "values"
    COMPARISON = "comparison"
    BY_SOURCE = "by_source"


@dataclass(frozen=True, slots=True)
class Route:
    """What a question wants.

    `topic` is what it is about, in the question's words: a document, what to count, what to compare; `where` names
    a document that it is limited to; `talk` is what was said where it's only talk.
    """

    kind: Kind
    wanted: Wanted | None = None
    topic: str = ""
    where: str = ""
    talk: Talk | None = None


PASSAGE = Route(Kind.PASSAGE)
Named = Callable[[str], bool]
"""Tells whether words name a document of the collection."""

_T = r"(?P<t>.+?)"
_BE = r"(?:is|are|was|were|gets?|do|does|did|has|have)"
_SEEN = (
    r"(?:mentioned|named|referenced|referred to|cited|talked about|brought up|mention|come up|comes up|show up|shows up|"
    r"appear|appears|been mentioned|been named)"
)
_SAYS = (
    r"(?:mention|mentions|mentioned|contain|contains|refer to|refers to|reference|references|talk about|talks about|"
    r"speak of|speaks of|speak about|discuss|discusses|cite|cites|name|names|say something about|say anything about|are about|is about|deal with|deals with|include the (?:word|term|phrase)|have the (?:word|term|phrase)|use the (?:word|term|phrase))"
)
_IN = rf"(?: (?:in|within|across|throughout|over|en|dentro de) (?:{THE_COLLECTION}|here|total|all|everything|it all|(?P<in>.+?)))?"
_END = r"(?: (?:in total|in all|overall|altogether|all together|en total))?"
_TIMES = r"(?:times|occasions|mentions|occurrences|references|instances)"
_MENTIONS = r"(?:mentions?|occurrences?|references?|instances?|appearances?)"

_KINDS_OF_FILE = r"(?:policies|guides|handbooks|manuals|contracts|e ?mails|mails|letters|invoices|notes|minutes|memos|essays|stories|transcripts|presentations|spreadsheets|politicas|contratos|cartas|facturas|actas)"
_COUNTING: tuple[tuple[Wanted, str], ...] = (
    (Wanted.OCCURRENCES, rf"how (?:many times|often|frequently) {_BE} {_T} (?:been )?{_SEEN}{_IN}{_END}"),
    (
        Wanted.OCCURRENCES,
        rf"how (?:many times|often|frequently) (?:do|does|did) (?:{THE_COLLECTION}|they|it|you) {_SAYS} {_T}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"how (?:many times|often|frequently) (?:do|does|did) (?:{THE_COLLECTION}|it|they) say {_T}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"how (?:many times|often|frequently) {_BE} the (?:word|words|term|name|phrase|expression) {_T} (?:used|found|written|said|there|{_SEEN}){_IN}{_END}",
    ),
    (Wanted.OCCURRENCES, rf"how many {_MENTIONS} (?:of|to) {_T}(?: (?:are|is) there)?{_IN}{_END}"),
    (
        Wanted.OCCURRENCES,
        rf"(?:count|number|total number|frequency|total) (?:of )?(?:all )?(?:the )?(?:{_MENTIONS}|times) (?:of|to|that) {_T}(?: {_BE} {_SEEN}| (?:appears|occurs))?{_IN}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"count (?:all |every |how often |how many times )?(?:the )?(?:word|words|term|name|phrase|expression) {_T}(?: (?:appears|occurs|is {_SEEN}))?{_IN}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"count how (?:many times|often) {_T} (?:appears|occurs|shows up|comes up|(?:is|are|was|were) {_SEEN}){_IN}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"(?:list|find|show|give|get|see)(?: me)? (?:all|every|each|any)(?: of)?(?: the)? (?:{_MENTIONS}|places?|sentences?|passages?|lines?|paragraphs?|spots?) (?:of|to|where|that mentions?|mentioning|which mentions?|containing|that contains?|with the (?:word|term|phrase)) {_T}(?: (?:is|are) {_SEEN}| (?:appears?|occurs?))?{_IN}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"where (?:is|are|was|were|does|do) {_T} (?:mentioned|named|cited|referenced|talked about|come up)(?: in {THE_COLLECTION})?",
    ),
    (Wanted.OCCURRENCES, rf"where (?:does|do) {_T} (?:appear|occur|show up) in {THE_COLLECTION}"),
    (
        Wanted.OCCURRENCES,
        rf"how (?:many times|often|frequently) (?:do|does|did) (?P<in>.+?) (?:mention|refer to|name|cite|talk about) {_T}{_END}",
    ),
    (Wanted.OCCURRENCES, rf"(?:do|does|did) (?P<in>.+?) (?:ever )?(?:mention|refer to|name|cite) {_T}"),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:which|what|how many|list the|list all|show the) (?:of (?:the|our|my|your) )?{_KINDS_OF_FILE} (?:that )?(?:mention|contain|refer to|cite|name|talk about) {_T}",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:do|does|did) (?:any of )?(?:{THE_COLLECTION}|they|any one of them) (?:ever )?(?:mention|refer to|name|cite|contain the (?:word|term|phrase)) {_T}",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:is|are|was|were) {_T} (?:mentioned|named|cited|referenced)(?: anywhere| at all| somewhere){_IN}",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:is|are|was|were) {_T} (?:mentioned|named|cited|referenced) (?:in (?:{THE_COLLECTION}|here))",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:se menciona|se mencionan|mencionan (?:los documentos|las fuentes)|aparece) {_T} en (?:{THE_COLLECTION})",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:which|what|how many|list|name|show|find|show me)(?: (?:all|of))?(?: (?:the|these|your|my|our|those))? {DOCUMENTS}(?: (?:that|which))? {_SAYS} {_T}",
    ),
    (Wanted.DOCUMENTS_WITH, rf"(?:which|what) {DOCUMENT} {_SAYS} {_T}"),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:in )?(?:which|what|how many)(?: of)?(?: (?:the|these|your|my|our))? (?:documents?|docs?|files?|texts|pdfs) (?:is|are|was|were|does|do) {_T} (?:mentioned|named|cited|referenced|talked about|discussed|appear|occur|come up|show up)(?: in)?",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:which|what|how many)(?: of)?(?: (?:the|these|your|my|our))? (?:documents|docs|files|texts|pdfs) (?:contain|have|include|use) {_T}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"cuantas veces (?:se (?:menciona|mencionan|nombra|nombran|cita|citan|habla de|dice)|aparecen?|salen?|mencionan|nombran|figuran?) {_T}{_IN}{_END}",
    ),
    (Wanted.OCCURRENCES, rf"cuantas veces {_T} (?:es mencionad[oa]|aparecen?|se menciona){_IN}{_END}"),
    (
        Wanted.OCCURRENCES,
        rf"con (?:que|cuanta) frecuencia (?:se (?:menciona|mencionan|nombra|cita)|aparecen?) {_T}{_IN}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"(?:cuantas|cuenta(?: todas)?(?: las)?) (?:menciones|apariciones|referencias) (?:de|del|a|al) {_T}(?: hay)?{_IN}{_END}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"(?:busca|encuentra|lista|muestra|enumera) todas las (?:menciones|apariciones|referencias|frases con|frases que mencionan) (?:de |del |a |al )?{_T}",
    ),
    (
        Wanted.OCCURRENCES,
        rf"donde se (?:menciona|mencionan|nombra|cita|habla de) {_T}(?: en {THE_COLLECTION})?",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"(?:que|cuales|cuantos)(?: de)?(?: (?:los|mis|tus|estos))? {DOCUMENTS}(?: que)? (?:mencionan|hablan (?:de|sobre)|contienen|citan|nombran|tratan (?:de|sobre)|se refieren a) {_T}",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"que (?:documento|archivo|fichero) (?:menciona|habla (?:de|sobre)|contiene|cita|nombra) {_T}",
    ),
    (
        Wanted.DOCUMENTS_WITH,
        rf"en (?:que|cuales|cuantos)(?: de)?(?: (?:los|mis|tus))? (?:documentos?|archivos?|ficheros?|textos) (?:se (?:menciona|mencionan|habla de|nombra|cita)|aparecen?|sale) {_T}",
    ),
)
_STAND = r"(?:(?:do|does|are|is|were|can be)? ?(?:appear|appears|occur|come up|mentioned|named|listed|found|given|there|cited|present|in here|stand)|(?:are|is) (?:mentioned|named|listed|there)|(?:do|does) (?:the |these )?documents mention|(?:do|does) they mention)"
_LISTING: tuple[str, ...] = (
    rf"(?:which|what) (?P<v>{VALUE}) {_STAND}{_IN}",
    rf"how many (?P<v>{VALUE}) (?:are |is |do |does )?(?:mentioned|named|appear|listed){_IN}",
    rf"(?:which|what) (?:are )?(?:all )?the (?P<v>{VALUE}) (?:that )?{_STAND}{_IN}",
    rf"what are (?:all )?the (?P<v>{VALUE}) in (?:{THE_COLLECTION}|here)",
    rf"(?:list|find|show|extract|give|name|get|collect)(?: me)? (?:all|every|each|any)(?: of)?(?: the)? (?P<v>{VALUE})(?: (?:that (?:are|is) )?(?:mentioned|there|named|you can find|that appear|that appears))?{_IN}",
    rf"(?:list|extract|show|find) (?:the )?(?P<v>{VALUE}) (?:that (?:are|is) )?(?:mentioned|named|that appear|that occur){_IN}",
    rf"(?:all|every) (?P<v>{VALUE}) (?:mentioned|in (?:{THE_COLLECTION}))",
    rf"(?:que|cuales|cuantas|cuantos) (?P<v>{VALUE}) (?:aparecen|se mencionan|hay|figuran|se nombran|salen|se citan)(?: en (?:{THE_COLLECTION}|(?P<in>.+)))?",
    rf"(?:lista|extrae|muestra|encuentra|enumera|busca) (?:todas|todos) (?:las|los) (?P<v>{VALUE})(?: (?:mencionad[oa]s|que aparecen))?(?: en (?:{THE_COLLECTION}|(?P<in>.+)))?",
)
_DOCS_WE_HAVE = (
    rf"(?:what|which) (?:(?:kinds?|types?|sorts?) of )?{DOCUMENTS} (?:do|have|can|did|are|is) (?:you|i|we|there|here|it)(?: (?:have|got|know|hold|read|see|search|index|indexed|loaded|access|use|uploaded|using|searching|looking at|reading))*(?: (?:access to|about|through|from|of|on))?(?: (?:here|there|available|indexed|loaded|in (?:{THE_COLLECTION}|here)))*",
    rf"(?:what|which) {DOCUMENTS} (?:are|is|have been|were) (?:there|here|available|indexed|loaded|included|uploaded|read|searched|stored|in (?:{THE_COLLECTION}|here))(?: (?:here|in (?:{THE_COLLECTION}|here)))?",
    r"(?:what|which) (?:are (?:the |your |my ))?(?:documents|files|docs|sources|texts) (?:indexed|available|here)",
    r"what are (?:the |your |my )(?:documents|files|docs|sources|texts)",
    rf"(?:list|show|name|enumerate|see|print|display) (?:me )?(?:all )?(?:of )?(?:the |your |my |available |indexed |these |loaded )*(?:documents|docs|files|texts|pdfs|sources)(?: (?:you have|available|indexed|here|that you have|you know|in (?:{THE_COLLECTION}|here)))*",
    r"(?:give me |show me |get )?(?:a |the )?list of (?:all )?(?:the |your |my |available |indexed )*(?:documents|docs|files|sources)(?: you have)?",
    rf"how many (?:documents|docs|files|texts|pdfs)(?: (?:do you|do we|do i|are|have you|did you|are there|have been|there|were|have|indexed|read|loaded|here|available|got|index|in (?:{THE_COLLECTION}|here)))+",
    r"(?:what|which) (?:is|s) (?:loaded|indexed)(?: here)?",
    r"(?:que|cuales|cuantos)(?: son)?(?: los| mis| tus)? (?:documentos|archivos|ficheros|textos|fuentes)(?: (?:tienes|hay|tenemos|tengo|conoces|has leido|estan indexados|indexados|disponibles|existen|estan disponibles|hay aqui|aqui))*",
    r"(?:lista|listar|muestra|muestrame|ensename|enumera|dame)(?: la lista de)? (?:todos )?(?:los |tus |mis )?(?:documentos|archivos|ficheros)(?: (?:que tienes|disponibles|indexados))?",
)
_ALL = rf"(?:this|it|that|these|those|everything|all|all this|all of this|all of it|all of these|all these|this all|them|you|esto|todo|todo esto|here|(?:{THE_COLLECTION}))"
_SUMMARY = r"(?:overview|summary|tl ?dr|synopsis|outline|gist|recap|abstract|rundown)"
_SUM_UP = r"(?:summari[sz]e|sum up|recap|outline|resume|resumeme|resumir|haz(?:me)? un resumen(?: de)?|give (?:me )?(?:an |the |a )?(?:short |brief |quick |general )?(?:overview|summary|gist|recap|rundown)(?: of)?|(?:an |the |a )?(?:short |brief |quick |general |executive )*(?:overview|summary|tl ?dr|gist|recap|rundown|synopsis)(?: of)?|(?:un |el )?(?:breve )?resumen(?: de)?(?: del)?|dame un resumen(?: de)?(?: del)?|(?:the |what are the |list the |give me the )?(?:main|key|most important) (?:points|ideas|takeaways|facts|messages|topics|themes)(?: (?:of|from|in))?|(?:los )?puntos (?:clave|principales)(?: de)?(?: del)?|describe)"
_TOPICS = r"(?:topics?|subjects?|themes?|areas|issues|temas?|asuntos|contents?)"
_SUMMARIES: tuple[str, ...] = (
    rf"{_SUM_UP}(?: (?P<x>.+))?",
    r"what (?:is|are|s|re) (?P<x>.+?) (?:all )?about",
    rf"(?:which|what) {_TOPICS} (?:does|do|are|is|did) (?P<x>.+?) (?:cover|covered|deal with|dealt with|discuss|discussed|about|contain|treat|address|addressed|include|touch on)",
    rf"(?:which|what) {_TOPICS} (?:are|is) (?:there|covered|discussed|included|addressed|dealt with|treated|mentioned|in)(?: (?:in|by))?(?: (?P<x>.+))?",
    r"what (?:does|do) (?P<x>.+?) (?:cover|contain|discuss|deal with|talk about|tell us|describe)",
    r"(?:what is|whats|what s) (?:in|inside) (?P<x>.+)",
    r"(?:give me |show me )?(?:the )?(?:table of contents|contents)(?: of (?P<x>.+))?",
    r"de que (?:trata|tratan|va|van|habla|hablan)(?: (?P<x>.+))?",
    rf"(?:que|cuales|de que) {_TOPICS} (?:trata|tratan|cubre|cubren|aborda|abordan|hay|contiene|contienen|se tratan|habla|hablan)(?: (?:en )?(?P<x>.+))?",
    r"que (?:dice|contiene|contienen|cubre|hay) (?:en )?(?P<x>.+)",
)
_WRITTEN: tuple[str, ...] = (
    r"(?:when|in what year|in which year|on what date) (?:was|were|is|did) (?P<x>.+?) (?:written|published|made|last updated|updated|created|modified|last modified|dated|from|composed|issued|released|printed)",
    r"who (?:wrote|authored|published|is the author of|are the authors of|created|made|is the writer of|compiled) (?P<x>.+)",
    r"how (?:old|recent|current|up to date|new) (?:is|are) (?P<x>.+)",
    r"(?:what is|whats|what s) the (?:publication |creation )?(?:date|year|age) of (?P<x>.+)",
    r"(?:cuando|en que ano) (?:se (?:escribio|escribieron|publico|publicaron|actualizo|creo)|fue(?:ron)? (?:escrit[oa]s?|publicad[oa]s?|cread[oa]s?|actualizad[oa]s?)) (?P<x>.+)",
    r"(?:quien (?:escribio|publico|redacto|hizo)|quien es el autor de|quienes son los autores de|de cuando (?:es|son)) (?P<x>.+)",
)
_WHO: tuple[str, ...] = (
    r"who (?:is|are|was|were|gets|else is|all is) (?:all )?(?:mentioned|named|in|cited|quoted|talked about)(?: in)?(?: (?P<x>.+))?",
    r"who (?:appears|appear|comes up|occurs)(?: in (?P<x>.+))?",
    r"who (?:does|do) (?P<x>.+?) (?:mention|name|cite|talk about|quote)",
    r"(?:a quien(?:es)? (?:se )?(?:menciona|mencionan|nombra|cita)|quien(?:es)? (?:aparece|aparecen|sale|salen|es mencionado|son mencionados))(?: (?:en )?(?P<x>.+))?",
)
_BY_SOURCE: tuple[str, ...] = (
    r"(?P<t>.+?) (?:according to|in|by|per) (?:each|every|all the|the different|the various) (?:source|document|file|text|sources|documents|files|texts)",
    rf"(?:what|how) (?:does|do) (?:each|every|the different|the various|all the) (?:source|document|file|text|sources|documents|files|texts)(?: of them)? say (?:about|on) {_T}",
    rf"(?:do|are|where do) (?:the|these|all the|my|your) (?:sources|documents|files|texts) (?:agree|disagree|differ|in agreement|contradict(?: each other)?|conflict) (?:on|about|over) {_T}",
    r"(?P<t>.+?) segun cada (?:fuente|documento|archivo|texto)",
    rf"(?:que dice cada (?:fuente|documento|archivo|texto) (?:sobre|de)|coinciden (?:las fuentes|los documentos) (?:en|sobre)) {_T}",
)


# what stands in every question that some pattern of a group matches: without one of these, none of it is even compiled
_GATES = {
    "docs": "document doc file text pdf source article paper page report record material archivo fichero fuente indexed loaded informe articulo collection papel",
    "list": "date fecha year ano people person individual gente amount sum price money cost importe cantidad precio monto percent porcentaj mail correo phone call telefono link url web enlace nombre name",
    "count": "mention menci name nombra cite cita refer appear aparec occur contain contien talk speak habla discuss document file text pdf times often frequen veces word term phrase instance "
    "place sentence passage line paragraph spot come~up comes~up show~up shows~up about deal archivo fichero figura sale say trata brought there have include use doc",
    "who": "who quien",
    "written": "written published made updated created modified dated from composed issued released printed wrote authored author writer compiled how~old how~recent how~current up~to~date how~new date~of "
    "year~of age~of escrib escrit public actualiz cread creo redact hizo de~cuando",
    "summary": "summ sum~up recap outline overview tldr tl~dr synopsis gist abstract rundown resum main key important puntos describe about topic subject theme areas issues content tema asunto cover discuss "
    "deal contain talk tell~us describ what~is~in whats~in de~que contien cubr dice hay aborda",
    "source": "source document file text fuente archivo",
    "compare": "compar differ diferenc ~vs~ ~versus~ ~or~ ~o~ chang develop evol grow grew increas decreas fall fell drop rise rose risen shift move cambi creci vari mayor menor",
}
_WORDS_OF = {group: tuple(word.replace("~", " ") for word in words.split()) for group, words in _GATES.items()}


def _may(group: str, text: str) -> bool:
    return any(word in text for word in _WORDS_OF[group])


@functools.cache
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(f"{pattern}\\Z") for pattern in patterns)


_EVERYTHING = re.compile(rf"{_ALL}\Z")
_THIS_ONE = re.compile(r"(?:it|this|that|they|them|these|those|esto|eso)\Z")
# a question that could open a pattern at all: most can't, and are done in a microsecond
_OPENS = re.compile(
    r"(?:how (?:many|often|freq|did|has|have|do|does|much (?:did|has)|is|are|old|recent|current|up|new)|which|what|where|when|who|count|number|total|frequency|list|find|show|give|get|see|extract|"
    r"name|collect|all|every|enumerate|print|display|a|an|the|in|compare|comparison|difference|differences|summ|sum|recap|outline|overview|tl|gist|"
    r"synopsis|main|key|most|describe|contents|table|on|do|does|did|are|"
    r"cuant|con|busca|encuentra|lista|muestra|enumera|donde|que|cual|en|ensename|dame|resum|haz|un|el|los|de|puntos|cuando|quien|a|"
    r"is|was|were|se|mencionan|aparece|compara|una|la|las|diferencia|como|coinciden|extrae)"
)


def route(
    question: str, named: Named, knows: Callable[[str], bool] = lambda word: False, *, alone: bool = True
) -> Route:
    """Return what a question wants; `alone` says that nothing was asked before it, so that "it" is the collection.

    `named` tells whether words name a document, `knows` whether a word stands in any.
    """
    if AS_TYPED.match(question):
        return PASSAGE
    talk = talk_of(question)
    if talk is not None and (alone or talk is not Talk.ABILITY or "it" not in plain(question).split()):
        return Route(Kind.SOCIAL, talk=talk)
    if is_random(question, knows):
        return Route(Kind.SOCIAL, talk=Talk.NOTHING)
    words = Words(question)
    if len(words.text) > 400 or not (
        _OPENS.match(words.text)
        or " vs " in words.text
        or " versus " in words.text
        or " or " in words.text
        or " o " in words.text
        or " according to " in words.text
        or " segun " in words.text
    ):
        return PASSAGE
    return next(_ways(words, named, alone), PASSAGE)


def _ways(words: Words, named: Named, alone: bool) -> Iterator[Route]:
    """Yield what a question may want, the surest first."""
    text = words.text
    if _may("docs", text) and any(pattern.match(text) for pattern in _compiled(_DOCS_WE_HAVE)):
        yield Route(Kind.OVERVIEW, Wanted.DOCUMENTS)
    for pattern in _compiled(_LISTING) if _may("list", text) else ():
        match = pattern.match(text)
        if match and (found := value_kind(match["v"])):
            where = words.typed(match, "in") if "in" in pattern.groupindex else ""
            if not where or named(where):
                yield Route(Kind.COUNT, Wanted.VALUES, found, where)
    counting = _compiled(tuple(pattern for _, pattern in _COUNTING)) if _may("count", text) else ()
    for (wanted, _), pattern in zip(_COUNTING, counting, strict=False):
        match = pattern.match(text)
        if match:
            where = words.typed(match, "in") if "in" in pattern.groupindex else ""
            if not where or named(where):
                yield Route(Kind.COUNT, wanted, words.typed(match, "t"), where)
    for group, patterns, wanted in (
        ("who", _WHO, Wanted.PEOPLE),
        ("written", _WRITTEN, Wanted.WRITTEN),
        ("summary", _SUMMARIES, Wanted.SUMMARY),
    ):
        for pattern in _compiled(patterns) if _may(group, text) else ():
            match = pattern.match(text)
            if not match:
                continue
            about = match["x"] or ""
            topic = words.typed(match, "x") if about else ""
            if not about or _EVERYTHING.match(about):
                # after other questions "it" is what these were about
                if (alone or not _THIS_ONE.match(about)) and _whole(wanted, about):
                    yield Route(Kind.OVERVIEW, wanted)
            elif named(topic):
                yield Route(Kind.OVERVIEW, wanted, topic)
    for pattern in _compiled(_BY_SOURCE) if _may("source", text) else ():
        match = pattern.match(text)
        if match:
            yield Route(Kind.COMPARISON, Wanted.BY_SOURCE, words.typed(match, "t"))
    if _may("compare", text):
        from qa.chat.comparison import sides_of  # its tables take longer to load than most questions to answer

        if sides_of(words.whole) is not None:
            yield Route(Kind.COMPARISON, Wanted.COMPARISON)


def _whole(wanted: Wanted, about: str) -> bool:
    """Tell whether "in that", "it" and the like are enough said: not where a bare verb may be anything."""
    return not (wanted is Wanted.WRITTEN and not about)
