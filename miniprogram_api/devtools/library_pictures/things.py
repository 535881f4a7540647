"""What stands in the scenes: trees, houses, panels, people, vehicles. Feet are given, things grow upwards."""

from math import cos, radians, sin

from miniprogram_api.devtools.library_pictures.canvas import Canvas, Point, arc_points

# One palette for all pictures.
SNOW, CREAM, PAPER, MIST = "#f6fafb", "#fbf4e4", "#fffdf7", "#dcebef"
MINT, LEAF, GREEN, PINE = "#bfe0cb", "#7cbf95", "#3f9272", "#1f5f56"
SUN, AMBER, CORAL, BRICK = "#f9cf6b", "#f2a84c", "#e8795c", "#b9543f"
SKY, BLUE, STEEL, NAVY = "#cfe6ef", "#6fa9c4", "#547d96", "#24455c"
SKIN, INK, GREY, SAND = "#f3cda8", "#1d3444", "#9fb4bd", "#e9d8b8"


def soft_sun(canvas: Canvas, x: float, y: float, radius: float, colour: str = SUN) -> None:
    canvas.disc(x, y, radius * 2.1, "#ffffff2e")
    canvas.disc(x, y, radius * 1.5, "#ffffff42")
    canvas.disc(x, y, radius, colour)


def cloud(canvas: Canvas, x: float, y: float, size: float, colour: str = "#ffffff") -> None:
    canvas.box(x - size, y - size * 0.34, size * 2, size * 0.5, colour, size * 0.25)
    canvas.disc(x - size * 0.35, y - size * 0.3, size * 0.42, colour)
    canvas.disc(x + size * 0.28, y - size * 0.24, size * 0.34, colour)


def pine(
    canvas: Canvas, x: float, foot: float, height: float, *, colour: str = GREEN, snow: bool = True
) -> None:
    canvas.box(x - height * 0.035, foot - height * 0.14, height * 0.07, height * 0.14, "#8a6a52")
    for tier, (low, high, half) in enumerate(((0.12, 0.55, 0.27), (0.36, 0.78, 0.21), (0.6, 1.0, 0.14))):
        left, right, top = x - half * height, x + half * height, foot - high * height
        canvas.shape([(left, foot - low * height), (right, foot - low * height), (x, top)], colour)
        if snow:
            cut = 0.42 if tier == 2 else 0.3
            drop = (high - low) * height * cut
            canvas.shape(
                [
                    (x, top),
                    (x + half * height * cut, top + drop),
                    (x + half * height * 0.1, top + drop * 0.72),
                    (x - half * height * 0.12, top + drop * 1.15),
                    (x - half * height * cut, top + drop),
                ],
                SNOW,
            )


def tree(canvas: Canvas, x: float, foot: float, height: float, colour: str = LEAF) -> None:
    canvas.box(x - height * 0.04, foot - height * 0.5, height * 0.08, height * 0.5, "#8a6a52", height * 0.03)
    canvas.disc(x, foot - height * 0.66, height * 0.3, colour, height * 0.34)
    canvas.disc(x - height * 0.09, foot - height * 0.74, height * 0.14, "#ffffff38")


def windows(
    canvas: Canvas,
    x: float,
    y: float,
    *,
    columns: int,
    rows: int,
    size: Point,
    gap: Point,
    lit: str = SUN,
    dark: str = "#8fb3c4",
    every: int = 5,
) -> None:
    for row in range(rows):
        for column in range(columns):
            on = (row * 7 + column * 11 + row * column * 3) % every < every // 2
            canvas.box(x + column * gap[0], y + row * gap[1], size[0], size[1], lit if on else dark, 4)


def panel(canvas: Canvas, left: Point, right: Point, rise: Point, *, columns: int = 4, rows: int = 2) -> None:
    """A photovoltaic panel: from its lower left to its lower right corner, and how it rises."""

    def at(u: float, v: float) -> Point:
        return (
            left[0] + (right[0] - left[0]) * u + rise[0] * v,
            left[1] + (right[1] - left[1]) * u + rise[1] * v,
        )

    canvas.shape([at(-0.015, -0.03), at(1.015, -0.03), at(1.015, 1.03), at(-0.015, 1.03)], "#dfeaf0")
    canvas.shape([at(0, 0), at(1, 0), at(1, 1), at(0, 1)], "#2c5f8a")
    canvas.shape([at(0, 0.55), at(0.45, 1), at(0, 1)], "#3f78a5")
    for column in range(1, columns):
        canvas.line([at(column / columns, 0), at(column / columns, 1)], "#8fb9d6", 2)
    for row in range(1, rows):
        canvas.line([at(0, row / rows), at(1, row / rows)], "#8fb9d6", 2)


def house(
    canvas: Canvas,
    x: float,
    foot: float,
    width: float,
    height: float,
    *,
    wall: str = CREAM,
    roof: str = CORAL,
    panels: bool = False,
    snow: bool = True,
) -> None:
    """A small house with a gable roof, seen from its side."""
    top, eave, ridge = foot - height, width * 0.1, height * 0.62
    canvas.box(x, top, width, height, wall)
    slope = [
        (x - eave, top),
        (x + width + eave, top),
        (x + width * 0.84, top - ridge),
        (x + width * 0.16, top - ridge),
    ]
    canvas.box(x + width * 0.72, top - ridge * 1.25, width * 0.09, ridge * 0.6, BRICK)
    canvas.shape(slope, roof)
    if snow:
        canvas.line([(x + width * 0.16, top - ridge), (x + width * 0.84, top - ridge)], SNOW, ridge * 0.16)
        canvas.line([(x - eave, top), (x + width + eave, top)], SNOW, ridge * 0.13)
    if panels:
        panel(
            canvas,
            (x + width * 0.1, top - ridge * 0.16),
            (x + width * 0.66, top - ridge * 0.16),
            (width * 0.115, -ridge * 0.66),
        )
    door = width * 0.17
    canvas.box(x + width * 0.64, foot - height * 0.62, door, height * 0.62, BRICK, 6)
    for at in (0.12, 0.36):
        canvas.box(x + width * at, foot - height * 0.72, width * 0.18, height * 0.34, SUN, 5)
        canvas.line(
            [
                (x + width * (at + 0.09), foot - height * 0.72),
                (x + width * (at + 0.09), foot - height * 0.38),
            ],
            wall,
            4,
        )


def block(
    canvas: Canvas,
    x: float,
    foot: float,
    width: float,
    height: float,
    *,
    wall: str,
    columns: int,
    rows: int,
    snow: bool = True,
    lit: str = SUN,
) -> None:
    """A building with rows of windows and a flat roof."""
    canvas.box(x, foot - height, width, height, wall, 6)
    canvas.box(x + width * 0.8, foot - height, width * 0.2, height, "#0000000f", 6)
    gap = (width * 0.86 / columns, height * 0.84 / rows)
    windows(
        canvas,
        x + width * 0.1,
        foot - height * 0.93,
        columns=columns,
        rows=rows,
        size=(gap[0] * 0.62, gap[1] * 0.56),
        gap=gap,
        lit=lit,
    )
    if snow:
        canvas.box(x - 6, foot - height - 10, width + 12, 18, SNOW, 9)


def person(
    canvas: Canvas,
    x: float,
    foot: float,
    height: float,
    *,
    coat: str,
    hat: str | None = None,
    legs: str = NAVY,
    hair: str = INK,
    stride: float = 0.1,
    facing: int = 1,
    arm: Point | None = None,
) -> None:
    """Somebody in a coat; `arm` is where a hand reaches, from the shoulder, in heights."""
    hip, neck, head = foot - height * 0.36, foot - height * 0.74, height * 0.13
    for side in (-1, 1):
        canvas.line(
            [(x + side * height * 0.03, hip), (x + side * stride * height, foot - height * 0.02)],
            legs,
            height * 0.085,
        )
        canvas.line(
            [
                (x + side * stride * height, foot - 3),
                (x + side * stride * height + facing * height * 0.05, foot - 3),
            ],
            INK,
            height * 0.055,
        )
    canvas.shape(
        [
            (x - height * 0.1, neck),
            (x + height * 0.1, neck),
            (x + height * 0.155, hip + height * 0.07),
            (x - height * 0.155, hip + height * 0.07),
        ],
        coat,
    )
    canvas.disc(x, neck + height * 0.02, height * 0.1, coat)
    _head(canvas, (x, neck - head * 0.72), head, hair=hair, hat=hat, facing=facing)
    canvas.box(
        x - height * 0.1,
        neck - height * 0.015,
        height * 0.2,
        height * 0.06,
        SUN if coat != AMBER else SNOW,
        height * 0.03,
    )
    reach = arm or (facing * 0.07, 0.27)
    canvas.line(
        [
            (x + facing * height * 0.03, neck + height * 0.08),
            (x + reach[0] * height, neck + reach[1] * height),
        ],
        _shade(coat),
        height * 0.07,
    )
    canvas.disc(x + reach[0] * height, neck + reach[1] * height, height * 0.036, SKIN)


def bicycle(canvas: Canvas, x: float, foot: float, size: float, colour: str = CORAL) -> None:
    """Its rear wheel stands at x; `size` is the radius of a wheel."""
    axle, front = foot - size, x + size * 2.7
    for at in (x, front):
        canvas.ring(at, axle, size, INK, line=size * 0.12)
        canvas.disc(at, axle, size * 0.14, GREY)
    pedal, seat, head = (
        (x + size * 1.15, axle),
        (x + size * 0.75, axle - size * 1.35),
        (x + size * 2.3, axle - size * 1.4),
    )
    for stroke in (
        [(x, axle), pedal],
        [pedal, seat],
        [(x, axle), (seat[0] + 6, seat[1] + 16)],
        [pedal, head],
        [seat, head],
    ):
        canvas.line(stroke, colour, size * 0.15)
    canvas.line([(front, axle), (head[0] - 4, head[1] - size * 0.36)], colour, size * 0.15)
    canvas.line([(seat[0] - size * 0.3, seat[1] - 8), (seat[0] + size * 0.3, seat[1] - 8)], INK, size * 0.18)
    canvas.line(
        [(head[0] - 4, head[1] - size * 0.36), (head[0] + size * 0.36, head[1] - size * 0.5)],
        INK,
        size * 0.13,
    )


def turbine(canvas: Canvas, x: float, foot: float, height: float, turn: float = 20) -> None:
    canvas.shape([(x - 9, foot), (x + 9, foot), (x + 4, foot - height), (x - 4, foot - height)], PAPER)
    for blade in range(3):
        angle = radians(turn + blade * 120)
        tip = (x + height * 0.46 * sin(angle), foot - height - height * 0.46 * cos(angle))
        side = (x + height * 0.12 * sin(angle + 0.35), foot - height - height * 0.12 * cos(angle + 0.35))
        canvas.shape([(x, foot - height), side, tip], PAPER)
    canvas.disc(x, foot - height, 11, "#e2ecef")


def car(canvas: Canvas, x: float, foot: float, width: float, colour: str = GREEN) -> None:
    unit = width / 10
    canvas.shape(
        [
            (x + unit * 1.9, foot - unit * 2.5),
            (x + unit * 3.2, foot - unit * 4.3),
            (x + unit * 6.7, foot - unit * 4.3),
            (x + unit * 8.4, foot - unit * 2.5),
        ],
        colour,
    )
    canvas.box(x, foot - unit * 2.75, width, unit * 2.1, colour, unit * 0.9)
    canvas.shape(
        [
            (x + unit * 2.6, foot - unit * 2.6),
            (x + unit * 3.5, foot - unit * 3.85),
            (x + unit * 4.8, foot - unit * 3.85),
            (x + unit * 4.8, foot - unit * 2.6),
        ],
        SKY,
    )
    canvas.shape(
        [
            (x + unit * 5.15, foot - unit * 2.6),
            (x + unit * 5.15, foot - unit * 3.85),
            (x + unit * 6.5, foot - unit * 3.85),
            (x + unit * 7.65, foot - unit * 2.6),
        ],
        SKY,
    )
    canvas.box(x + width - unit * 0.7, foot - unit * 2.2, unit * 0.7, unit * 0.5, SUN, unit * 0.2)
    canvas.box(x, foot - unit * 2.2, unit * 0.5, unit * 0.5, CORAL, unit * 0.2)
    for at in (2.3, 7.6):
        canvas.disc(x + unit * at, foot - unit * 0.75, unit * 1.02, INK)
        canvas.disc(x + unit * at, foot - unit * 0.75, unit * 0.5, MIST)


def leaf(  # noqa: PLR0917  # a stroke: place, size, colour
    canvas: Canvas, x: float, y: float, size: float, colour: str = LEAF, lean: float = 1
) -> None:
    canvas.blob(
        [
            (x, y),
            (x + lean * size * 0.52, y - size * 0.28),
            (x + lean * size * 0.62, y - size),
            (x + lean * size * 0.02, y - size * 0.55),
        ],
        colour,
    )
    canvas.line([(x, y), (x + lean * size * 0.42, y - size * 0.66)], "#ffffff", max(2, size * 0.035))


def _head(canvas: Canvas, centre: Point, size: float, *, hair: str, hat: str | None, facing: int) -> None:
    x, y = centre
    canvas.disc(x, y, size, hair)
    canvas.disc(x + facing * size * 0.16, y + size * 0.14, size * 0.84, SKIN)
    if hat:
        canvas.shape(_dome(x, y - size * 0.1, size * 1.06), hat)
        canvas.box(x - size * 1.15, y - size * 0.26, size * 2.3, size * 0.36, hat, size * 0.18)
        canvas.disc(x, y - size * 1.2, size * 0.26, SNOW)


def _dome(x: float, y: float, radius: float) -> list[Point]:
    return arc_points(x, y, radius, 180, 360)


def _shade(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"#{round(red * 0.86):02x}{round(green * 0.86):02x}{round(blue * 0.86):02x}"
