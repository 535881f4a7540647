"""Scenes about energy: sun and panels, heat pumps, insulation, the grid, cars in the cold, lamps, labels."""

from miniprogram_api.devtools.library_pictures.canvas import HEIGHT, WIDTH, Canvas, arc_points, snowfall
from miniprogram_api.devtools.library_pictures.things import (
    AMBER,
    BLUE,
    BRICK,
    CORAL,
    CREAM,
    GREEN,
    GREY,
    INK,
    LEAF,
    MINT,
    MIST,
    NAVY,
    PAPER,
    SAND,
    SKY,
    SNOW,
    STEEL,
    SUN,
    block,
    car,
    cloud,
    house,
    leaf,
    panel,
    person,
    pine,
    soft_sun,
    turbine,
    windows,
)


def winter_pv() -> Canvas:
    canvas = Canvas("#8fbfd8", "#fbe6c8")
    soft_sun(canvas, 1240, 470, 88)
    cloud(canvas, 380, 170, 92)
    cloud(canvas, 900, 240, 64)
    canvas.hills(600, (110, 180, 120, 160, 90, 140, 120), "#c2d8e2")
    canvas.hills(660, (70, 50, 100, 50, 80, 50, 90), "#dde9ee")
    for x, high in ((960, 120), (1030, 160), (1330, 130), (1400, 170), (1500, 140)):
        pine(canvas, x, 680, high)
    canvas.hills(720, (40, 50, 36, 60, 40, 60, 50), "#eaf2f5")
    canvas.box(170, 560, 640, 250, CREAM)
    canvas.shape([(110, 570), (870, 570), (740, 300), (240, 300)], STEEL)
    canvas.line([(240, 300), (740, 300)], SNOW, 34)
    canvas.blob(
        [
            (100, 572),
            (200, 556),
            (420, 566),
            (620, 556),
            (872, 570),
            (880, 596),
            (600, 588),
            (300, 596),
            (100, 596),
        ],
        SNOW,
    )
    for row, (y, left, right) in enumerate(((532, 222, 762), (424, 266, 714))):
        wide = (right - left - 36) / 3
        for index in range(3):
            at = left + index * (wide + 18)
            panel(
                canvas,
                (at, y),
                (at + wide, y),
                (0 if index == 1 else (14 if index == 0 else -14), -88),
                columns=4,
            )
        if row == 1:
            canvas.blob(
                [(268, 342), (400, 334), (560, 338), (712, 334), (706, 350), (520, 352), (300, 352)], SNOW
            )
    windows(canvas, 240, 630, columns=4, rows=1, size=(84, 96), gap=(112, 100), lit=SUN, dark=SUN)
    canvas.box(700, 640, 76, 170, BRICK, 8)
    canvas.hills(810, (40, 36, 26, 30, 26, 40, 30), SNOW)
    person(canvas, 1060, 830, 150, coat=CORAL, hat=NAVY, facing=-1, arm=(-0.24, -0.02))
    person(canvas, 1140, 836, 108, coat=GREEN, hat=SUN, facing=-1)
    snowfall(canvas, 9, flakes=26, below=420)
    return canvas


def heat_pump() -> Canvas:
    canvas = Canvas("#7fb2cc", "#e8f0f0")
    cloud(canvas, 300, 160, 92)
    cloud(canvas, 1330, 130, 80)
    canvas.hills(620, (120, 170, 110, 180, 130, 170, 120), "#b9d3de")
    for x, high in ((70, 200), (160, 150), (1480, 210), (1560, 160)):
        pine(canvas, x, 700, high)
    canvas.hills(700, (30, 24, 34, 24, 34, 24, 30), "#e3eef2")
    house(canvas, 860, 740, 520, 260, panels=False, roof=CORAL)
    canvas.disc(980, 660, 150, "#f9cf6b30")
    canvas.box(300, 480, 360, 260, PAPER, 22)
    canvas.box(300, 480, 360, 34, MIST, 16)
    canvas.ring(430, 628, 92, STEEL, line=14)
    canvas.disc(430, 628, 74, "#dbe8ee")
    for blade in range(4):
        for point in arc_points(430, 628, 44, blade * 90 + 20, blade * 90 + 22)[:1]:
            canvas.disc(point[0], point[1], 30, BLUE)
    canvas.disc(430, 628, 16, NAVY)
    for row in range(6):
        canvas.box(560, 540 + row * 30, 76, 12, GREY, 6)
    canvas.box(330, 740, 50, 24, STEEL, 4)
    canvas.box(580, 740, 50, 24, STEEL, 4)
    canvas.box(292, 462, 376, 30, SNOW, 15)
    canvas.line([(660, 690), (760, 690), (760, 700), (880, 700)], BRICK, 22)
    canvas.line([(660, 650), (790, 650), (790, 662), (880, 662)], BLUE, 22)
    for y, start in ((560, 90), (640, 60), (720, 100)):
        canvas.curve([(start, y), (start + 60, y - 22), (start + 120, y), (start + 170, y - 12)], SKY, 14)
        canvas.shape([(start + 166, y - 36), (start + 212, y - 14), (start + 170, y + 14)], SKY)
    canvas.hills(800, (40, 46, 34, 44, 34, 46, 40), SNOW)
    snowfall(canvas, 12, flakes=60)
    return canvas


def envelope() -> Canvas:
    canvas = Canvas("#6f9fbe", "#d7e7ec")
    canvas.disc(1300, 190, 62, "#f4efdc")
    cloud(canvas, 330, 190, 84, "#e8f0f4")
    canvas.hills(640, (110, 160, 100, 150, 110, 170, 120), "#a9c6d4")
    for x, high, wall in (
        (120, 240, "#8aa9ba"),
        (270, 180, "#94b1c0"),
        (1210, 210, "#8aa9ba"),
        (1370, 280, "#94b1c0"),
    ):
        block(canvas, x, 700, 130, high, wall=wall, columns=3, rows=4, lit="#c9d9df")
    canvas.hills(700, (20, 26, 20, 30, 20, 26, 20), "#e3eef2")
    canvas.disc(800, 520, 420, "#f9cf6b22")
    canvas.disc(800, 520, 330, "#f9cf6b28")
    canvas.box(590, 230, 420, 550, "#f6e0b6", 14)
    canvas.box(572, 206, 456, 46, SNOW, 22)
    windows(canvas, 640, 290, columns=3, rows=2, size=(82, 86), gap=(122, 116), lit=SUN, dark=SUN)
    windows(canvas, 640, 640, columns=3, rows=1, size=(82, 86), gap=(122, 116), lit=SUN, dark=SUN)
    for x in (681, 803, 925):
        for y in (290, 406, 640):
            canvas.line([(x, y + 4), (x, y + 82)], "#e7a94a", 6)
    _scarf(canvas)
    for x, lean in ((480, -1), (1120, 1)):
        for row in range(3):
            y = 340 + row * 120
            canvas.curve(
                [(x, y), (x + lean * 26, y - 26), (x + lean * 52, y), (x + lean * 80, y - 26)], "#e9f2f5", 10
            )
    canvas.hills(800, (40, 34, 40, 30, 40, 34, 40), SNOW)
    for x in (470, 1130):
        pine(canvas, x, 800, 170)
    snowfall(canvas, 21, flakes=80, below=760)
    return canvas


def grid_factor() -> Canvas:
    canvas = Canvas("#bfdfe6", "#faf0da")
    soft_sun(canvas, 210, 170, 62)
    cloud(canvas, 640, 150, 80)
    canvas.hills(560, (150, 210, 160, 190, 140, 200, 170), "#c9dfd4")
    canvas.hills(660, (90, 60, 110, 70, 90, 60, 90), "#b1d2bb")
    turbine(canvas, 130, 640, 330, 10)
    turbine(canvas, 270, 650, 270, 60)
    for x in (370, 470):
        canvas.line([(x + 36, 640), (x + 36, 600)], STEEL, 8)
        panel(canvas, (x, 620), (x + 84, 620), (24, -62), columns=3)
    canvas.shape([(600, 520), (760, 520), (790, 660), (570, 660)], "#d9e2e4")
    for x in (628, 668, 708):
        canvas.box(x, 560, 22, 110, BLUE, 8)
    canvas.box(590, 505, 180, 20, GREY, 6)
    canvas.shape([(830, 660), (930, 660), (912, 520), (904, 470), (856, 470), (848, 520)], "#e9d8c6")
    canvas.shape([(936, 660), (1036, 660), (1018, 540), (1010, 500), (962, 500), (954, 540)], "#f1e3d3")
    for step in range(3):
        canvas.disc(880 + step * 24, 440 - step * 32, 24 + step * 9, "#ffffffa8")
    canvas.hills(700, (34, 40, 30, 40, 30, 40, 34), "#95c49f")
    for x, top in ((320, 400), (720, 380), (1100, 390)):
        _pylon(canvas, x, 780, top)
    for drop, lift in ((0, 0), (0, 46)):
        for (x, y), (right, end) in (
            ((-20, 460), (320, 440)),
            ((320, 440), (720, 420)),
            ((720, 420), (1100, 430)),
            ((1100, 430), (1390, 420)),
        ):
            canvas.curve(
                [(x, y + lift), ((x + right) / 2, (y + end) / 2 + 44 + lift + drop), (right, end + lift)],
                NAVY,
                4,
            )
    canvas.disc(1390, 420, 190, "#f9cf6b2e")
    canvas.disc(1390, 420, 140, "#f9cf6b44")
    _bulb(canvas, 1390, 410, 96, SUN)
    canvas.line([(1390, 560), (1390, 720)], NAVY, 10)
    canvas.hills(810, (30, 40, 30, 40, 30, 40, 30), "#7fb78e")
    return canvas


def ev_cold() -> Canvas:
    canvas = Canvas("#7aa9c6", "#e9eff0")
    cloud(canvas, 260, 170, 90)
    cloud(canvas, 1180, 130, 80)
    canvas.hills(560, (110, 150, 100, 160, 120, 150, 110), "#a9c9d8")
    for x, high, wall in (
        (90, 230, "#c7d6dc"),
        (230, 300, "#b7cad3"),
        (1260, 260, "#c7d6dc"),
        (1400, 330, "#b7cad3"),
    ):
        block(canvas, x, 660, 120, high, wall=wall, columns=3, rows=6)
    for x, high in ((420, 150), (500, 190), (1180, 170)):
        pine(canvas, x, 670, high)
    canvas.hills(680, (24, 30, 20, 30, 20, 30, 24), "#e3eef2")
    canvas.box(0, 730, WIDTH, HEIGHT, "#d3e1e7")
    canvas.blob([(300, 800), (700, 770), (1200, 790), (1340, 830), (900, 860), (400, 850)], "#b9cdd6")
    car(canvas, 420, 820, 620, GREEN)
    canvas.blob([(610, 566), (720, 540), (840, 546), (860, 566), (780, 574), (660, 576)], SNOW)
    canvas.blob([(430, 670), (480, 652), (540, 660), (552, 674), (490, 682)], SNOW)
    leaf(canvas, 700, 750, 66, MINT)
    canvas.box(1180, 500, 130, 330, PAPER, 26)
    canvas.box(1206, 540, 78, 84, NAVY, 12)
    canvas.shape([(1252, 552), (1222, 588), (1242, 588), (1236, 614), (1268, 574), (1248, 574)], SUN)
    canvas.disc(1245, 668, 15, LEAF)
    canvas.box(1172, 484, 146, 32, SNOW, 16)
    canvas.curve([(1180, 700), (1110, 760), (1080, 700), (1030, 690)], INK, 13)
    canvas.box(1000, 674, 46, 32, INK, 8)
    canvas.disc(1012, 690, 7, LEAF)
    canvas.box(1160, 822, 170, 24, GREY, 10)
    person(canvas, 1440, 850, 190, coat=CORAL, hat=NAVY, facing=-1, arm=(-0.1, 0.2))
    snowfall(canvas, 15, flakes=70)
    return canvas


def led() -> Canvas:
    canvas = Canvas("#1b3a4d", "#37657a")
    for x, y, size in (
        (140, 130, 4),
        (320, 240, 3),
        (520, 90, 4),
        (1100, 120, 3),
        (1320, 220, 4),
        (1480, 110, 3),
        (240, 420, 3),
        (1420, 420, 3),
    ):
        canvas.disc(x, y, size, "#dcebef")
    for radius, strength in ((420, "14"), (330, "1c"), (250, "2a")):
        canvas.disc(800, 360, radius, f"#f9cf6b{strength}")
    canvas.line([(800, -20), (800, 120)], "#0f2735", 10)
    _bulb(canvas, 800, 350, 190, "#fde6a4", upright=False)
    leaf(canvas, 806, 452, 170, LEAF)
    leaf(canvas, 796, 456, 128, GREEN, -1)
    canvas.hills(760, (30, 60, 40, 70, 40, 60, 30), "#244a5c")
    canvas.box(0, 780, WIDTH, 120, "#163040")
    canvas.box(260, 764, 1080, 24, "#a5795a", 12)
    _bulb(canvas, 1180, 690, 62, "#8ba3ad")
    canvas.line([(1160, 690), (1170, 670), (1180, 692), (1190, 670), (1200, 690)], "#5d7682", 5)
    for x, colour, high in ((380, CORAL, 120), (420, SUN, 140), (460, BLUE, 108), (500, MINT, 130)):
        canvas.box(x, 764 - high, 34, high, colour, 5)
        canvas.box(x + 8, 764 - high + 16, 18, 8, PAPER, 4)
    canvas.shape([(640, 764), (760, 740), (800, 752), (840, 740), (960, 764)], PAPER)
    canvas.shape([(640, 764), (960, 764), (800, 770)], SAND)
    return canvas


def energy_label() -> Canvas:
    canvas = Canvas("#d9ece8", "#fbf2de")
    canvas.box(0, 720, WIDTH, 180, "#e3cfa6")
    canvas.box(0, 720, WIDTH, 16, "#cfb88a")
    canvas.box(1060, 110, 300, 210, "#b5d8e3", 14)
    canvas.frame(1060, 110, 300, 210, PAPER, line=12, radius=14)
    canvas.line([(1210, 116), (1210, 314)], PAPER, 8)
    canvas.box(190, 200, 290, 530, PAPER, 24)
    canvas.box(190, 400, 290, 8, GREY)
    canvas.box(450, 250, 12, 110, STEEL, 6)
    canvas.box(450, 440, 12, 150, STEEL, 6)
    canvas.box(580, 400, 320, 330, PAPER, 22)
    canvas.box(580, 400, 320, 66, MIST, 20)
    canvas.disc(850, 434, 15, CORAL)
    canvas.ring(700, 600, 96, STEEL, line=18)
    canvas.disc(700, 600, 78, "#9fcadb")
    canvas.disc(672, 576, 20, "#ffffff70")
    canvas.blob([(626, 620), (700, 596), (774, 624), (752, 668), (700, 678), (648, 668)], BLUE)
    canvas.box(560, 160, 400, 120, PAPER, 26)
    canvas.box(580, 246, 360, 14, GREY, 7)
    canvas.disc(920, 194, 9, LEAF)
    for x in (620, 700, 780):
        canvas.curve([(x, 300), (x - 14, 326), (x + 8, 346), (x - 6, 368)], "#a8d3e2", 9)
    for x, y, size in ((244, 440, 1.0), (806, 510, 0.62), (1090, 380, 2.1)):
        _label(canvas, x, y, size)
    person(canvas, 1000, 790, 250, coat=GREEN, hair=BRICK, facing=1, arm=(0.28, -0.02))
    return canvas


def _scarf(canvas: Canvas) -> None:
    canvas.blob(
        [(566, 536), (700, 556), (900, 556), (1034, 536), (1040, 612), (900, 634), (700, 634), (560, 612)],
        CORAL,
    )
    for x in (620, 700, 780, 860, 940):
        canvas.line([(x, 556), (x - 8, 622)], "#f4b39f", 16)
    canvas.shape([(880, 600), (980, 590), (1010, 770), (916, 782)], "#d9684b")
    canvas.line([(902, 690), (990, 680)], "#f4b39f", 16)
    for x in range(920, 1010, 16):
        canvas.line([(x, 778 - (x - 920) * 0.12), (x + 2, 806 - (x - 920) * 0.12)], "#d9684b", 7)
    canvas.box(862, 570, 90, 74, "#c75b40", 26)


def _pylon(canvas: Canvas, x: float, foot: float, top: float) -> None:
    for side in (-1, 1):
        canvas.line([(x + side * 46, foot), (x + side * 8, top)], STEEL, 7)
        canvas.line([(x + side * 60, top + 48), (x, top + 20)], STEEL, 6)
    for y in (0.3, 0.55, 0.8):
        half = 8 + 38 * y
        at = top + (foot - top) * y
        canvas.line([(x - half, at), (x + half, at)], STEEL, 5)
        canvas.line([(x - half, at), (x + half * 0.6, at - (foot - top) * 0.2)], STEEL, 4)
    canvas.line([(x - 60, top + 48), (x + 60, top + 48)], STEEL, 6)


def _bulb(canvas: Canvas, x: float, y: float, radius: float, glass: str, *, upright: bool = True) -> None:
    lean = 1 if upright else -1
    canvas.disc(x, y, radius, glass)
    neck = y + lean * radius * 0.8
    canvas.shape(
        [
            (x - radius * 0.66, y + lean * radius * 0.72),
            (x + radius * 0.66, y + lean * radius * 0.72),
            (x + radius * 0.36, y + lean * radius * 1.24),
            (x - radius * 0.36, y + lean * radius * 1.24),
        ],
        glass,
    )
    for step in range(3):
        at = neck + lean * radius * (0.44 + step * 0.16)
        canvas.line(
            [(x - radius * 0.3, at), (x + radius * 0.3, at)], GREY if step % 2 else STEEL, radius * 0.16
        )
    canvas.disc(x - radius * 0.4, y - radius * 0.36, radius * 0.17, "#ffffff90")


def _label(canvas: Canvas, x: float, y: float, size: float) -> None:
    canvas.box(x, y, 120 * size, 170 * size, "#3c86a8", 10 * size)
    canvas.box(x + 7 * size, y + 30 * size, 106 * size, 133 * size, PAPER, 6 * size)
    canvas.box(x + 16 * size, y + 11 * size, 66 * size, 9 * size, PAPER, 4 * size)
    for row, colour in enumerate(("#3f9272", "#8cc07a", SUN, AMBER, CORAL)):
        top, long = y + (42 + row * 23) * size, (38 + row * 11) * size
        left = x + 15 * size
        canvas.shape(
            [
                (left, top),
                (left + long, top),
                (left + long + 9 * size, top + 8 * size),
                (left + long, top + 16 * size),
                (left, top + 16 * size),
            ],
            colour,
        )
    canvas.shape(
        [(x + 104 * size, y + 42 * size), (x + 84 * size, y + 50 * size), (x + 104 * size, y + 58 * size)],
        INK,
    )
