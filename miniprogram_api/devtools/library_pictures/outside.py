"""Scenes on the way: trams, winter walks, families and classes on a visit, a school's campaign."""

from miniprogram_api.devtools.library_pictures.canvas import Canvas, snowfall
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
    PINE,
    SAND,
    SKY,
    SNOW,
    STEEL,
    SUN,
    bicycle,
    block,
    cloud,
    leaf,
    panel,
    person,
    pine,
    soft_sun,
    tree,
    windows,
)


def by_tram() -> Canvas:
    canvas = Canvas("#9cc8db", "#f3eee0")
    soft_sun(canvas, 1330, 170, 60)
    cloud(canvas, 360, 150, 86)
    canvas.hills(600, (80, 110, 80, 120, 90, 110, 80), "#c3dbe0")
    for x, high, wall in (
        (20, 300, "#e6d9c3"),
        (190, 380, "#d4e1e0"),
        (1130, 340, "#f0dfc4"),
        (1300, 270, "#d4e1e0"),
        (1450, 360, "#e6d9c3"),
    ):
        block(canvas, x, 650, 150, high, wall=wall, columns=4, rows=6)
    canvas.hills(660, (16, 20, 16, 20, 16, 20, 16), "#e9f2f5")
    canvas.line([(0, 250), (1600, 250)], INK, 4)
    x, foot = 330, 770
    canvas.line([(x + 380, foot - 330), (x + 440, 252)], INK, 7)
    canvas.line([(x + 500, foot - 330), (x + 440, 252)], INK, 7)
    canvas.box(x, foot - 320, 820, 290, GREEN, 46)
    canvas.box(x, foot - 128, 820, 98, PINE, 30)
    canvas.box(x + 20, foot - 332, 780, 26, SNOW, 13)
    canvas.box(x + 14, foot - 142, 792, 16, CREAM)
    for index in range(5):
        at = x + 120 + index * 122
        canvas.box(at, foot - 284, 104, 122, SKY, 12)
        canvas.disc(at + 52, foot - 188, 22, (INK, BRICK, INK, GREY, INK)[index])
        canvas.box(at + 24, foot - 176, 56, 14, (CORAL, SUN, STEEL, AMBER, MINT)[index], 7)
    canvas.box(x + 24, foot - 284, 78, 132, SKY, 16)
    canvas.box(x + 736, foot - 284, 64, 132, SKY, 16)
    canvas.disc(x + 786, foot - 82, 18, SUN)
    leaf(canvas, x + 392, foot - 44, 70, LEAF)
    for at in (120, 220, 600, 700):
        canvas.disc(x + at, foot - 20, 34, INK)
        canvas.disc(x + at, foot - 20, 15, GREY)
    canvas.box(0, 782, 1600, 118, "#dbe6ea")
    canvas.box(0, 788, 1600, 9, STEEL)
    canvas.box(0, 826, 1600, 9, STEEL)
    canvas.box(1180, 740, 420, 60, "#f3efe6", 8)
    canvas.box(1250, 470, 14, 280, STEEL, 6)
    canvas.box(1220, 450, 330, 20, STEEL, 10)
    canvas.box(1214, 436, 342, 22, SNOW, 11)
    canvas.box(1520, 470, 14, 280, STEEL, 6)
    for at, high, coat, hat in ((1330, 190, CORAL, NAVY), (1400, 130, SUN, GREEN), (1468, 196, STEEL, BRICK)):
        person(canvas, at, 762, high, coat=coat, hat=hat, facing=-1)
    snowfall(canvas, 41, flakes=60)
    return canvas


def winter_walk() -> Canvas:
    canvas = Canvas("#8db9d2", "#eef0ea")
    cloud(canvas, 240, 150, 80)
    cloud(canvas, 1300, 180, 90)
    canvas.hills(560, (90, 130, 90, 140, 100, 130, 90), "#b9d3de")
    for x, high, wall in (
        (60, 290, "#e6d9c3"),
        (260, 220, "#d4e1e0"),
        (1080, 240, "#f0dfc4"),
        (1320, 310, "#e6d9c3"),
    ):
        block(canvas, x, 640, 180, high, wall=wall, columns=4, rows=5)
    for x, high in ((480, 230), (600, 180), (960, 220), (1540, 230)):
        pine(canvas, x, 670, high)
    canvas.hills(670, (20, 26, 20, 26, 20, 26, 20), "#e3eef2")
    canvas.shape([(0, 740), (1600, 720), (1600, 860), (0, 880)], "#cbd9df")
    canvas.hills(880, (16, 10, 16, 10, 16, 10, 16), SNOW)
    for x in (760, 1240):
        canvas.line([(x, 730), (x, 330)], INK, 10)
        canvas.line([(x, 336), (x + 70, 322)], INK, 9)
        canvas.disc(x + 84, 336, 60, "#f9cf6b40")
        canvas.disc(x + 84, 336, 26, SUN)
        canvas.box(x - 10, 716, 20, 18, SNOW, 8)
    person(canvas, 500, 824, 320, coat=CORAL, hat=NAVY, stride=0.15, arm=(0.2, 0.24))
    canvas.box(540, 648, 60, 74, "#e5cda0", 10)
    canvas.shape([(484, 596), (420, 640), (404, 700), (440, 690), (470, 640)], SUN)
    bicycle(canvas, 960, 838, 74, GREEN)
    person(canvas, 920, 836, 300, coat=STEEL, hat=BRICK, stride=0.12, arm=(0.42, 0.18))
    for x in (260, 320, 380):
        canvas.disc(x, 826, 14, "#b7c8d0", 6)
        canvas.disc(x + 24, 842, 14, "#b7c8d0", 6)
    snowfall(canvas, 52, flakes=110, below=800)
    return canvas


def family_visit() -> Canvas:
    canvas = Canvas("#b9dce5", "#faf1dc")
    soft_sun(canvas, 300, 180, 66)
    cloud(canvas, 640, 140, 78)
    canvas.hills(600, (120, 160, 120, 170, 130, 160, 120), "#c6e0cd")
    canvas.box(760, 300, 640, 430, CREAM, 14)
    canvas.shape([(710, 310), (1450, 310), (1360, 150), (800, 150)], CORAL)
    for x in (850, 1030, 1210):
        panel(canvas, (x, 288), (x + 140, 288), (0, -104), columns=3)
    canvas.box(1010, 450, 200, 280, NAVY, 16)
    canvas.box(1022, 462, 176, 268, "#fbe3ad", 10)
    canvas.shape([(1010, 450), (940, 490), (940, 758), (1010, 730)], GREEN)
    canvas.disc(956, 620, 8, SUN)
    windows(canvas, 800, 420, columns=1, rows=1, size=(110, 120), gap=(1, 1), lit=SKY, dark=SKY)
    windows(canvas, 1250, 420, columns=1, rows=1, size=(110, 120), gap=(1, 1), lit=SKY, dark=SKY)
    canvas.line([(855, 420), (855, 540)], CREAM, 6)
    canvas.line([(1305, 420), (1305, 540)], CREAM, 6)
    canvas.hills(760, (30, 34, 30, 30, 26, 30, 34), "#a2d0a2")
    canvas.shape([(1000, 730), (1216, 730), (1216, 748), (700, 850), (420, 850)], SAND)
    canvas.line([(1240, 660), (1240, 736)], STEEL, 8)
    canvas.line([(1240, 662), (1440, 720)], STEEL, 8)
    canvas.line([(1440, 720), (1440, 770)], STEEL, 8)
    canvas.shape([(1216, 730), (1460, 772), (1460, 796), (1216, 756)], "#d9c49a")
    for x, high in ((90, 220), (560, 170), (1530, 240)):
        tree(canvas, x, 740, high)
    person(canvas, 270, 840, 258, coat=BRICK, hair="#e6e9ea", arm=(0.2, 0.3))
    canvas.line([(216, 700), (200, 838)], "#8a6a52", 9)
    person(canvas, 352, 842, 168, coat=SUN, hair=INK, arm=(-0.16, 0.14))
    person(canvas, 480, 836, 288, coat=STEEL, hair=INK)
    person(canvas, 580, 832, 268, coat=GREEN, hair=BRICK, arm=(0.26, 0.02))
    return canvas


def teacher_guide() -> Canvas:
    canvas = Canvas("#a9d0df", "#f6efdf")
    soft_sun(canvas, 1350, 180, 64)
    cloud(canvas, 240, 160, 84)
    cloud(canvas, 840, 130, 70)
    canvas.hills(600, (120, 170, 120, 180, 130, 170, 120), "#c6dfdd")
    block(canvas, 60, 660, 420, 250, wall="#f4dcae", columns=8, rows=3)
    canvas.shape([(200, 412), (340, 412), (270, 340)], CORAL)
    block(canvas, 1180, 660, 300, 210, wall="#d4e1e0", columns=6, rows=3)
    panel(canvas, (1200, 446), (1310, 446), (18, -50), columns=3)
    panel(canvas, (1330, 446), (1440, 446), (18, -50), columns=3)
    for x, high in ((540, 170), (610, 220), (1060, 190), (1120, 150), (1530, 220)):
        pine(canvas, x, 680, high)
    canvas.hills(690, (24, 20, 28, 20, 28, 20, 24), "#e9f2f5")
    canvas.hills(800, (50, 40, 56, 40, 56, 40, 50), SNOW)
    canvas.shape([(0, 800), (1600, 776), (1600, 852), (0, 882)], "#e6dfcf")
    person(canvas, 1240, 840, 300, coat=GREEN, hair=INK, arm=(0.16, -0.14))
    canvas.line([(1290, 590), (1290, 400)], "#8a6a52", 9)
    canvas.shape([(1294, 400), (1400, 430), (1294, 464)], CORAL)
    for index in range(7):
        x = 260 + index * 132
        coat = (CORAL, STEEL, AMBER, PINE, BLUE, CORAL, STEEL)[index]
        high = 176 + (index * 37) % 26
        person(canvas, x, 848, high, coat=coat, hat=SUN, stride=0.12)
        canvas.box(
            x - high * 0.23, 848 - high * 0.7, high * 0.15, high * 0.28, BRICK if coat != CORAL else NAVY, 9
        )
    snowfall(canvas, 63, flakes=40)
    return canvas


def school_campaign() -> Canvas:
    canvas = Canvas("#bfe0e4", "#fbf1da")
    soft_sun(canvas, 250, 180, 64)
    cloud(canvas, 620, 140, 80)
    canvas.hills(600, (120, 160, 120, 170, 130, 160, 120), "#c9e2cf")
    block(canvas, 420, 650, 560, 260, wall="#f4dcae", columns=10, rows=3, snow=False)
    canvas.box(620, 350, 160, 300, "#f8e8c8", 6)
    canvas.shape([(604, 356), (796, 356), (700, 286)], CORAL)
    canvas.disc(700, 420, 34, PAPER)
    canvas.line([(700, 420), (700, 398)], INK, 5)
    canvas.line([(700, 420), (716, 428)], INK, 5)
    canvas.box(660, 560, 80, 90, BRICK, 10)
    canvas.hills(690, (40, 44, 40, 44, 40, 44, 40), "#a2d0a2")
    canvas.shape([(640, 650), (760, 650), (960, 900), (420, 900)], SAND)
    for x in (340, 1010):
        canvas.box(x, 470, 56, 260, "#c8785f", 6)
        canvas.box(x - 12, 456, 80, 26, CORAL, 10)
    canvas.box(1120, 300, 400, 300, "#8a6a52", 18)
    canvas.box(1136, 316, 368, 268, PAPER, 10)
    for leg in (1170, 1456):
        canvas.box(leg, 600, 18, 180, "#8a6a52", 6)
    colours = (LEAF, SUN, CORAL, BLUE)
    for row in range(4):
        canvas.box(1156, 340 + row * 60, 44, 40, MIST, 8)
        for column in range(3 + (row * 5 + 2) % 4):
            canvas.disc(1240 + column * 44, 360 + row * 60, 16, colours[(row + column * (row % 2)) % 4])
    canvas.line([(70, 790), (330, 790)], STEEL, 10)
    for x in (90, 170, 250):
        canvas.line([(x, 790), (x, 730)], STEEL, 8)
    bicycle(canvas, 90, 800, 44, CORAL)
    bicycle(canvas, 206, 812, 44, GREEN)
    person(canvas, 1080, 820, 176, coat=AMBER, hair=INK, arm=(0.24, -0.16))
    canvas.box(1040, 700, 24, 50, BRICK, 9)
    for x, foot, high, coat, facing in (
        (560, 820, 160, CORAL, 1),
        (650, 780, 146, STEEL, 1),
        (830, 830, 164, GREEN, -1),
        (470, 850, 170, SUN, 1),
    ):
        person(canvas, x, foot, high, coat=coat, facing=facing, hair=INK if coat != GREEN else BRICK)
        canvas.box(
            x - facing * high * 0.16 - 12,
            foot - high * 0.7,
            24,
            high * 0.28,
            NAVY if coat == SUN else BRICK,
            9,
        )
    for x, high in ((1560, 200), (40, 190)):
        tree(canvas, x, 700, high)
    return canvas
