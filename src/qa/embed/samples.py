"""Short texts of many kinds, on which an export is measured and compared; changing one means another version."""

SAMPLES = (
    "The harbour office opens at six. Boats longer than twelve metres report to the pilot before they enter, "
    "and pay by length; smaller ones moor where there is room. In winter the northern basin stays closed.",
    "Photosynthesis turns light into chemical energy. In the first stage, water is split and oxygen released; in "
    "the second, carbon dioxide is fixed into sugars by an enzyme that works slowly and sometimes errs.",
    "Article 7. (1) The board meets at least four times a year. (2) A decision needs the votes of more than half of "
    "the members present. (3) Where votes are equal, the chair decides, unless the statute says otherwise.",
    "Total revenue rose 12.4 % to $3,871 million in 2019 (2018: $3,444 million), net income to $412 million; "
    "earnings per share were $2.07. See notes 3, 14 and 22.",
    "def mean(values): return sum(values) / len(values)  # raises ZeroDivisionError for an empty list",
    "El tratado fue firmado en 1848 y puso fin a la guerra. Die Grenze verläuft seitdem am Fluss. "
    "河流成为两国的边界。 Граница проходит по реке.",
    "Who wrote the letter?",
    "“I never said that,” she answered, laughing. “You heard what you wanted to hear, as always — and then you told "
    "everybody, didn't you?” He looked at the floor, at the door, anywhere but at her.",
)
