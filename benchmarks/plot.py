"""Two plots as SVG, by a few lines of our own: bars, and lines over two logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 720, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 170, 40, 45
_COLOURS = ("#1f5fa8", "#c2571a", "#2d7d46", "#8a3b8f", "#6b6b6b", "#a8861f")
_STYLE = "text{font:12px system-ui,sans-serif;fill:#333}.t{font-size:14px;font-weight:600}.g{stroke:#ddd}"


def bars(title: str, values: Mapping[str, float], unit: str) -> str:
    """Return horizontal bars, the longest first, each with its value."""
    ordered = sorted(values.items(), key=lambda item: -item[1])
    most = max(values.values())
    left, step = 160, 26
    width = _WIDTH - left - 90
    parts = [f'<text class="t" x="12" y="22">{escape(title)}</text>']
    for at, (name, value) in enumerate(ordered):
        y = _TOP + at * step
        length = width * value / most
        colour = _COLOURS[0] if name == "quoth" else _COLOURS[4]
        parts.append(f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>')
        parts.append(f'<rect x="{left}" y="{y}" width="{length:.1f}" height="18" fill="{colour}"/>')
        parts.append(f'<text x="{left + length + 6:.1f}" y="{y + 14}">{value:.3g} {escape(unit)}</text>')
    return _svg(parts, _TOP + len(ordered) * step + 14)


def lines(title: str, series: Mapping[str, Sequence[tuple[float, float]]], x_name: str, y_name: str) -> str:
    """Return a line a series, both axes logarithmic, with a grid at powers of ten."""
    points = [point for one in series.values() for point in one]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low_x, high_x = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs)))
    low_y, high_y = math.floor(math.log10(min(ys))), math.ceil(math.log10(max(ys)))
    high_x, high_y = max(high_x, low_x + 1), max(high_y, low_y + 1)

    def place(x: float, y: float) -> tuple[float, float]:
        across = (math.log10(x) - low_x) / (high_x - low_x)
        up = (math.log10(y) - low_y) / (high_y - low_y)
        return (
            _LEFT + across * (_WIDTH - _LEFT - _RIGHT),
            _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM),
        )

    parts = [f'<text class="t" x="12" y="22">{escape(title)}</text>']
    for power in range(low_x, high_x + 1):
        (x, bottom), (_, top) = place(10.0**power, 10.0**low_y), place(10.0**power, 10.0**high_y)
        parts.append(f'<line class="g" x1="{x:.1f}" y1="{bottom:.1f}" x2="{x:.1f}" y2="{top:.1f}"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 16:.1f}" text-anchor="middle">{10**power:,}</text>')
    for power in range(low_y, high_y + 1):
        (left, y), (right, _) = place(10.0**low_x, 10.0**power), place(10.0**high_x, 10.0**power)
        parts.append(f'<line class="g" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(x_name)}</text>')
    parts.append(
        f'<text transform="translate(18 {_HEIGHT / 2:.0f}) rotate(-90)" text-anchor="middle">{escape(y_name)}</text>'
    )
    for at, (name, one) in enumerate(series.items()):
        colour = _COLOURS[at % len(_COLOURS)]
        placed = [place(x, y) for x, y in one]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        parts.append(
            f'<text x="{_WIDTH - _RIGHT + 12}" y="{_TOP + 18 * at + 10}" style="fill:{colour}">{escape(name)}</text>'
        )
    return _svg(parts, _HEIGHT)


def _svg(parts: Sequence[str], height: int) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">'
    white = f'<rect width="{_WIDTH}" height="{height}" fill="#fff"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", white, *parts, "</svg>\n"])
