"""How answers are shown: a pure renderer for every surface, and the Gradio page around it."""
