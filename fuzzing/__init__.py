"""Feeds every reader damaged and hostile files, and checks what comes back against what a reader owes."""
