"""The vocabulary of generated texts: twelve fields with words of their own, shared words, and syllables for names."""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A subject: its things, what is done to them, and what they are like."""

    name: str
    things: tuple[str, ...]
    deeds: tuple[str, ...]
    kinds: tuple[str, ...]


def _field(name: str, things: str, deeds: str, kinds: str) -> Field:
    return Field(name, *(tuple(word.strip() for word in words.split(",")) for words in (things, deeds, kinds)))


FIELDS = (
    _field(
        "railways",
        "railway station,signal box,locomotive,viaduct,timetable,tunnel,freight depot,sleeper carriage,level crossing,"
        "turntable,branch line,ticket office",
        "electrified,reopened,widened,surveyed,closed,rebuilt",
        "narrow-gauge,disused,electrified,mountain,double-track,municipal",
    ),
    _field(
        "medicine",
        "clinical trial,vaccine,surgical ward,blood sample,dosage table,hospital,antibody,diagnosis,nursing school,"
        "pharmacy,epidemic,treatment protocol",
        "approved,tested,administered,evaluated,discontinued,prescribed",
        "placebo-controlled,infectious,chronic,antiviral,paediatric,outpatient",
    ),
    _field(
        "law",
        "lease agreement,appeals court,statute,liability clause,tenancy,arbitration panel,trademark,affidavit,"
        "settlement,jurisdiction,building permit,inheritance claim",
        "ratified,amended,overturned,notarised,contested,terminated",
        "binding,provisional,constitutional,unlawful,contractual,precedential",
    ),
    _field(
        "astronomy",
        "telescope,observatory,comet,spectrograph,star cluster,lunar eclipse,radio dish,orbit,asteroid,planetarium,"
        "galaxy survey,satellite",
        "observed,calibrated,catalogued,photographed,launched,measured",
        "infrared,interstellar,spectroscopic,equatorial,luminous,orbital",
    ),
    _field(
        "farming",
        "orchard,irrigation canal,wheat harvest,dairy cooperative,seed bank,vineyard,barn,crop rotation,soil survey,"
        "livestock market,greenhouse,fertiliser plant",
        "planted,harvested,drained,fenced,irrigated,replanted",
        "drought-resistant,organic,fertile,seasonal,grazing,terraced",
    ),
    _field(
        "finance",
        "savings bank,bond issue,audit report,exchange rate,pension fund,credit union,mortgage register,stock offering,"
        "budget deficit,insurance pool,ledger,customs tariff",
        "audited,refinanced,devalued,underwritten,liquidated,restructured",
        "fixed-rate,sovereign,unsecured,quarterly,fiscal,cooperative",
    ),
    _field(
        "music",
        "string quartet,pipe organ,opera house,manuscript score,choir,piano concerto,conservatory,folk song archive,"
        "orchestra pit,violin workshop,libretto,recording studio",
        "premiered,transcribed,conducted,restored,commissioned,recorded",
        "baroque,unfinished,orchestral,a cappella,chromatic,improvised",
    ),
    _field(
        "shipping",
        "container terminal,lighthouse,dry dock,cargo manifest,ferry route,breakwater,pilot boat,harbour crane,"
        "shipyard,canal lock,lifeboat station,customs house",
        "dredged,launched,chartered,salvaged,inspected,decommissioned",
        "deep-water,ice-strengthened,coastal,ocean-going,bonded,tidal",
    ),
    _field(
        "education",
        "grammar school,entrance examination,lecture hall,scholarship fund,university library,curriculum,laboratory,"
        "evening course,dormitory,research chair,apprenticeship,textbook series",
        "founded,accredited,endowed,reformed,expanded,abolished",
        "tuition-free,bilingual,postgraduate,compulsory,vocational,residential",
    ),
    _field(
        "energy",
        "hydroelectric dam,wind farm,power station,transformer,coal seam,oil refinery,transmission line,gas pipeline,"
        "solar array,turbine hall,reactor,district heating plant",
        "commissioned,decommissioned,retrofitted,licensed,upgraded,nationalised",
        "high-voltage,coal-fired,offshore,geothermal,renewable,auxiliary",
    ),
    _field(
        "archaeology",
        "burial mound,excavation trench,clay tablet,bronze hoard,city wall,mosaic floor,amphora,hill fort,"
        "temple foundation,cave painting,inscription,pottery kiln",
        "excavated,deciphered,dated,unearthed,reassembled,looted",
        "prehistoric,Neolithic,fragmentary,ceremonial,undisturbed,gilded",
    ),
    _field(
        "software",
        "database schema,release candidate,encryption library,user interface,message queue,compiler,test suite,"
        "login service,memory leak,backup server,command line,patch release",
        "deployed,deprecated,refactored,benchmarked,migrated,patched",
        "open-source,multithreaded,backward-compatible,distributed,encrypted,asynchronous",
    ),
)

ROLES = tuple("engineer historian minister surveyor director professor mayor archivist inspector chair".split())
ADVERBS = tuple("quietly gradually briefly formally unexpectedly repeatedly partly finally jointly officially".split())
CAUSES = (
    "because the costs had doubled",
    "after a public inquiry",
    "following two winters of heavy rain",
    "although the council had objected",
    "since no other site was available",
    "at the request of the residents",
    "when the earlier contract lapsed",
    "despite a shortage of skilled workers",
)
ENDINGS = (
    "which neighbouring towns soon copied",
    "and the figures were published a year later",
    "while maintenance was left to volunteers",
    "as the minutes of the committee show",
    "though few records of it survive",
    "and it has been in use ever since",
    "which critics called premature",
)
SYLLABLES = (
    tuple("bar bel cor dal fen gar hal kel lor mar nor pel quin ras sel tor val wes yar zan".split()),
    tuple("a e i o u ai ei ou ".split(" ")),
    tuple("b d g l m n r s t v ck ll nd rn st th".split()),
    tuple("a en er ia in o on um wick ford ham mouth stead ville berg ton ska by".split()),
)
GIVEN = tuple(
    "Ada Boris Clara Dmitri Elena Farid Greta Hiro Ines Jonas Karin Luis Maya Nadia Omar Petra Rosa Sven Tomas Una "
    "Viktor Wanda Yusuf Zofia".split()
)
