"""One module a format: bytes and limits in, `Extracted` out, or `Unreadable`. Strangers to the rest of the house."""
