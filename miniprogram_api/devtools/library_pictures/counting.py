"""Scenes about figures: estimates and their ranges, reading an indicator; and what stands in articles."""

from math import cos, radians, sin

from miniprogram_api.devtools.library_pictures.canvas import Canvas, arc_points
from miniprogram_api.devtools.library_pictures.things import (
    AMBER,
    BLUE,
    BRICK,
    CORAL,
    GREEN,
    GREY,
    INK,
    LEAF,
    MINT,
    MIST,
    NAVY,
    PAPER,
    PINE,
    SKY,
    SNOW,
    STEEL,
    SUN,
    bicycle,
    cloud,
    leaf,
    panel,
    person,
    pine,
    soft_sun,
)

_FLAKES = (
    (1060, 90),
    (1240, 140),
    (1420, 80),
    (1520, 240),
    (1220, 300),
    (1340, 380),
    (1500, 470),
    (1230, 560),
    (1390, 620),
    (1060, 300),
    (1080, 540),
    (1530, 700),
    (1260, 790),
    (1420, 830),
    (1070, 800),
)


def avoided() -> Canvas:
    canvas = Canvas("#cfe6e8", "#fbf3df")
    canvas.disc(1310, 220, 190, "#ffffff4c")
    cloud(canvas, 260, 170, 82)
    cloud(canvas, 1330, 210, 90)
    canvas.hills(640, (110, 150, 110, 170, 120, 160, 110), "#d5e6da")
    canvas.hills(740, (20, 30, 20, 30, 20, 30, 20), "#b5d8bd")
    for x, high, colour, low, top in (
        (420, 220, LEAF, 100, 300),
        (690, 330, GREEN, 190, 470),
        (960, 430, PINE, 210, 590),
    ):
        canvas.box(x, 740 - high, 170, high, colour, 16)
        canvas.box(x + 18, 740 - high + 18, 26, high - 40, "#ffffff2c", 13)
        _whisker(canvas, x + 85, 740 - low, 740 - top, NAVY)
        canvas.disc(x + 85, 740 - high, 15, SUN)
    canvas.line([(340, 740), (1210, 740)], NAVY, 9)
    canvas.hills(830, (40, 50, 40, 50, 40, 50, 40), "#9dcca8")
    person(canvas, 230, 826, 200, coat=CORAL, hair=INK, stride=0.15)
    bicycle(canvas, 1300, 836, 52, AMBER)
    leaf(canvas, 1440, 660, 96, LEAF)
    leaf(canvas, 1434, 662, 70, GREEN, -1)
    return canvas


def not_a_credit() -> Canvas:
    canvas = Canvas("#dcebe8", "#fbf1dc")
    canvas.disc(800, 430, 400, "#ffffff50")
    canvas.box(0, 770, 1600, 130, "#d8c49a")
    canvas.box(0, 770, 1600, 16, "#c5af82")
    canvas.box(640, 738, 320, 36, NAVY, 14)
    canvas.shape([(776, 740), (824, 740), (810, 220), (790, 220)], NAVY)
    canvas.line([(360, 330), (1240, 230)], NAVY, 18)
    canvas.disc(800, 280, 34, AMBER)
    canvas.disc(800, 280, 16, SUN)
    for x, y in ((380, 328), (1220, 232)):
        for side in (-1, 1):
            canvas.line([(x, y), (x + side * 150, y + 270)], STEEL, 5)
        canvas.shape(arc_points(x, y + 268, 172, 0, 180), STEEL)
        canvas.box(x - 184, y + 258, 368, 24, NAVY, 12)
    canvas.shape([(280, 440), (410, 420), (430, 578), (300, 598)], "#eadfc6")
    canvas.box(320, 400, 150, 190, PAPER, 8)
    for row in range(4):
        canvas.box(342, 428 + row * 26, 106 - (row % 2) * 26, 9, GREY, 4)
    canvas.ring(426, 556, 27, CORAL, line=8)
    canvas.disc(426, 556, 12, CORAL)
    canvas.box(236, 520, 80, 70, GREEN, 8)
    canvas.box(248, 536, 56, 8, MINT, 4)
    canvas.box(1250, 356, 84, 134, INK, 16)
    canvas.box(1258, 370, 68, 102, SKY, 6)
    leaf(canvas, 1288, 446, 44, GREEN)
    canvas.shape([(1090, 490), (1090, 430), (1134, 420), (1168, 448), (1236, 464), (1242, 490)], CORAL)
    canvas.box(1086, 478, 160, 18, PAPER, 9)
    for x in (1140, 1160, 1180):
        canvas.line([(x, 436 + (x - 1140) * 0.3), (x - 14, 456 + (x - 1140) * 0.2)], PAPER, 6)
    return canvas


def read_indicator() -> Canvas:
    canvas = Canvas("#d3e8ea", "#faf2de")
    canvas.box(210, 130, 860, 600, "#00000012", 34)
    canvas.box(200, 116, 860, 600, PAPER, 34)
    canvas.box(250, 164, 220, 26, NAVY, 13)
    canvas.box(250, 208, 140, 18, GREY, 9)
    for row in range(4):
        canvas.box(250, 320 + row * 90, 760, 4, "#e4e9e6")
    for index, high in enumerate((330, 290, 300, 230, 170)):
        colour = (STEEL, STEEL, STEEL, BLUE, GREEN)[index]
        canvas.box(290 + index * 142, 650 - high, 92, high, colour, 12)
    canvas.box(250, 650, 760, 7, NAVY, 3)
    canvas.disc(880, 440, 176, "#ffffff90")
    canvas.ring(880, 440, 190, NAVY, line=26)
    canvas.line([(1022, 580), (1150, 706)], NAVY, 46)
    canvas.line([(1060, 616), (1140, 696)], AMBER, 26)
    canvas.arc(880, 440, 140, 200, 250, "#ffffff", 12)
    canvas.box(1180, 180, 250, 250, PAPER, 22)
    canvas.box(1180, 180, 250, 66, CORAL, 20)
    canvas.box(1180, 226, 250, 20, CORAL)
    for x in (1240, 1370):
        canvas.line([(x, 160), (x, 206)], NAVY, 14)
    for row in range(3):
        for column in range(4):
            on = (row, column) == (1, 2)
            canvas.box(1206 + column * 54, 270 + row * 50, 36, 32, GREEN if on else MIST, 8)
    canvas.shape([(160, 800), (1180, 760), (1186, 838), (166, 878)], SUN)
    for step in range(24):
        x = 186 + step * 41
        canvas.line(
            [(x, 799 - step * 1.6), (x + 1, 799 - step * 1.6 + (34 if step % 4 == 0 else 20))], BRICK, 5
        )
    leaf(canvas, 1380, 780, 150, LEAF)
    leaf(canvas, 1372, 784, 110, GREEN, -1)
    return canvas


def figure_range() -> Canvas:
    canvas = Canvas("#f2f7f5", "#fbf6ea")
    for row in range(5):
        canvas.box(240, 200 + row * 120, 1120, 4, "#dfe7e4")
    for x, high, low, top, colour in ((440, 150, 70, 230, LEAF), (920, 400, 120, 560, GREEN)):
        canvas.box(x, 740 - high, 240, high, colour, 18)
        _whisker(canvas, x + 120, 740 - low, 740 - top, NAVY)
        canvas.disc(x + 120, 740 - high, 20, SUN)
    canvas.line([(240, 740), (1360, 740)], NAVY, 9)
    person(canvas, 330, 734, 110, coat=CORAL)
    canvas.box(1230, 660, 120, 62, STEEL, 16)
    canvas.box(1244, 672, 92, 24, SKY, 6)
    canvas.disc(1256, 726, 12, INK)
    canvas.disc(1324, 726, 12, INK)
    return canvas


def figure_sun() -> Canvas:
    canvas = Canvas("#d7ebf2", "#fbf3e2")
    canvas.hills(760, (10, 14, 10, 14, 10, 14, 10), SNOW)
    for x in (800,):
        for angle, _colour, away in ((68, AMBER, 640), (24, CORAL, 640)):
            sun = (x - away * cos(radians(angle)), 700 - away * sin(radians(angle)))
            for shift in (-70, 0, 70):
                across = (sin(radians(angle)) * shift, cos(radians(angle)) * shift)
                start = (sun[0] + across[0] * 0.9, sun[1] - across[1] * 0.9)
                end = (x - 60 + across[0] * 0.9, 640 - across[1] * 0.9)
                stop = (start[0] + (end[0] - start[0]) * 0.82, start[1] + (end[1] - start[1]) * 0.82)
                canvas.line([start, stop], "#f7d78d" if angle > 50 else "#f3b49f", 9)
            soft_sun(canvas, sun[0], sun[1], 62, colour=SUN if angle > 50 else "#f39b7d")
    canvas.line([(960, 770), (960, 560)], STEEL, 16)
    canvas.line([(760, 770), (1010, 770)], STEEL, 14)
    panel(canvas, (690, 740), (760, 766), (250, -250), columns=2, rows=4)
    for x, high in ((1250, 220), (1370, 280), (1480, 210)):
        pine(canvas, x, 780, high)
    return canvas


def figure_wall() -> Canvas:
    canvas = Canvas("#fbead0", "#fbead0")
    canvas.box(960, 0, 640, 900, "#b9d6e2")
    for x, width, colour in ((560, 110, "#e7d3ad"), (670, 250, "#f4a98f"), (920, 60, "#9fb4bd")):
        canvas.box(x, 0, width, 900, colour)
    for row in range(8):
        for column in range(2):
            canvas.box(564 + column * 54 - (row % 2) * 24 + 2, 8 + row * 114, 48, 104, "#d9bf90", 4)
    canvas.box(540, 0, 22, 900, PAPER)
    for row in range(9):
        y = 60 + row * 98
        canvas.curve([(690, y), (740, y - 34), (790, y), (840, y - 34), (900, y)], "#f9cbb8", 10)
    for y in (180, 420, 660):
        canvas.shape(
            [
                (180, y - 46),
                (420, y - 46),
                (420, y - 84),
                (520, y),
                (420, y + 84),
                (420, y + 46),
                (180, y + 46),
            ],
            CORAL,
        )
        canvas.shape(
            [
                (1040, y - 10),
                (1110, y - 10),
                (1110, y - 26),
                (1146, y),
                (1110, y + 26),
                (1110, y + 10),
                (1040, y + 10),
            ],
            "#e9a28d",
        )
    for x, y in _FLAKES:
        canvas.disc(x, y, 12, SNOW)
    return canvas


def figure_lifecycle() -> Canvas:
    canvas = Canvas("#e6f2ef", "#fbf5e6")
    path = [(150, 620), (330, 470), (520, 560), (720, 430), (930, 500), (1090, 450)]
    canvas.curve(path, "#cfe0d6", 40)
    canvas.curve(path, "#e9f3ec", 26)
    canvas.arc(1250, 450, 165, -160, 150, "#cfe0d6", 40)
    canvas.arc(1250, 450, 165, -160, 150, "#f6ecd3", 26)
    canvas.shape([(1072, 470), (1150, 514), (1078, 560)], AMBER)
    for (x, y), colour, size in zip(
        path[:-1], (BLUE, STEEL, LEAF, GREEN, PINE), (58, 58, 58, 58, 70), strict=True
    ):
        canvas.disc(x, y + 6, size, "#00000014")
        canvas.disc(x, y, size, PAPER)
        canvas.disc(x, y, size - 12, colour)
        canvas.disc(x - size * 0.24, y - size * 0.26, size * 0.18, "#ffffff80")
    for angle in (-80, 10, 95):
        stop = (1250 + 165 * cos(radians(angle)), 450 + 165 * sin(radians(angle)))
        canvas.disc(*stop, 34, PAPER)
        canvas.disc(*stop, 26, AMBER)
    canvas.disc(1250, 450, 70, SUN)
    leaf(canvas, 1246, 494, 84, GREEN)
    return canvas


def _whisker(canvas: Canvas, x: float, low: float, high: float, colour: str) -> None:
    canvas.line([(x, low), (x, high)], colour, 9)
    for y in (low, high):
        canvas.line([(x - 34, y), (x + 34, y)], colour, 9)
