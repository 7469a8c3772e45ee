"""A sentence planted in a file of every format is asked for in plain words, quoted, and its place is the right one.

The files are those of `tests/files/formats`, each written by a program people use; what is planted stands nowhere
else in them. They are indexed and asked by the real commands, with the real models.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qa.cli import ANSWERED, main
from qa.config import load_settings
from qa.engine import open_collection
from qa.load.table import BY_SUFFIX, FORMATS
from qa.types import FileState, LedgerEntry, Span

FILES = Path(__file__).parent / "files" / "formats"
PICTURES = FORMATS["picture"].suffixes
MOST_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Planted:
    """A sentence in a file: `place` and `heading` are where a person would look for it.

    `within`: the citation that quotes it may be one of so many, `why` says for what reason it isn't the first.
    """

    source: str
    question: str
    quote: str
    place: str = ""
    heading: str = ""
    within: int = 1
    why: str = ""


# fmt: off
PLANTED = [
    # PDF: two columns, hyphenated, the first two pages numbered i and ii
    Planted("groff-journal.pdf", "How long is the river Velmora?",
            "The river Velmora is 412 kilometres long and ends in a salt marsh.",
            "p. ii", "Measuring the Velmora › The whole length"),
    Planted("groff-journal.pdf", "What did commissioner Tamsin Oakhurst recommend?",
            "The hydrographic commissioner Tamsin Oakhurst recommended uninterrupted measurements throughout the "
            "hibernation of the freshwater mussels.",
            "p. 1", "Measuring the Velmora › Measurements"),
    Planted("groff-journal.pdf", "How high did the gauge at Orrin Bridge stand?",
            "At Orrin Bridge the gauge stood at nineteen metres on the fourth of March.",
            "p. 2", "Measuring the Velmora › Floods"),
    # running header and footer, a footnote, a table, a box
    Planted("libreoffice-writer.pdf", "What is the serial number of the Calderbeck pump?",
            "The Calderbeck pump carries the serial number CP-88317.", "p. 2", "Yard book › Grounds"),
    Planted("libreoffice-writer.pdf", "From where was the Hessel tower measured?",
            "The Hessel tower at Calderbeck was measured from its doorstep.", "p. 2", "Yard book › Grounds"),
    Planted("libreoffice-writer.pdf", "Who keeps the Brindle workshop?",
            "Brindle workshop | Ottoline Farr | 1959", "p. 3", "Yard book › Sheds"),
    Planted("libreoffice-writer.pdf", "Where are hard hats lent?",
            "Hard hats are lent at the Calderbeck ticket office.", "p. 3", "Yard book › Sheds"),
    Planted("libreoffice-writer.pdf", "Who opens the Calderbeck weir?",
            "The Calderbeck weir is opened by Matthias Quill.", "p. 4", "Yard book › Keys"),
    Planted("chromium-table.pdf", "What does a Quillfeather lantern cost a day?",
            "Quillfeather | 7.25 | Mondays", "p. 1", "Lantern hire"),
    Planted("chromium-table.pdf", "Who checks returned lanterns?",
            "Returned lanterns are checked by Piers Alderson in the blue shed.", "p. 2", "Lantern hire › Returns"),
    # its second page is turned, its third is written sideways
    Planted("chromium-rotated.pdf", "Who drew the plan of the Marrow Lock?",
            "The plan of the Marrow Lock was drawn by Ilse Brandt in 1887.", "p. 2", "Drawings › Plan"),
    Planted("chromium-rotated.pdf", "How does sluice seven of the Marrow Lock open?",
            "Sluice seven of the Marrow Lock opens against the stream.", "p. 3", "Drawings › Section"),
    # word processors
    Planted("libreoffice-writer.docx", "How heavy is the north gate of Thornhollow?",
            "The north gate of Thornhollow weighs 340 pounds.", "", "Yard book › Grounds"),
    Planted("libreoffice-writer.docx", "From whom did Thornhollow buy its gate?",
            "Thornhollow bought that gate from a convent in Breda.", "footnote 1", "Yard book › Grounds"),
    Planted("libreoffice-writer.docx", "Who keeps the potting shed?",
            "Potting shed | Hugo Lindqvist | 1974", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.docx", "What do visitors to Thornhollow ring?",
            "Visitors to Thornhollow ring the brass bell twice.", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.docx", "Where is the key to the Thornhollow ice house?",
            "The key to the Thornhollow ice house hangs behind the clock.", "", "Yard book › Keys"),
    Planted("libreoffice-writer.odt", "Who set up the sundial of Marlpit?",
            "The sundial of Marlpit was set up by Beatrix Holm.", "", "Yard book › Grounds"),
    Planted("libreoffice-writer.odt", "When was the sundial of Marlpit stolen?",
            "Marlpit lost its sundial to thieves in 1931 and found it in a pond.", "footnote 1",
            "Yard book › Grounds"),
    Planted("libreoffice-writer.odt", "Who keeps the cider press?",
            "Cider press | Anselm Rooke | 1962", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.odt", "On what days are dogs welcome in Marlpit?",
            "Dogs are welcome in Marlpit on Thursdays only.", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.odt", "How deep is the well of Marlpit?",
            "The well of Marlpit is 27 fathoms deep.", "", "Yard book › Keys"),
    Planted("libreoffice-writer.rtf", "How many books does the library of Ravensgarth own?",
            "The library of Ravensgarth owns 6,118 books.", "", "Yard book › Grounds"),
    Planted("libreoffice-writer.rtf", "What was saved when Ravensgarth burned?",
            "Ravensgarth burned in 1840, and only the atlas was saved.", "footnote", "Yard book › Grounds"),
    Planted("libreoffice-writer.rtf", "Who keeps the boat house?",
            "Boat house | Lavinia Stroud | 1988", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.rtf", "Where is smoking forbidden in Ravensgarth?",
            "Smoking is forbidden in the attic of Ravensgarth.", "", "Yard book › Sheds"),
    Planted("libreoffice-writer.rtf", "Who tuned the piano of Ravensgarth?",
            "The piano of Ravensgarth was tuned by Casimir Vogel.", "", "Yard book › Keys"),
    Planted("python-docx.docx", "How hot does the kiln at Pell Street get?",
            "The kiln at Pell Street reaches 1,260 degrees after nine hours.", "", "Works › Kiln"),
    Planted("python-docx.docx", "Who swept the flue?",
            "The flue was last swept by Wilhelmina Dace.", "comment by Reviewer", "Works › Kiln"),
    Planted("python-docx.docx", "Who supplies celadon?",
            "Celadon | Hobart and Wray | 14", "", "Glazes"),
    # slides
    Planted("python-pptx.pptx", "By how much did the Skarvik pier grow?",
            "The Skarvik pier grew by 62 metres", "slide 2", "What was built"),
    Planted("python-pptx.pptx", "Who paid for the lanterns of Skarvik?",
            "Thank Solveig Aune, who paid for the lanterns of Skarvik.", "slide 2, notes", "What was built"),
    Planted("python-pptx.pptx", "What did Tollefsen Dredging do?",
            "Tollefsen Dredging | Cleared the basin", "slide 3", "Who helped"),
    Planted("libreoffice-impress.ppsx", "How many quince trees did Winterslow plant?",
            "Winterslow planted ninety quince trees", "slide 2", "What was built"),
    Planted("libreoffice-impress.ppsx", "Whose are the bees?",
            "Mention that the bees belong to Godfrey Plum.", "slide 2, notes", "What was built"),
    Planted("libreoffice-impress.ppsx", "What came from Haldane Ladders?",
            "Haldane Ladders | Ladders and crates", "slide 3", "Who helped"),
    Planted("libreoffice-impress.odp", "Who lent the whale skeleton?",
            "The whale skeleton was lent by Bergen", "slide 2", "What was built"),
    Planted("libreoffice-impress.odp", "May the whale be photographed with a flash?",
            "Remember that the whale may not be photographed with a flash.", "slide 2, notes", "What was built"),
    Planted("libreoffice-impress.odp", "What did Pemberton Glass provide?",
            "Pemberton Glass | Cases and lamps", "slide 3", "Who helped"),
    Planted("pandoc-slides.pptx", "How many treadles has the loom of Hilderstone?",
            "The loom of Hilderstone has forty treadles.", "slide 1", "Weaving"),
    Planted("pandoc-slides.pptx", "How long is madder boiled at Hilderstone?",
            "Madder at Hilderstone is boiled for six hours.", "slide 2", "Dyeing"),
    Planted("pandoc-slides.pptx", "Who gave the indigo vat?",
            "Say that the indigo vat was a gift of Rosalind Okafor.", "slide 2, notes", "Dyeing"),
    # sheets: a formula's value, dates, a merged title
    Planted("libreoffice-calc.xlsx", "Who supplies the copper gutters?",
            "Copper gutters | Ferrars & Nye | 1,284.50 | 2026-05-07", "sheet Costs, A7–D7", "Costs"),
    Planted("libreoffice-calc.xlsx", "What is the total of Ashgrove?",
            "Total Ashgrove |  | 1,771.25", "sheet Costs, A8–C8", "Costs"),
    Planted("libreoffice-calc.xlsx", "What is the duty of Leopold Tranter?",
            "Leopold Tranter | Roofer | 1 September 2025", "sheet Staff, A4–C4", "Staff"),
    Planted("libreoffice-calc.xls", "Who supplies the oak shutters?",
            "Oak shutters | Dunmore Joinery | 2,310.00 | 2026-05-07", "sheet Costs, A7–D7", "Costs"),
    Planted("libreoffice-calc.xls", "What is the total of Birchfold?",
            "Total Birchfold |  | 2,796.75", "sheet Costs, A8–C8", "Costs"),
    Planted("libreoffice-calc.xls", "What is the duty of Agnes Whitlock?",
            "Agnes Whitlock | Glazier | 1 September 2025", "sheet Staff, A4–C4", "Staff"),
    Planted("libreoffice-calc.ods", "Who supplies the slate tiles?",
            "Slate tiles | Penrhyn Quarry | 3,075.75 | 2026-05-07", "sheet Costs, A7–D7", "Costs"),
    Planted("libreoffice-calc.ods", "What is the total of Cedarholt?",
            "Total Cedarholt |  | 3,562.50", "sheet Costs, A8–C8", "Costs"),
    Planted("libreoffice-calc.ods", "What is the duty of Rufus Almond?",
            "Rufus Almond | Mason | 1 September 2025", "sheet Staff, A4–C4", "Staff"),
    Planted("openpyxl.xlsx", "Who supplies the enamel basins?",
            "Enamel basins | Falkirk Foundry | 640.00 | 2026-05-07", "sheet Costs, A7–D7", "Costs"),
    Planted("openpyxl.xlsx", "What is the duty of Prudence Achterberg?",
            "Prudence Achterberg | Cook | 1 September 2025", "sheet Staff, A4–C4", "Staff"),
    Planted("libreoffice-calc.csv", "Who supplies the felt hats?",
            "Felt hats;Maison Grévy;77.00;2026-05-07", "A7–D7"),
    Planted("libreoffice-calc.csv", "What is the total of Elmsett?",
            "Total Elmsett;;563.75;", "A8–C8"),
    Planted("csv.csv", "Who blessed Saint Wenna's well?",
            'Saint Wenna\'s well,33,"blessed by Canon Jellicoe, twice"', "A3–C3"),
    Planted("csv.csv", "Which well is called the kettle?",
            'Mill well,9,"called ""the kettle"""', "A4–C4"),
    Planted("csv.tsv", "Who drives from the depot Harwick?",
            "Line 4\tHarwick\tUna Teague", "A2–C2"),
    Planted("csv.tsv", "Which tram does Silas Pym drive?",
            "Line 9\tOstend Road\tSilas Pym", "A3–C3"),
    # books
    Planted("pandoc-novel.epub", "With what did Corvin light the lamp?",
            "Old Corvin lit the lamp with a page of the almanac.", "The lamp", "The lamp › Details"),
    Planted("pandoc-novel.epub", "What did the notary pay Corvin for the crossing?",
            "Corvin carried the notary across for a jar of figs.", "The crossing", "The crossing › Details"),
    Planted("pandoc-novel.epub", "Where was the almanac of Corvin printed?",
            "The almanac of Corvin was printed in Utrecht.", "The crossing", "The crossing › Details"),
    Planted("pandoc-novel-2.epub", "For which hand did Marguerite Sable stitch gloves?",
            "Marguerite Sable stitched gloves for the left hand only.", "The shop", "The shop › Details"),
    Planted("pandoc-novel-2.epub", "What did the letter to Marguerite Sable smell of?",
            "The letter to Marguerite Sable smelled of juniper.", "The letter", "The letter › Details"),
    Planted("libreoffice-novel.epub", "Where did Tobias Wren hide the deed?",
            "Tobias Wren hid the deed under the seventh stair.", "The hill"),
    Planted("libreoffice-novel.epub", "What did the judge let Tobias Wren keep?",
            "The judge let Tobias Wren keep the mare.", "The court"),
    # light markup
    Planted("pandoc-manual.rst", "Who spliced the tenor rope of Saint Osyth?",
            "The tenor rope of Saint Osyth was spliced by Jory Pascoe.", "lines 22–23",
            "Bell ringing › Ropes › Details"),
    Planted("pandoc-manual.rst", "How long does a full peal at Saint Osyth last?",
            "A full peal at Saint Osyth lasts three hours and four minutes.", "lines 45–46",
            "Bell ringing › Changes › Details"),
    Planted("pandoc-manual.adoc", "How many frames do the hives at Lintwhite hold?",
            "The hives at Lintwhite hold eleven frames each.", "lines 18–19", "Hive keeping › Frames › Details"),
    Planted("pandoc-manual.adoc", "To whom does Lintwhite sell its heather honey?",
            "Lintwhite sells its heather honey to Bartholomew Senn.", "line 36",
            "Hive keeping › Honey › Details"),
    Planted("pandoc-manual.org", "Where do the oak galls for the Verity ink come from?",
            "Oak galls for the Verity ink come from Aleppo.", "lines 22–23", "Galls › Details"),
    Planted("pandoc-manual.org", "How much green vitriol does the Verity ink need?",
            "The Verity ink needs 85 grams of green vitriol.", "lines 45–46", "Vitriol › Details"),
    Planted("pandoc-manual.tex", "What is the mainspring of the Ambrose clock made of?",
            "The Ambrose clock has a mainspring of blue steel.", "lines 83–84", "Springs › Details"),
    Planted("pandoc-manual.tex", "What is the striking weight of the Ambrose clock filled with?",
            "The striking weight of the Ambrose clock is filled with shot.", "lines 104–105", "Weights › Details"),
    # the web, XML
    Planted("pandoc-manual.html", "What are the wicks for the Tallis candles plaited from?",
            "Wicks for the Tallis candles are plaited from cotton.", "", "Wicks › Details"),
    Planted("pandoc-manual.html", "Who cast the Tallis moulds?",
            "The Tallis moulds were cast by Ignatius Moor.", "", "Moulds › Details"),
    Planted("libreoffice-page.html", "What is the red kite of Sennen made of?",
            "The red kite of Sennen is made of mulberry paper.", "", "Paper › Details"),
    Planted("libreoffice-page.html", "On what thread do kites at Sennen fly?",
            "Kites at Sennen fly on waxed linen thread.", "", "Lines › Details"),
    Planted("chromium-page.mhtml", "When does the last ferry to Inishcarra leave?",
            "The last ferry to Inishcarra leaves at 21:40.", "", "Ferry to Inishcarra › Times"),
    Planted("chromium-page.mhtml", "What do bicycles to Inishcarra cost?",
            "Bicycles to Inishcarra travel for two shillings.", "", "Ferry to Inishcarra › Tickets"),
    Planted("pandoc-manual.dbk", "How long is the balancing pole of Delphine Astor?",
            "The balancing pole of Delphine Astor is eight yards long.", "", "Poles › Details"),
    Planted("pandoc-manual.dbk", "Where did Delphine Astor give her net away?",
            "Delphine Astor gave her net away in Trieste.", "", "Nets › Details"),
    Planted("pandoc-manual.tei", "With what is the oven of Molenaar Street heated?",
            "The oven of Molenaar Street is heated with beech.", "", "Ovens › Details"),
    Planted("pandoc-manual.tei", "How many loaves does Molenaar Street bake a night?",
            "Molenaar Street bakes 430 loaves a night.", "", "Loaves › Details"),
    Planted("elementtree.xml", "How many stars does the globe of Abbot Fulk show?",
            "The celestial globe of Abbot Fulk shows 1,025 stars.", "", "Globe"),
    Planted("elementtree.xml", "Where was the astrolabe of Abbot Fulk pawned?",
            "The astrolabe of Abbot Fulk was pawned in Padua.", "", "Astrolabe"),
    Planted("elementtree.rss", "Who polished the lens of Skellan light?",
            "The lens of Skellan light was polished by Bronagh Keane.", "", "Lighthouse news › Lens"),
    Planted("elementtree.rss", "How many goats does Skellan light keep?",
            "Skellan light now keeps five goats.", "", "Lighthouse news › Goats"),
    # a calendar
    Planted("editor.ics", "Who brings the spare ropes?", "Fenella Marsh brings the spare ropes.",
            "event Bell ringers' rehearsal"),
    # text, by line
    Planted("editor.md", "Who gave the artichokes of plot 31?",
            "The artichokes of plot 31 came from Cosima Hale.", "line 12", "Allotment notes › Beds"),
    Planted("editor.md", "Who fills the zinc tank?",
            "| Zinc tank | 1150 | Dermot Quayle |", "line 20", "Allotment notes › Water"),
    Planted("editor.txt", "Where did the Halcyon anchor?",
            "The Halcyon anchored off Cape Sorrel in eleven fathoms.", "line 14", "MONDAY"),
    Planted("editor.txt", "What did the cook of the Halcyon trade for limes?",
            "The cook of the Halcyon traded a kettle for limes.", "line 22", "TUESDAY"),
    Planted("editor-utf16.txt", "When does the café of Zoë Lindgård open?",
            "The café of Zoë Lindgård opens at seven.", "line 2"),
    Planted("editor-latin1.txt", "What did the señor from Logroño leave at the café?",
            "The señor from Logroño left his umbrella at the café Móstoles.", "line 2"),
    Planted("editor.py", "How long does the Stokesby burner wait between attempts?",
            '"""Restart the Stokesby burner; it waits 45 seconds between attempts, or the relay sticks."""',
            "line 12", "class Boiler › def restart(self, attempts: int = 3) -> bool"),
    Planted("editor.py", "Above what does the Stokesby boiler vent?",
            "BOILER_LIMIT = 71  # above 71 degrees the Stokesby boiler vents by itself", "line 5"),
    Planted("editor.c", "In what unit does the Kestrel probe report pressure?",
            "/* The Kestrel probe reports pressure in tenths of a millibar. */", "line 3"),
    Planted("editor.c", "With which byte do frames of the Kestrel probe end?",
            "/* Frames of the Kestrel probe end with the byte 0x7E. */", "line 9"),
    Planted("editor.js", "How many prints of Yumi Castellan does the gallery show a page?",
            "// The gallery shows twelve prints of Yumi Castellan a page.", "line 1"),
    Planted("editor.js", "To whom was the projector of room nine sold?",
            "// Room nine is skipped, since its projector was sold to a cinema in Ghent.", "line 5",
            "export function openGallery(room)"),
    Planted("editor.rs", "In what doses is coffee ground for the Borealis machine?",
            "/// Grinds coffee for the Borealis machine in 18 gram doses.", "line 1",
            "pub fn grind(doses: u32) -> u32"),
    Planted("editor.rs", "With what is the Borealis machine cleaned?",
            "/// Cleans the Borealis machine with citric acid every 200 cups.", "line 6",
            "pub fn must_clean(cups: u32) -> bool"),
    Planted("editor.sql", "For how long do loans of the Farthing library run?",
            "-- Loans of the Farthing library run for 23 days.", "line 1", "CREATE TABLE loans"),
    Planted("editor.sql", "In what are fines of the Farthing library paid?",
            "-- Fines of the Farthing library are paid in walnuts.", "line 8", "CREATE VIEW fines AS"),
    Planted("editor.sh", "Where is the tape drive of the Gannet backup?",
            "# The Gannet backup is written to the tape drive in the cellar.", "line 2"),
    Planted("editor.sh", "How long are Gannet tapes kept?",
            "# Gannet tapes are kept for 19 months and then given to the school.", "line 6",
            "keep_backup()"),
    Planted("editor.toml", "Who ground the Aldebaran refractor?",
            'note = "the Aldebaran refractor was ground by Leocadia Finch"', "line 4", "telescope"),
    Planted("editor.toml", "At what temperature does the dome of the observatory stick?",
            'note = "the dome of the observatory sticks below minus 12 degrees"', "line 8", "dome"),
    Planted("editor.yaml", "When is the Salamander oven lit?",
            "note: the Salamander oven is lit at half past two", "line 4", "oven"),
    Planted("editor.yaml", "Who mended Big Berta?",
            "note: Big Berta was mended by Faustino Reyes", "line 7", "mixer"),
    Planted("editor.properties", "What does a ride on the Zephyr funicular cost?",
            "ticket.price=A ride on the Zephyr funicular costs 380 cents", "line 3"),
    Planted("editor.properties", "When does the Zephyr funicular rest?",
            "ticket.closed=The Zephyr funicular rests in February", "line 4"),
    Planted("configparser.ini", "Who feeds the seahorses of tank four?",
            "note = the seahorses of tank four are fed by Ludmila Crane", "line 3", "aquarium"),
    Planted("configparser.ini", "Where is the spare pump of the aquarium?",
            "note = the spare pump of the aquarium is under the stairs", "line 7", "pumps"),
    Planted("editor.css", "Who chose the colours of the Hartsease theatre?",
            "/* The colours of the Hartsease theatre were chosen by Nerissa Vane. */", "line 1"),
    Planted("editor.css", "On what are programmes of the Hartsease theatre printed?",
            "/* Programmes of the Hartsease theatre are printed on cream paper. */", "line 4"),
    Planted("json.json", "Where does the barometer of Kilnsea hang?",
            '"note": "The barometer of Kilnsea hangs in the pantry."', "line 6"),
    Planted("json.json", "How does Dunwold report snow?",
            '"note": "Dunwold reports snow by pigeon."', "line 11"),
    Planted("json.jsonl", "Where did the trawler Minnow lose its anchor?",
            '{"at": "2026-01-03", "said": "Trawler Minnow lost its anchor near Scattery."}', "line 3"),
    Planted("json.jsonl", "Who found the anchor of the Minnow?",
            '{"at": "2026-01-07", "said": "The anchor of the Minnow was found by Peig Moran."}', "line 7"),
    Planted("logging.log", "Between which floors was cabin Bluebell stuck?",
            "WARNING elevator: cabin Bluebell stuck between floors 5 and 6 for 26 minutes", "line 13"),
    Planted("logging.log", "Who replaced the brake of cabin Bluebell?",
            "ERROR elevator: brake of cabin Bluebell replaced by technician Omar Vance", "line 33"),
    # subtitles, notebooks
    Planted("editor.srt", "When was the oldest pan at Saltmarsh Row forged?",
            "The oldest pan at Saltmarsh Row was forged in 1703.", "at 00:12:31"),
    Planted("editor.srt", "How many rakers does Saltmarsh Row employ in July?",
            "Saltmarsh Row employs forty rakers in July.", "at 01:05:09"),
    Planted("editor.vtt", "From whom did the diver learn to dive?",
            "I learned to dive from Okon Bassey.", "at 00:21:44"),
    Planted("editor.vtt", "How deep does the wreck of the Perpetua lie?",
            "The wreck of the Perpetua lies under 38 metres of water.", "at 00:48:02"),
    Planted("nbformat.ipynb", "With how much charge did the Fulmar drone land?",
            "The Fulmar drone landed with 17 percent of charge.", "In [3]", "Flights"),
    Planted("nbformat.ipynb", "Who flies the Fulmar drone?",
            "The Fulmar drone is flown by Araminta Oduya.", "cell 3", "Flights › Crew"),
    Planted("pandoc-manual.ipynb", "When do spring tides at Penmorva come?",
            "Spring tides at Penmorva come two days after the full moon.", "cell 1", "Moons › Details"),
    Planted("pandoc-manual.ipynb", "Who cut the tide mark at Penmorva?",
            "The tide mark at Penmorva was cut by Elowen Trask.", "cell 1", "Marks › Details"),
    # mail: each message and attachment is a source of its own
    Planted("email.eml", "In which room is the quarterly meeting?",
            "The quarterly meeting is held in room 4.17 of the Hallam building."),
    Planted("email.eml/agenda.pdf", "What is item six of the agenda?",
            "Item six is the sale of the Fairweather barge.", "p. 1", "Agenda"),
    Planted("email.eml/agenda.pdf", "Who valued the Fairweather barge?",
            "The Fairweather barge was valued by Lorenz Amsel.", "p. 2", "Agenda"),
    Planted("email.eml/terms.docx", "May tenants of the Hallam building keep parrots?",
            "Tenants of the Hallam building keep no parrots.", "", "Terms"),
    Planted("mailbox.mbox/0001 Keys.eml", "Who keeps the attic key of Number Nine?",
            "From now on the attic key of Number Nine is kept by Mrs Adeyemi."),
    Planted("mailbox.mbox/0002 Boiler.eml", "Who services the boiler of Number Nine?",
            "The boiler of Number Nine is serviced by Kowalczyk and Sons."),
    Planted("mailbox.mbox/0003 Minutes.eml/minutes.txt", "When was the roof of Number Nine last tarred?",
            "The roof of Number Nine was last tarred in 2009.", "line 1"),
    # archives
    Planted("zipfile.zip/notes/path.txt", "When is the path to Tamarisk closed?",
            "The path to Tamarisk is closed from dusk.", "line 1"),
    Planted("zipfile.zip/inner.zip/deep/spring.md", "Who walled in the spring of Tamarisk?",
            "The spring of Tamarisk was walled in by Brother Eadric.", "line 3", "Spring"),
    Planted("tarfile.tar.gz/survey/soil.txt", "What is the soil of Farrow Field like?",
            "The soil of Farrow Field is sour clay.", "line 1"),
    Planted("tarfile.tar.gz/survey/trees.csv", "What is the girth of the Farrow oak?",
            "Farrow oak,6.4 m,380", "A2–C2"),
    Planted("gzip.txt.gz/gzip.txt", "Until when was the tram to Ellerby horse-drawn?",
            "The tram to Ellerby was horse-drawn until 1912.", "line 1"),
    Planted("gzip.txt.gz/gzip.txt", "To whom did Ellerby sell its last tram horse?",
            "Ellerby sold its last tram horse to a circus.", "line 3"),
    Planted("bz2.txt.bz2/bz2.txt", "How many nests has the pigeon loft of Cransley?",
            "The pigeon loft of Cransley has ninety nests.", "line 1"),
    Planted("bz2.txt.bz2/bz2.txt", "From where does Cransley fly its pigeons?",
            "Cransley flies its pigeons from Calais.", "line 3"),
    Planted("lzma.txt.xz/lzma.txt", "In what was the maze of Wolvercote planted?",
            "The maze of Wolvercote was planted in yew.", "line 1"),
    Planted("lzma.txt.xz/lzma.txt", "How fast can one leave the maze of Wolvercote?",
            "Nobody has left the maze of Wolvercote in under ten minutes.", "line 3"),
    # pictures
    Planted("pillow.png", "Why is the swimming bath of Larkmead closed?",
            "The swimming bath of Larkmead is closed for tiling."),
    Planted("pillow.png", "What do season cards of Larkmead cost?",
            "Season cards of Larkmead cost 31 crowns."),
    Planted("pillow.jpg", "Who packed the parcel?",
            "This parcel was packed by Henrietta Boyle."),
    Planted("pillow.jpg", "How many thimbles does the parcel hold?",
            "The parcel holds nineteen thimbles."),
    Planted("pillow.tiff", "How many guineas were received of Mister Ogilvie?",
            "Received of Mister Ogilvie forty guineas.", "p. 1"),
    Planted("pillow.tiff", "What does Mister Ogilvie still owe?",
            "Mister Ogilvie still owes two hens.", "p. 2"),
]
# fmt: on


@dataclass(frozen=True, slots=True)
class Asked:
    """What the commands said: a reply a question, each document's canonical text, the ledger; what indexing took."""

    replies: Mapping[str, dict[str, Any]]
    texts: Mapping[str, str]
    ledger: Mapping[str, LedgerEntry]
    seconds: float


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    """Index the folder and ask all questions, by the commands."""
    work = tmp_path_factory.mktemp("planted")
    index, batch = str(work / "index"), work / "questions.jsonl"
    batch.write_text(
        "".join(json.dumps({"id": planted.question, "question": planted.question}) + "\n" for planted in PLANTED),
        encoding="utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(work)
        said: list[str] = []
        patch.setattr(
            "builtins.print", lambda *words, **how: said.append(str(words[0])) if not how.get("file") else None
        )
        began = time.perf_counter()
        assert main(["index", str(FILES), "--index", index]) == ANSWERED
        seconds = time.perf_counter() - began
        said.clear()
        assert main(["ask", "--batch", str(batch), "--json", "--index", index]) == ANSWERED
    replies = {reply["id"]: reply for reply in map(json.loads, said)}
    opened = open_collection(load_settings({"index": index}, environ={}, folder=work))
    texts = {source: opened.document(source).text for source in opened.sources}
    return Asked(replies, texts, {entry.source: entry for entry in opened.ledger}, seconds)


def test_every_question_has_one_answer_in_the_table() -> None:
    assert len({planted.question for planted in PLANTED}) == len(PLANTED)
    assert len({planted.quote for planted in PLANTED}) == len(PLANTED)


def test_every_format_has_a_file_with_something_planted_in_it() -> None:
    named = {part for planted in PLANTED for part in planted.source.split("/")}
    readers = {BY_SUFFIX[Path(part).suffix] for part in named if Path(part).suffix in BY_SUFFIX}
    assert readers == set(FORMATS)


def test_every_file_is_read_whole(asked: Asked) -> None:
    unread = {
        source: entry.reason
        for source, entry in asked.ledger.items()
        if entry.state is not FileState.INDEXED and not (Path(source).suffix in PICTURES and not _reads_pictures())
    }
    # those three have an empty sheet on purpose
    assert set(unread) == {"libreoffice.ods", "libreoffice.xls", "libreoffice.xlsx"}


def test_the_folder_is_indexed_within_a_minute(asked: Asked) -> None:
    assert asked.seconds < MOST_SECONDS


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.source}: {planted.question}")
def test_a_planted_sentence_is_quoted_from_its_place(planted: Planted, asked: Asked) -> None:
    if Path(planted.source).suffix in PICTURES and not _reads_pictures():
        pytest.skip("no Tesseract found: install the package tesseract-ocr")
    reply = asked.replies[planted.question]
    citations = reply["citations"][: planted.within]
    assert citations, reply["passages"][:3]
    found = next((one for one in citations if planted.quote in _unwrapped(one["quote"])), citations[0])
    assert planted.quote in _unwrapped(found["quote"])
    assert (found["source"], found["place"], found["heading"]) == (planted.source, planted.place, planted.heading)
    assert Span(found["start"], found["end"]).of(asked.texts[planted.source]) == found["quote"]
    if planted.place.startswith("p. "):
        assert found["page"] == planted.place.removeprefix("p. ").partition(",")[0]


def test_what_is_planted_stands_in_no_other_file(asked: Asked) -> None:
    for planted in PLANTED:
        holding = [source for source, text in asked.texts.items() if planted.quote in _unwrapped(text)]
        if holding or _reads_pictures():
            assert holding == [planted.source], planted.quote


def _unwrapped(text: str) -> str:
    """Return a text without its line breaks: where a program breaks a line isn't said in the table."""
    return re.sub(r"[ ]*[\r\n]+[ ]*", " ", text)


def _reads_pictures() -> bool:
    return shutil.which("tesseract") is not None
