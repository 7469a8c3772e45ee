"""Writers of drafts: passages in, text with `[n]` marks out, and how sure one may be of it."""
