"""A canvas of 1600 by 900 with the few strokes that flat pictures need.

Everything is drawn at twice the size and made smaller, which smooths the edges. Colours are hex words; two
more digits are their opacity.
"""

from collections.abc import Sequence
from io import BytesIO
from math import cos, pi, radians, sin
from random import Random

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1600, 900
MOST_BYTES = 116_000
_SCALE = 2
Point = tuple[float, float]


class Canvas:
    """Coordinates are pixels of the finished picture, from the upper left corner."""

    def __init__(self, top: str, bottom: str) -> None:
        size = (WIDTH * _SCALE, HEIGHT * _SCALE)
        ramp = Image.linear_gradient("L").resize(size)
        self._image = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)
        self._pen = ImageDraw.Draw(self._image, "RGBA")

    def box(  # noqa: PLR0917  # a stroke: place, size, colour
        self, x: float, y: float, width: float, height: float, colour: str, radius: float = 0
    ) -> None:
        corners = (x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE)
        self._pen.rounded_rectangle(corners, radius * _SCALE, fill=colour)

    def frame(
        self, x: float, y: float, width: float, height: float, colour: str, *, line: float, radius: float = 0
    ) -> None:
        corners = (x * _SCALE, y * _SCALE, (x + width) * _SCALE, (y + height) * _SCALE)
        self._pen.rounded_rectangle(corners, radius * _SCALE, outline=colour, width=round(line * _SCALE))

    def disc(self, x: float, y: float, rx: float, colour: str, ry: float | None = None) -> None:
        ry = rx if ry is None else ry
        corners = ((x - rx) * _SCALE, (y - ry) * _SCALE, (x + rx) * _SCALE, (y + ry) * _SCALE)
        self._pen.ellipse(corners, fill=colour)

    def ring(self, x: float, y: float, radius: float, colour: str, *, line: float) -> None:
        corners = ((x - radius) * _SCALE, (y - radius) * _SCALE, (x + radius) * _SCALE, (y + radius) * _SCALE)
        self._pen.ellipse(corners, outline=colour, width=round(line * _SCALE))

    def shape(self, points: Sequence[Point], colour: str) -> None:
        self._pen.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A stroke with round ends and corners; of an opaque colour."""
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        self._pen.line(scaled, fill=colour, width=round(width * _SCALE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, colour)

    def arc(  # noqa: PLR0917  # a stroke: place, size, colour
        self, x: float, y: float, radius: float, start: float, end: float, colour: str, width: float
    ) -> None:
        """A part of a circle, degrees clockwise from the right."""
        self.line(arc_points(x, y, radius, start, end), colour, width)

    def curve(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A smooth stroke through the points."""
        self.line(smooth(points), colour, width)

    def blob(self, points: Sequence[Point], colour: str) -> None:
        """A smooth closed shape through the points."""
        self.shape(smooth([*points, points[0]], closed=True), colour)

    def hills(self, base: float, heights: Sequence[float], colour: str) -> None:
        """A smooth skyline across the whole width, so high above the base, down to the lower edge."""
        step = WIDTH / (len(heights) - 1)
        skyline = smooth([(index * step, base - height) for index, height in enumerate(heights)])
        self.shape([*skyline, (WIDTH, HEIGHT), (0, HEIGHT)], colour)

    def jpeg(self) -> bytes:
        """The picture as good as its bytes allow."""
        image = self._image.reduce(_SCALE)
        for quality in range(88, 60, -3):
            target = BytesIO()
            image.save(target, "JPEG", quality=quality, optimize=True, progressive=True, subsampling=0)
            if target.tell() <= MOST_BYTES:
                break
        return target.getvalue()


def arc_points(x: float, y: float, radius: float, start: float, end: float) -> list[Point]:
    steps = max(8, round(abs(end - start) / 3))
    angles = (radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles]


def smooth(points: Sequence[Point], *, closed: bool = False) -> list[Point]:
    """A Catmull-Rom curve through the points."""
    before = points[-2] if closed else points[0]
    after = points[1] if closed else points[-1]
    path = [before, *points, after]
    curve: list[Point] = []
    for a, b, c, d in zip(path, path[1:], path[2:], path[3:], strict=False):
        curve += [_between(a, b, c, d, step / 16) for step in range(16)]
    return [*curve, points[-1]]


def _between(a: Point, b: Point, c: Point, d: Point, t: float) -> Point:
    def axis(p: float, q: float, r: float, s: float) -> float:
        return 0.5 * (
            2 * q + (r - p) * t + (2 * p - 5 * q + 4 * r - s) * t**2 + (3 * q - p - 3 * r + s) * t**3
        )

    return axis(a[0], b[0], c[0], d[0]), axis(a[1], b[1], c[1], d[1])


def star_points(x: float, y: float, outer: float, inner: float, arms: int) -> list[Point]:
    return [
        (
            x + (outer, inner)[step % 2] * sin(pi * step / arms),
            y - (outer, inner)[step % 2] * cos(pi * step / arms),
        )
        for step in range(2 * arms)
    ]


def snowfall(canvas: Canvas, seed: int, *, flakes: int = 46, below: float = 620) -> None:
    """Flakes in the air, large ones few."""
    chance = Random(seed)
    for _ in range(flakes):
        size = chance.choice((2.5, 3, 3, 4, 5.5))
        canvas.disc(chance.uniform(0, WIDTH), chance.uniform(0, below), size, "#ffffffd8")
