"""Questions in another language than the documents, put into the documents' words."""

from qa.gloss.glossary import Gloss, SpanishGlossary, gloss

__all__ = ["Gloss", "SpanishGlossary", "gloss"]
