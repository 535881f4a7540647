"""Scenes of everyday life: waste, food, water, neighbours, one's own data, this service."""

from miniprogram_api.devtools.library_pictures.canvas import Canvas, Point, arc_points, smooth, snowfall
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
    NAVY,
    PAPER,
    PINE,
    SAND,
    SKY,
    SNOW,
    STEEL,
    SUN,
    block,
    cloud,
    house,
    leaf,
    person,
    soft_sun,
    tree,
    turbine,
)


def waste_sorting() -> Canvas:
    canvas = Canvas("#9fc7da", "#eaf1f0")
    cloud(canvas, 300, 160, 86)
    cloud(canvas, 1250, 130, 78)
    canvas.hills(560, (90, 130, 90, 140, 100, 130, 90), "#bcd7de")
    for x, high, wall in (
        (90, 330, "#f0dfc4"),
        (350, 270, "#e5e9e4"),
        (1130, 300, "#f0dfc4"),
        (1370, 350, "#e5e9e4"),
    ):
        block(canvas, x, 640, 210, high, wall=wall, columns=5, rows=5)
    canvas.hills(650, (20, 26, 20, 26, 20, 26, 20), "#e3eef2")
    canvas.box(0, 720, 1600, 180, "#f1f6f8")
    for index, (colour, dark) in enumerate(
        (("#4a8fb8", "#3a7699"), ("#4f9f6c", "#3d8258"), ("#d8604d", "#b64c3b"), ("#8c979d", "#727d83"))
    ):
        x = 420 + index * 200
        canvas.disc(x + 80, 790, 96, "#cfdde3", 16)
        canvas.shape([(x + 4, 520), (x + 156, 520), (x + 142, 786), (x + 18, 786)], colour)
        canvas.shape([(x + 112, 520), (x + 156, 520), (x + 142, 786), (x + 112, 786)], dark)
        canvas.box(x - 10, 486, 180, 40, dark, 14)
        canvas.box(x + 54, 474, 52, 18, dark, 9)
        canvas.box(x - 6, 474, 172, 20, SNOW, 10)
        canvas.disc(x + 72, 640, 40, PAPER)
        _bin_mark(canvas, index, x + 72, 640, dark)
    for x, y, size in ((160, 790, 62), (262, 806, 70), (214, 724, 60), (336, 816, 54)):
        _cabbage(canvas, x, y, size)
    person(canvas, 1300, 830, 220, coat=AMBER, hat=PINE, facing=-1, arm=(-0.3, 0.08))
    canvas.disc(1228, 690, 26, MINT)
    canvas.disc(1218, 682, 14, LEAF)
    snowfall(canvas, 33, flakes=50, below=520)
    return canvas


def food_waste() -> Canvas:
    canvas = Canvas("#f6e7c9", "#fbf4e4")
    canvas.disc(800, 270, 300, "#ffffff60")
    canvas.shape(arc_points(800, 300, 270, 0, 180), CORAL)
    canvas.shape([*arc_points(800, 300, 270, 0, 60), (800, 300)], "#d9684b")
    canvas.box(720, 556, 160, 34, BRICK, 12)
    canvas.blob(
        [(560, 300), (620, 210), (720, 170), (800, 190), (860, 240), (960, 262), (1040, 300), (800, 330)],
        PAPER,
    )
    for x, y in (
        (640, 240),
        (700, 206),
        (760, 220),
        (830, 262),
        (900, 276),
        (680, 268),
        (770, 276),
        (600, 282),
    ):
        canvas.disc(x, y, 10, "#ece2cc", 6)
    canvas.box(520, 286, 560, 26, "#f4b39f", 13)
    canvas.line([(1010, 180), (1210, 70)], BRICK, 14)
    canvas.line([(1040, 210), (1250, 120)], BRICK, 14)
    for x in (700, 800, 900):
        canvas.curve([(x, 130), (x + 18, 100), (x - 12, 74), (x + 8, 40)], "#ffffff", 10)
    canvas.line([(130, 690), (1470, 690)], "#e2c893", 12)
    for x in (270, 630, 990, 1330):
        canvas.line([(800, 596), (x, 690)], "#ecd7aa", 8)
    for x, colour in ((270, MINT), (630, SKY), (990, "#d8e2ea"), (1330, "#f9d9b8")):
        canvas.disc(x, 730, 118, colour)
    for x in (200, 235, 270, 305, 340):
        canvas.curve([(x, 790), (x + 4, 740), (x + 18, 690)], GREEN, 8)
        canvas.disc(x + 20, 694, 9, AMBER, 16)
    canvas.box(548, 690, 96, 76, PAPER, 8)
    canvas.box(648, 716, 62, 50, BLUE, 10)
    canvas.box(672, 724, 30, 22, SKY, 5)
    for x in (580, 620, 684):
        canvas.disc(x, 772, 16, INK)
    canvas.box(936, 644, 108, 168, PAPER, 14)
    canvas.box(936, 706, 108, 6, GREY)
    canvas.box(1022, 664, 8, 30, STEEL, 4)
    canvas.box(1022, 724, 8, 50, STEEL, 4)
    canvas.box(1262, 730, 136, 70, STEEL, 10)
    canvas.shape([(1276, 686), (1384, 686), (1370, 724), (1290, 724)], NAVY)
    canvas.line([(1384, 696), (1424, 690)], NAVY, 10)
    for x in (1296, 1330, 1364):
        canvas.shape([(x - 9, 776), (x, 742), (x + 9, 776)], SUN)
    return canvas


def water() -> Canvas:
    canvas = Canvas("#cfe7ee", "#eef5f0")
    for x, y, radius in ((240, 220, 90), (1360, 190, 120), (1290, 640, 70), (320, 660, 110)):
        canvas.disc(x, y, radius, "#ffffff58")
    canvas.box(0, 250, 560, 90, "#9fb4bd", 10)
    canvas.box(0, 262, 560, 20, "#c7d5da", 10)
    canvas.shape(arc_points(560, 430, 180, -90, 0) + arc_points(560, 430, 90, 0, -90), "#9fb4bd")
    canvas.arc(560, 430, 150, -88, -8, "#c7d5da", 16)
    canvas.box(636, 424, 118, 44, STEEL, 12)
    canvas.box(330, 140, 56, 120, "#9fb4bd", 12)
    canvas.box(250, 110, 216, 50, CORAL, 25)
    drop = [(695, 496), (760, 604), (772, 690), (695, 752), (618, 690), (630, 604)]
    canvas.blob(drop, BLUE)
    canvas.blob([(695, 520), (744, 610), (752, 686), (695, 732), (650, 690), (652, 610)], "#8fc3d9")
    canvas.shape([(712, 580), (660, 660), (690, 660), (676, 716), (734, 634), (702, 634), (724, 580)], SUN)
    canvas.disc(660, 640, 9, "#ffffff")
    canvas.disc(695, 842, 300, "#b6dbe6", 34)
    canvas.disc(695, 842, 190, "#9fd0df", 22)
    canvas.disc(695, 842, 90, "#7fbdd2", 12)
    _lamp(canvas, 1180, 430)
    canvas.curve([(790, 640), (900, 590), (980, 520), (1060, 470)], "#f3d58a", 9)
    canvas.shape([(1046, 446), (1086, 456), (1062, 492)], "#f3d58a")
    leaf(canvas, 1420, 800, 150, LEAF)
    leaf(canvas, 1412, 804, 110, GREEN, -1)
    return canvas


def community() -> Canvas:
    canvas = Canvas("#f7e6c6", "#f3ddb4")
    for x in (150, 620, 1090):
        canvas.box(x, 110, 360, 300, PAPER, 16)
        canvas.box(x + 16, 126, 328, 268, "#8fb9d0", 8)
        for dx, dy in (
            (40, 40),
            (120, 90),
            (210, 50),
            (290, 110),
            (70, 160),
            (170, 190),
            (260, 210),
            (310, 40),
        ):
            canvas.disc(x + 16 + dx, 126 + dy, 6, SNOW)
        canvas.shape(
            [
                *smooth([(x + 16, 372), (x + 100, 350), (x + 230, 366), (x + 344, 346)]),
                (x + 344, 394),
                (x + 16, 394),
            ],
            SNOW,
        )
        canvas.line([(x + 180, 126), (x + 180, 394)], PAPER, 12)
    canvas.box(0, 660, 1600, 240, "#d7b98a")
    for x in (320, 800, 1280):
        canvas.line([(x, 0), (x, 60)], INK, 6)
        canvas.shape([(x - 54, 100), (x + 54, 100), (x + 26, 56), (x - 26, 56)], CORAL)
        canvas.disc(x, 104, 20, SUN)
    for x, coat, hair, facing in (
        (330, CORAL, GREY, 1),
        (540, GREEN, INK, 1),
        (760, STEEL, BRICK, -1),
        (980, AMBER, GREY, -1),
        (1210, PINE, INK, -1),
    ):
        person(canvas, x, 800, 330, coat=coat, hair=hair, facing=facing, arm=(facing * 0.17, 0.24))
    canvas.box(180, 660, 1240, 42, "#a5795a", 14)
    canvas.box(180, 696, 1240, 14, "#8a6347", 7)
    for x in (240, 1340):
        canvas.box(x, 706, 30, 150, "#8a6347", 6)
    for x, colour in ((300, BLUE), (336, CORAL), (372, SUN)):
        canvas.box(x, 584, 30, 78, colour, 4)
    canvas.shape([(520, 660), (620, 600), (720, 660)], CORAL)
    canvas.shape([(586, 660), (620, 600), (654, 660)], "#f4b39f")
    canvas.line([(620, 600), (620, 580)], INK, 7)
    canvas.box(850, 604, 96, 58, GREEN, 10)
    canvas.disc(874, 632, 16, MINT)
    canvas.disc(922, 632, 16, MINT)
    canvas.line([(930, 604), (960, 566)], INK, 5)
    canvas.box(1080, 630, 120, 32, PAPER, 6)
    canvas.box(1086, 606, 108, 26, BLUE, 6)
    canvas.box(1094, 582, 92, 26, SUN, 6)
    return canvas


def privacy() -> Canvas:
    canvas = Canvas("#cfe3ea", "#eef3ee")
    canvas.disc(800, 450, 420, "#ffffff50")
    canvas.disc(800, 450, 320, "#ffffff58")
    shield = [
        (800, 90),
        (930, 150),
        (1090, 176),
        (1084, 460),
        (1000, 660),
        (800, 810),
        (600, 660),
        (516, 460),
        (510, 176),
        (670, 150),
    ]
    canvas.shape(shield, PINE)
    canvas.shape([(800 + (x - 800) * 0.9, 450 + (y - 450) * 0.9) for x, y in shield], GREEN)
    canvas.shape([(800, 126), (917, 180), (1061, 203), (1056, 459), (980, 639), (800, 774)], "#4ba37f")
    canvas.box(656, 190, 288, 500, INK, 36)
    canvas.box(672, 222, 256, 436, "#e9f3ee", 12)
    canvas.curve([(672, 560), (760, 500), (820, 430), (928, 390)], PAPER, 26)
    canvas.curve([(700, 224), (730, 330), (850, 400), (900, 656)], PAPER, 18)
    for x, y in ((700, 300), (860, 270), (720, 600), (870, 560)):
        canvas.box(x - 20, y - 18, 44, 38, MINT, 8)
    _pin(canvas, 800, 500, 66)
    for x, y, size in ((742, 474, 56), (862, 500, 60), (800, 530, 66)):
        cloud(canvas, x, y, size, "#ffffff")
    canvas.box(764, 204, 72, 10, GREY, 5)
    for x, y, scale in ((240, 230, 1.0), (1320, 250, 1.2), (1380, 660, 0.9), (210, 640, 1.15)):
        canvas.arc(x, y - 30 * scale, 30 * scale, 180, 360, STEEL, 12 * scale)
        canvas.box(x - 46 * scale, y - 26 * scale, 92 * scale, 76 * scale, SUN, 14 * scale)
        canvas.disc(x, y + 6 * scale, 11 * scale, NAVY)
        canvas.line([(x, y + 8 * scale), (x, y + 24 * scale)], NAVY, 7 * scale)
    return canvas


def welcome() -> Canvas:
    canvas = Canvas("#bfe0e4", "#fbf1da")
    canvas.disc(800, 460, 420, "#ffffff48")
    canvas.disc(800, 460, 320, "#ffffff50")
    canvas.shape([(400, 640), (1100, 560), (1240, 740), (520, 840)], "#00000014")
    canvas.shape([(380, 620), (1100, 540), (1230, 712), (500, 810)], INK)
    canvas.shape([(440, 628), (1080, 558), (1176, 698), (530, 782)], "#bfe0cb")
    canvas.shape([(560, 616), (660, 605), (900, 736), (800, 749)], SAND)
    for x, foot, high, wall in (
        (540, 680, 210, "#8fb9c8"),
        (620, 660, 290, "#e6d9c3"),
        (900, 640, 250, "#f0d7a6"),
    ):
        block(canvas, x, foot, 88, high, wall=wall, columns=3, rows=5, snow=False)
    house(canvas, 730, 690, 160, 92, panels=True, snow=False)
    turbine(canvas, 1060, 660, 290, 30)
    for x, foot, high in ((500, 710, 90), (700, 730, 80), (930, 720, 96), (1010, 690, 110), (1110, 680, 80)):
        tree(canvas, x, foot, high, LEAF if high > 85 else GREEN)
    soft_sun(canvas, 800, 190, 62)
    _bubble(canvas, 300, 280, CORAL)
    _pin(canvas, 300, 306, 46, colour=PAPER, eye=CORAL)
    _bubble(canvas, 1310, 250, GREEN)
    canvas.shape([(1250, 220), (1306, 236), (1306, 296), (1250, 280)], PAPER)
    canvas.shape([(1370, 220), (1314, 236), (1314, 296), (1370, 280)], PAPER)
    _bubble(canvas, 230, 590, BLUE)
    canvas.box(184, 556, 92, 76, PAPER, 10)
    canvas.box(184, 556, 92, 22, SUN, 8)
    for column in range(3):
        for row in range(2):
            canvas.box(198 + column * 24, 588 + row * 18, 14, 10, STEEL, 3)
    _bubble(canvas, 1400, 560, AMBER)
    leaf(canvas, 1396, 612, 92, PAPER)
    return canvas


def _bubble(canvas: Canvas, x: float, y: float, colour: str) -> None:
    canvas.disc(x, y + 10, 104, "#00000012")
    canvas.disc(x, y, 104, colour)
    canvas.disc(x - 40, y - 44, 20, "#ffffff40")


def _pin(
    canvas: Canvas, x: float, foot: float, size: float, *, colour: str = CORAL, eye: str = PAPER
) -> None:
    centre = foot - size * 1.1
    canvas.shape(
        [
            (x - size * 0.66, centre + size * 0.34),
            (x + size * 0.66, centre + size * 0.34),
            (x, foot + size * 0.3),
        ],
        colour,
    )
    canvas.disc(x, centre, size * 0.76, colour)
    canvas.disc(x, centre, size * 0.32, eye)


def _lamp(canvas: Canvas, x: float, y: float) -> None:
    canvas.disc(x, y, 170, "#f9cf6b30")
    canvas.disc(x, y, 120, "#f9cf6b48")
    canvas.disc(x, y, 78, SUN)
    canvas.shape([(x - 50, y + 58), (x + 50, y + 58), (x + 30, y + 100), (x - 30, y + 100)], SUN)
    for step in range(3):
        canvas.line([(x - 26, y + 108 + step * 17), (x + 26, y + 108 + step * 17)], STEEL, 13)


def _cabbage(canvas: Canvas, x: float, y: float, size: float) -> None:
    outline: list[Point] = [
        (x, y - size),
        (x + size * 0.6, y - size * 0.7),
        (x + size * 0.62, y + size * 0.3),
        (x, y + size * 0.6),
        (x - size * 0.62, y + size * 0.3),
        (x - size * 0.6, y - size * 0.7),
    ]
    canvas.blob(outline, GREEN)
    canvas.blob(
        [
            (x, y - size * 0.86),
            (x + size * 0.4, y - size * 0.5),
            (x + size * 0.36, y + size * 0.4),
            (x, y + size * 0.56),
            (x - size * 0.36, y + size * 0.4),
            (x - size * 0.4, y - size * 0.5),
        ],
        LEAF,
    )
    canvas.blob(
        [
            (x, y - size * 0.3),
            (x + size * 0.2, y),
            (x + size * 0.2, y + size * 0.46),
            (x, y + size * 0.56),
            (x - size * 0.2, y + size * 0.46),
            (x - size * 0.2, y),
        ],
        "#e8f3df",
    )


def _bin_mark(canvas: Canvas, index: int, x: float, y: float, colour: str) -> None:
    if index == 0:
        for turn in range(3):
            canvas.arc(x, y, 22, turn * 120 + 12, turn * 120 + 92, colour, 9)
    elif index == 1:
        leaf(canvas, x - 14, y + 20, 42, colour)
    elif index == 2:
        canvas.shape([(x, y - 26), (x + 26, y + 20), (x - 26, y + 20)], colour)
        canvas.line([(x, y - 8), (x, y + 5)], PAPER, 6)
        canvas.disc(x, y + 13, 3.5, PAPER)
    else:
        canvas.box(x - 17, y - 12, 34, 32, colour, 6)
        canvas.box(x - 22, y - 22, 44, 9, colour, 4)
