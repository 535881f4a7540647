"""Scenes about demonstration zones: types, levels, their course, schools, scenic areas, the plan."""

from miniprogram_api.devtools.library_pictures.canvas import Canvas, arc_points, snowfall, star_points
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
    SAND,
    SKY,
    SNOW,
    STEEL,
    SUN,
    block,
    cloud,
    house,
    leaf,
    panel,
    person,
    pine,
    soft_sun,
    tree,
    turbine,
)


def six_types() -> Canvas:
    canvas = Canvas("#a9d0df", "#f4efe2")
    soft_sun(canvas, 1290, 190, 66)
    cloud(canvas, 330, 170, 90)
    cloud(canvas, 900, 120, 70)
    canvas.hills(640, (150, 210, 120, 190, 110, 230, 160, 250, 200), "#bcd7d6")
    canvas.hills(660, (60, 90, 50, 110, 70, 60, 130, 210, 150), "#9cc4bb")
    canvas.hills(700, (20, 30, 24, 34, 26, 30, 22, 30, 26), SNOW)
    block(canvas, 70, 690, 92, 330, wall="#e6d9c3", columns=3, rows=8)
    block(canvas, 172, 690, 80, 240, wall="#d4e1e0", columns=3, rows=6)
    _sawtooth(canvas, 300, 690, 250, 120, wall="#dd9f86")
    canvas.box(500, 440, 26, 250, BRICK, 6)
    canvas.box(494, 432, 38, 18, SNOW, 9)
    block(canvas, 600, 690, 170, 290, wall="#8fb9c8", columns=5, rows=6)
    panel(canvas, (612, 392), (744, 392), (18, -40))
    block(canvas, 815, 690, 240, 170, wall="#f0d7a6", columns=6, rows=3)
    canvas.box(905, 490, 60, 40, "#f0d7a6")
    canvas.shape([(895, 492), (975, 492), (935, 452)], CORAL)
    canvas.line([(935, 452), (935, 395)], INK, 5)
    canvas.shape([(937, 396), (985, 410), (937, 426)], CORAL)
    for x, high in ((1100, 200), (1180, 240), (1260, 190)):
        block(canvas, x, 690, 70, high, wall="#f3e7d6", columns=2, rows=5)
        canvas.shape([(x - 8, 690 - high), (x + 78, 690 - high), (x + 35, 655 - high)], "#c8785f")
    for x, high in ((1390, 170), (1450, 230), (1520, 190), (1350, 120), (1575, 140)):
        pine(canvas, x, 700, high)
    _front_snow(canvas)
    for x, coat in ((455, CORAL), (500, GREEN), (1010, AMBER), (1066, STEEL)):
        person(canvas, x, 800, 92, coat=coat, hat=BRICK if coat == GREEN else NAVY)
    snowfall(canvas, 1)
    return canvas


def three_levels() -> Canvas:
    canvas = Canvas("#bfe0e4", "#fbf3df")
    soft_sun(canvas, 1300, 180, 74)
    cloud(canvas, 260, 180, 80)
    cloud(canvas, 700, 130, 62)
    canvas.hills(720, (120, 190, 110, 200, 130, 170, 120), "#cfe3d6")
    canvas.hills(800, (60, 30, 70, 40, 60, 30, 60), "#e6efdf")
    turbine(canvas, 1500, 900, 560, 75)
    for x, top, face, lid in (
        (150, 690, "#d8c49a", "#e9d8b8"),
        (560, 560, "#8fc39f", "#b4dcbc"),
        (970, 430, "#3f9272", "#6bb392"),
    ):
        canvas.box(x, top, 440, 900 - top, face)
        canvas.box(x, top, 440, 34, lid)
    block(canvas, 240, 690, 150, 180, wall="#efe3d0", columns=3, rows=4, snow=False)
    canvas.box(430, 570, 34, 120, BRICK, 5)
    for step in range(3):
        canvas.disc(447 + step * 22, 545 - step * 34, 22 + step * 8, "#ffffff9a")
    block(canvas, 640, 560, 150, 170, wall="#f3e7d6", columns=3, rows=3, snow=False)
    panel(canvas, (652, 384), (770, 384), (16, -44))
    tree(canvas, 850, 560, 120)
    tree(canvas, 930, 560, 92, GREEN)
    house(canvas, 1080, 430, 220, 110, panels=True, snow=False, roof=PINE)
    tree(canvas, 1036, 430, 120)
    tree(canvas, 1350, 430, 140)
    person(canvas, 500, 690, 96, coat=CORAL, arm=(0.2, 0.02))
    person(canvas, 600, 560, 96, coat=STEEL, arm=(0.2, 0.02))
    leaf(canvas, 1180, 560, 84, MINT)
    leaf(canvas, 1174, 560, 62, MINT, -1)
    return canvas


def lifecycle() -> Canvas:
    canvas = Canvas("#cfe7e6", "#faf3e0")
    canvas.hills(520, (210, 250, 190, 260, 230, 290, 240), "#bcdccb")
    canvas.hills(640, (180, 130, 190, 120, 170, 120, 190), "#a4cfb3")
    canvas.hills(760, (120, 90, 150, 110, 170, 130, 110), "#8abf9d")
    road = [
        (-40, 840),
        (220, 800),
        (420, 690),
        (660, 690),
        (860, 780),
        (1090, 740),
        (1220, 600),
        (1110, 470),
        (1230, 360),
        (1420, 330),
    ]
    canvas.curve(road, "#e6d3ac", 92)
    canvas.curve(road, SAND, 76)
    for x, y in ((110, 820), (540, 680), (760, 735), (980, 776), (1196, 650), (1120, 500)):
        canvas.line([(x - 14, y), (x + 14, y)], PAPER, 7)
    canvas.line([(250, 720), (250, 610)], INK, 12)
    canvas.box(196, 530, 108, 90, CORAL, 22)
    canvas.box(218, 566, 64, 10, PAPER, 5)
    canvas.ring(560, 520, 62, NAVY, line=16)
    canvas.disc(560, 520, 48, "#ffffffb0")
    canvas.line([(602, 566), (650, 622)], NAVY, 22)
    canvas.line([(900, 690), (900, 540)], INK, 10)
    canvas.line([(1010, 690), (1010, 540)], INK, 10)
    canvas.box(868, 476, 174, 124, PAPER, 10)
    canvas.box(868, 476, 174, 26, GREEN, 8)
    for row in range(3):
        canvas.box(890, 520 + row * 24, 130 - row * 24, 10, GREY, 5)
    _crane(canvas, 1380, 700)
    canvas.disc(1450, 250, 74, AMBER)
    canvas.disc(1450, 250, 56, SUN)
    canvas.shape(star_points(1450, 250, 36, 16, 5), PAPER)
    canvas.shape([(1410, 310), (1386, 402), (1428, 380), (1440, 326)], CORAL)
    canvas.shape([(1490, 310), (1514, 402), (1472, 380), (1460, 326)], CORAL)
    for x, foot, high in ((90, 700, 110), (720, 560, 90), (410, 560, 80), (1290, 480, 70), (60, 560, 70)):
        tree(canvas, x, foot, high, GREEN if high < 85 else LEAF)
    cloud(canvas, 260, 170, 84)
    cloud(canvas, 820, 130, 74)
    return canvas


def near_zero_school() -> Canvas:
    canvas = Canvas("#a8cfe0", "#f8efe0")
    soft_sun(canvas, 1370, 170, 70)
    cloud(canvas, 240, 170, 88)
    canvas.hills(600, (140, 190, 120, 200, 150, 210, 170), "#c3dbdd")
    canvas.hills(660, (40, 60, 36, 50, 40, 56, 44), "#e7f1f3")
    block(canvas, 300, 690, 640, 260, wall="#f4dcae", columns=12, rows=3)
    block(canvas, 940, 690, 330, 200, wall="#eec797", columns=6, rows=2)
    canvas.box(540, 380, 160, 310, "#f8e8c8", 6)
    canvas.box(530, 368, 180, 20, SNOW, 10)
    canvas.disc(620, 446, 36, PAPER)
    canvas.ring(620, 446, 36, CORAL, line=7)
    canvas.line([(620, 446), (620, 422)], INK, 5)
    canvas.line([(620, 446), (636, 454)], INK, 5)
    canvas.box(580, 580, 80, 110, BRICK, 10)
    for x in (330, 436, 730, 836):
        panel(canvas, (x, 420), (x + 84, 420), (18, -58), columns=3)
    for x in (960, 1062, 1164):
        panel(canvas, (x, 480), (x + 82, 480), (18, -54), columns=3)
    canvas.line([(200, 690), (200, 360)], STEEL, 7)
    canvas.shape([(204, 362), (286, 376), (204, 416)], CORAL)
    for x, high in ((80, 210), (150, 150), (1370, 190), (1460, 250), (1550, 180)):
        pine(canvas, x, 700, high)
    canvas.hills(720, (30, 20, 34, 20, 28, 20, 30), SNOW)
    canvas.shape([(560, 712), (680, 712), (860, 900), (380, 900)], "#e9e2d2")
    for x, foot, high, coat, hat in (
        (470, 830, 130, CORAL, NAVY),
        (560, 800, 118, GREEN, SUN),
        (700, 812, 122, STEEL, CORAL),
        (800, 850, 136, AMBER, GREEN),
    ):
        person(canvas, x, foot, high, coat=coat, hat=hat, facing=1 if x < 640 else -1)
        canvas.box(x - (30 if x < 640 else -8), foot - high * 0.7, 22, high * 0.28, BRICK, 8)
    snowfall(canvas, 4)
    return canvas


def factory_park() -> Canvas:
    canvas = Canvas("#b4d6df", "#f9f0dc")
    soft_sun(canvas, 250, 190, 64)
    cloud(canvas, 620, 140, 80)
    cloud(canvas, 1300, 200, 92)
    canvas.hills(640, (120, 170, 130, 190, 150, 180, 140), "#c6dfd6")
    turbine(canvas, 1110, 650, 330, 15)
    turbine(canvas, 1450, 650, 400, 70)
    canvas.hills(700, (20, 26, 18, 26, 20, 26, 20), "#a9cf9f")
    canvas.box(560, 330, 44, 360, "#c8785f", 8)
    canvas.box(552, 322, 60, 24, "#b9543f", 8)
    _sawtooth(canvas, 150, 690, 640, 230, wall="#e9b79c", panels=True)
    block(canvas, 1010, 690, 220, 250, wall="#d7e6e4", columns=5, rows=4, snow=False)
    block(canvas, 1250, 690, 150, 180, wall="#f2e2c4", columns=3, rows=3, snow=False)
    canvas.line([(790, 560), (900, 560), (900, 610), (1010, 610)], CORAL, 24)
    canvas.line([(790, 610), (864, 610), (864, 654), (1010, 654)], BLUE, 24)
    for x in (826, 948):
        canvas.box(x, 540, 14, 150, STEEL, 5)
    canvas.hills(760, (30, 26, 30, 26, 30), "#8fbf93")
    canvas.box(0, 770, 1600, 130, "#6f8792")
    for x in range(40, 1600, 170):
        canvas.box(x, 830, 90, 10, "#e6edf0", 5)
    canvas.box(980, 670, 190, 120, PAPER, 12)
    leaf(canvas, 1050, 760, 62, LEAF)
    canvas.box(1170, 706, 92, 84, GREEN, 14)
    canvas.box(1206, 720, 46, 36, SKY, 8)
    for x in (1030, 1120, 1220):
        canvas.disc(x, 796, 24, INK)
        canvas.disc(x, 796, 11, MIST)
    for x, high in ((70, 130), (870, 90), (1490, 150), (1560, 120)):
        tree(canvas, x, 710, high)
    person(canvas, 420, 768, 104, coat=AMBER, hat=SUN)
    person(canvas, 480, 768, 100, coat=STEEL)
    person(canvas, 526, 768, 98, coat=CORAL, facing=-1)
    return canvas


def scenic_visitor() -> Canvas:
    canvas = Canvas("#a7d3df", "#f7f0da")
    soft_sun(canvas, 420, 190, 72)
    cloud(canvas, 900, 150, 90)
    cloud(canvas, 1300, 230, 70)
    canvas.hills(520, (200, 300, 210, 330, 230, 300, 220), "#b3d4cb")
    canvas.hills(540, (110, 150, 200, 120, 190, 240, 180), "#8fc0a8")
    for step in range(24):
        x = 30 + step * 67
        pine(
            canvas,
            x,
            570 + (step * 37) % 24,
            110 + (step * 53) % 80,
            colour=GREEN if step % 3 else PINE,
            snow=False,
        )
    canvas.blob(
        [(-60, 610), (400, 556), (900, 560), (1660, 590), (1700, 800), (900, 850), (-60, 800)], "#7fb9cd"
    )
    canvas.blob([(60, 640), (500, 600), (1000, 600), (1560, 640), (1200, 700), (500, 700)], "#a3d0dd")
    for x, y, long in ((300, 660, 120), (760, 640, 90), (1120, 680, 130), (560, 730, 100), (1330, 720, 90)):
        canvas.box(x, y, long, 7, "#ffffffb0", 4)
    canvas.shape([(900, 690), (1090, 690), (1056, 732), (934, 732)], BRICK)
    canvas.line([(992, 690), (992, 560)], INK, 7)
    canvas.shape([(1000, 566), (1000, 676), (1076, 676)], PAPER)
    canvas.shape([(984, 590), (984, 676), (926, 676)], SUN)
    canvas.hills(850, (60, 50, 40, 30, 34, 44, 60), "#9dcc94")
    canvas.curve([(-20, 860), (400, 838), (900, 856), (1620, 824)], SAND, 74)
    x, foot = 260, 850
    canvas.box(x, foot - 70, 330, 52, GREEN, 16)
    canvas.box(x + 6, foot - 176, 318, 20, PINE, 9)
    for at in (14, 110, 206, 306):
        canvas.box(x + at, foot - 160, 9, 96, PINE, 4)
    for at, coat in ((66, CORAL), (160, AMBER), (256, STEEL)):
        canvas.box(x + at - 18, foot - 110, 40, 50, coat, 14)
        canvas.disc(x + at, foot - 126, 19, INK)
        canvas.disc(x + at + 4, foot - 122, 15, "#f3cda8")
    for at in (62, 268):
        canvas.disc(x + at, foot - 12, 28, INK)
        canvas.disc(x + at, foot - 12, 13, MIST)
    for at, high in ((1400, 190), (1490, 260), (1570, 210), (1320, 120)):
        pine(canvas, at, 850, high, colour=PINE, snow=False)
    return canvas


def plan_paper() -> Canvas:
    canvas = Canvas("#cbe5e4", "#fbf1da")
    canvas.disc(800, 420, 430, "#ffffff40")
    canvas.disc(800, 420, 320, "#ffffff4c")
    soft_sun(canvas, 1060, 220, 60)
    cloud(canvas, 420, 240, 84)
    cloud(canvas, 1240, 330, 70)
    for x, high, width, wall in (
        (500, 240, 92, "#8fb9c8"),
        (604, 320, 96, "#e6d9c3"),
        (940, 280, 96, "#d4e1e0"),
        (1044, 200, 86, "#f0d7a6"),
    ):
        block(canvas, x, 650, width, high, wall=wall, columns=3, rows=6, snow=False)
    house(canvas, 728, 650, 180, 110, panels=True, snow=False)
    turbine(canvas, 1180, 650, 320, 40)
    for x, high in ((450, 130), (704, 100), (925, 92), (1144, 120), (1240, 90)):
        tree(canvas, x, 654, high, LEAF if high > 95 else GREEN)
    canvas.shape([(220, 690), (790, 640), (790, 838), (180, 872)], "#d9c7a0")
    canvas.shape([(1380, 690), (810, 640), (810, 838), (1420, 872)], "#d9c7a0")
    canvas.shape([(230, 672), (800, 634), (800, 826), (190, 856)], PAPER)
    canvas.shape([(1370, 672), (800, 634), (800, 826), (1410, 856)], "#f6efdf")
    for row in range(4):
        left, fall = 300 - row * 12, row * 40
        canvas.line([(left, 704 + fall), (730, 676 + fall * 0.98)], GREY if row else GREEN, 9)
        canvas.line([(1300 + row * 12, 704 + fall), (870, 676 + fall * 0.98)], GREY, 9)
    canvas.line([(800, 640), (800, 828)], "#cbb88f", 5)
    return canvas


def open_gate() -> Canvas:
    canvas = Canvas("#b3d9e2", "#f9f1dd")
    soft_sun(canvas, 800, 270, 92)
    cloud(canvas, 300, 170, 90)
    cloud(canvas, 1330, 160, 84)
    canvas.hills(620, (150, 210, 160, 220, 170, 220, 160), "#bfdccb")
    block(canvas, 610, 640, 130, 190, wall="#d4e1e0", columns=3, rows=4, snow=False)
    house(canvas, 780, 640, 190, 110, panels=True, snow=False)
    turbine(canvas, 1030, 640, 280, 50)
    for x, high in ((560, 120), (764, 90), (990, 100), (1080, 120)):
        tree(canvas, x, 644, high)
    canvas.hills(680, (30, 40, 30, 44, 30, 40, 30), "#98c995")
    canvas.shape([(700, 664), (900, 664), (1180, 900), (420, 900)], SAND)
    for side, x in ((1, 380), (-1, 1220)):
        canvas.box(x - 46, 330, 92, 450, "#e5cda0", 8)
        canvas.box(x - 62, 310, 124, 34, CORAL, 10)
        canvas.disc(x, 288, 30, SUN)
        canvas.shape(
            [(x + side * 46, 400), (x + side * 230, 470), (x + side * 230, 740), (x + side * 46, 780)],
            "#3f9272d8",
        )
        for bar in range(1, 6):
            at = 46 + bar * 30.6
            canvas.line([(x + side * at, 410 + bar * 11), (x + side * at, 774 - bar * 6)], MINT, 6)
    for x in (60, 160, 260, 1340, 1440, 1540):
        canvas.box(x - 50, 660, 100, 120, "#7fb78e", 46)
    for x, foot, high, coat, facing in (
        (660, 800, 130, CORAL, 1),
        (735, 812, 92, SUN, 1),
        (900, 780, 122, STEEL, -1),
        (1010, 850, 142, GREEN, -1),
    ):
        person(canvas, x, foot, high, coat=coat, facing=facing)
    return canvas


def _front_snow(canvas: Canvas) -> None:
    canvas.hills(740, (26, 40, 24, 38, 20, 36, 28), "#eaf3f5")
    canvas.hills(820, (20, 36, 26, 40, 24, 34, 22), SNOW)


def _sawtooth(
    canvas: Canvas, x: float, foot: float, width: float, height: float, *, wall: str, panels: bool = False
) -> None:
    canvas.box(x, foot - height, width, height, wall)
    tooth = width / 4
    for index in range(4):
        left, top = x + index * tooth, foot - height
        canvas.shape([(left, top), (left + tooth, top), (left + tooth, top - tooth * 0.5)], wall)
        canvas.shape(
            [
                (left + tooth - 8, top),
                (left + tooth, top),
                (left + tooth, top - tooth * 0.5),
                (left + tooth - 8, top - tooth * 0.46),
            ],
            SKY,
        )
        if panels:
            panel(
                canvas, (left + 16, top - 16), (left + tooth - 18, top - tooth * 0.46), (-6, -22), columns=4
            )
        else:
            canvas.line([(left, top), (left + tooth, top - tooth * 0.5)], SNOW, 11)
        canvas.box(left + tooth * 0.22, foot - height * 0.66, tooth * 0.5, height * 0.3, "#8fb3c4", 6)
    canvas.box(x + width * 0.42, foot - height * 0.32, width * 0.14, height * 0.32, BRICK, 4)


def _crane(canvas: Canvas, x: float, foot: float) -> None:
    block(canvas, x - 70, foot, 130, 120, wall="#e9d8b8", columns=3, rows=2, snow=False, lit=SKY)
    canvas.line([(x + 90, foot), (x + 90, foot - 220)], AMBER, 14)
    canvas.line([(x + 140, foot - 214), (x - 90, foot - 214)], AMBER, 12)
    canvas.line([(x + 90, foot - 262), (x - 80, foot - 218)], AMBER, 5)
    canvas.line([(x + 90, foot - 262), (x + 136, foot - 218)], AMBER, 5)
    canvas.line([(x + 90, foot - 220), (x + 90, foot - 262)], AMBER, 10)
    canvas.line([(x - 60, foot - 210), (x - 60, foot - 150)], INK, 4)
    canvas.box(x - 86, foot - 152, 52, 26, CORAL, 4)
    canvas.shape(arc_points(x + 90, foot, 34, 180, 360), INK)
