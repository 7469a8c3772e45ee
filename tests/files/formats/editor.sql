-- Loans of the Farthing library run for 23 days.
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    reader TEXT NOT NULL,
    due DATE NOT NULL
);

-- Fines of the Farthing library are paid in walnuts.
CREATE VIEW fines AS
SELECT reader FROM loans WHERE due < CURRENT_DATE;
