"""The reader: question and texts in; for each, the words that would answer and how likely they do."""
