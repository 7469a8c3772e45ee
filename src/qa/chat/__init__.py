"""What a question is when it isn't one that a passage answers: talk, counts, overviews, comparisons, follow-ups."""
