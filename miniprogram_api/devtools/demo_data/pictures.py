"""Drawn pictures for demonstration sites, one scene for each type in summer and winter: no photo, no licence.

Everything is drawn at twice the size and made smaller, which smooths the edges.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from io import BytesIO
from math import sin

from PIL import Image, ImageDraw

from miniprogram_api.sites.models import SiteType

SIZE = (960, 640)
_SCALE = 2
_HORIZON = 0.62
Colour = tuple[int, int, int]


class Season(StrEnum):
    SUMMER = "summer"
    WINTER = "winter"


@dataclass(frozen=True, slots=True)
class _Palette:
    sky: Colour
    haze: Colour
    hill: Colour
    ground: Colour
    leaf: Colour
    cap: Colour | None  # what lies on roofs and trees


_PALETTES = {
    Season.SUMMER: _Palette(
        (126, 190, 226), (232, 244, 246), (139, 180, 150), (150, 190, 116), (74, 138, 92), None
    ),
    Season.WINTER: _Palette(
        (168, 192, 214), (240, 240, 244), (188, 203, 214), (236, 241, 245), (94, 128, 112), (250, 252, 253)
    ),
}
_WORDS = {
    SiteType.PARK: "高低错落的楼群，屋顶铺着光伏板，楼前是绿地和道路",
    SiteType.FACTORY: "锯齿形屋顶的厂房铺着光伏板，旁边停着一辆电动货车",
    SiteType.BUILDING: "一座大玻璃窗的楼，屋顶有光伏板，两侧是树",
    SiteType.SCHOOL: "三层教学楼，楼前是操场跑道和小菜园",
    SiteType.COMMUNITY: "几栋住宅楼围着一片树木，楼下停着自行车",
    SiteType.SCENIC_AREA: "山林环抱着一片湖面",
}
_IN_SEASON = {Season.SUMMER: "夏日", Season.WINTER: "冬日"}


def describe(title: str, site_type: SiteType, season: Season) -> str:
    """What the picture shows, for those who do not see it."""
    return f"插画：{_IN_SEASON[season]}的{title}，{_WORDS[site_type]}。"


def draw(site_type: SiteType, season: Season, *, seed: str) -> bytes:
    """A JPEG of the scene; the same seed draws the same picture."""
    image = _sky(season).copy()
    scene = _Scene(image, _PALETTES[season], random.Random(seed))
    scene.land()
    _SCENES[site_type](scene)
    if season is Season.WINTER:
        scene.snow()
    target = BytesIO()
    image.reduce(_SCALE).save(target, "JPEG", quality=90)
    return target.getvalue()


@cache
def _sky(season: Season) -> Image.Image:
    size, palette = (SIZE[0] * _SCALE, SIZE[1] * _SCALE), _PALETTES[season]
    mask = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, palette.haze), Image.new("RGB", size, palette.sky), mask)


class _Scene:
    """A canvas measured in thousandths of its width, upwards from the horizon."""

    def __init__(self, image: Image.Image, palette: _Palette, chance: random.Random) -> None:
        self._pen = ImageDraw.Draw(image)
        self._width, self._height = image.size
        self._unit = image.width / 1000
        self._base = image.height * _HORIZON
        self.palette, self.chance = palette, chance

    def polygon(self, points: list[tuple[float, float]], colour: Colour) -> None:
        self._pen.polygon([self._at(x, y) for x, y in points], fill=colour)

    def box(self, left: float, bottom: float, width: float, height: float, colour: Colour) -> None:
        corners = [(left, bottom), (left + width, bottom), (left + width, bottom + height)]
        self.polygon([*corners, (left, bottom + height)], colour)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        left, top = self._at(x - rx, y + ry)
        right, bottom = self._at(x + rx, y - ry)
        self._pen.ellipse([left, top, right, bottom], fill=colour)

    def ring(self, x: float, y: float, radius: float, colour: Colour) -> None:
        left, top = self._at(x - radius, y + radius)
        right, bottom = self._at(x + radius, y - radius)
        self._pen.ellipse([left, top, right, bottom], outline=colour, width=round(3 * self._unit))

    def land(self) -> None:
        """Sun, two lines of hills, and the ground."""
        self.ellipse(self.chance.uniform(120, 880), 330, 42, 42, (255, 236, 179))
        for height, pale in ((95.0, 0.35), (55.0, 0.0)):
            shift, wave = self.chance.uniform(0, 6), self.chance.uniform(90, 150)
            ridge = [(x, height + 30 * sin(x / wave + shift)) for x in range(0, 1001, 10)]
            self.polygon(
                [(0.0, 0.0), *ridge, (1000.0, 0.0)], _mix(self.palette.hill, self.palette.haze, pale)
            )
        self.box(0, -300, 1000, 302, self.palette.ground)

    def tree(self, x: float, foot: float, height: float) -> None:
        leaf = _mix(self.palette.leaf, (255, 255, 255), self.chance.uniform(0, 0.18))
        self.box(x - height * 0.05, foot, height * 0.1, height * 0.3, (121, 94, 74))
        self.ellipse(x, foot + height * 0.62, height * 0.3, height * 0.4, leaf)
        if self.palette.cap:
            self.ellipse(x, foot + height * 0.88, height * 0.2, height * 0.13, self.palette.cap)

    def pine(self, x: float, foot: float, height: float) -> None:
        leaf = _mix(self.palette.leaf, (20, 60, 50), self.chance.uniform(0.1, 0.4))
        self.box(x - height * 0.04, foot, height * 0.08, height * 0.2, (110, 84, 66))
        for step in range(3):
            low, half = foot + height * (0.15 + 0.25 * step), height * (0.3 - 0.07 * step)
            self.polygon([(x - half, low), (x + half, low), (x, low + height * 0.38)], leaf)
            if self.palette.cap:
                top = low + height * 0.38
                tip = height * 0.13
                self.polygon(
                    [(x - half * 0.36, top - tip), (x + half * 0.36, top - tip), (x, top)], self.palette.cap
                )

    def windows(self, left: float, bottom: float, *, columns: int, rows: int, step: float) -> None:
        for row in range(rows):
            for column in range(columns):
                lit = self.chance.random() < 0.2
                colour = (255, 232, 170) if lit else (169, 208, 224)
                self.box(left + column * step, bottom + row * step * 1.15, step * 0.6, step * 0.72, colour)

    def house(self, left: float, columns: int, rows: int, wall: Colour, *, step: float = 22) -> None:
        """A block with windows, and whatever lies on its roof."""
        width, height = columns * step + step * 0.6, rows * step * 1.15 + step
        self.box(left, -20, width, height + 20, wall)
        self.windows(left + step * 0.5, step * 0.6, columns=columns, rows=rows, step=step)
        self.box(left - 3, height, width + 6, 6, _mix(wall, (60, 60, 60), 0.35))
        if self.palette.cap:
            self.box(left - 3, height + 6, width + 6, 5, self.palette.cap)
        self.panels(left + 6, height + 6, max(1, int((width - 8) // 34)))

    def panels(self, left: float, bottom: float, count: int) -> None:
        """Solar panels on legs, tilted to the right."""
        for index in range(count):
            x = left + index * 34
            self.box(x + 20, bottom, 3, 12, (120, 124, 130))
            self.polygon(
                [(x, bottom + 2), (x + 24, bottom + 16), (x + 30, bottom + 16), (x + 6, bottom + 2)],
                (38, 74, 122),
            )
            self.polygon(
                [(x + 11, bottom + 8), (x + 13, bottom + 8), (x + 19, bottom + 9), (x + 17, bottom + 9)],
                (140, 176, 214),
            )

    def path(self, colour: Colour = (214, 206, 190)) -> None:
        self.polygon(
            [(430, -20), (520, -20), (760, -300), (240, -300)], _mix(colour, self.palette.ground, 0.25)
        )

    def snow(self) -> None:
        for _ in range(160):
            x, y, size = (
                self.chance.uniform(0, 1000),
                self.chance.uniform(-240, 400),
                self.chance.uniform(1, 3),
            )
            self.ellipse(x, y, size, size, (255, 255, 255))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x * self._unit, self._base - y * self._unit


def _park(scene: _Scene) -> None:
    left = 60.0
    for wall in ((232, 226, 214), (214, 226, 230), (240, 236, 228), (222, 214, 204)):
        columns, rows = scene.chance.randint(5, 8), scene.chance.randint(4, 9)
        scene.house(left, columns, rows, wall)
        left += columns * 22 + scene.chance.uniform(45, 70)
    scene.path()
    _trees(scene, -60, 70)


def _factory(scene: _Scene) -> None:
    wall = (226, 228, 224)
    scene.box(120, -20, 640, 130, wall)
    for index in range(5):
        x = 120 + index * 128
        scene.polygon([(x, 110), (x + 96, 170), (x + 128, 110)], (196, 202, 204))
        scene.polygon([(x + 8, 117), (x + 88, 167), (x + 94, 167), (x + 14, 117)], (38, 74, 122))
        scene.box(x + 24, 30, 76, 44, (169, 208, 224))
        if scene.palette.cap:
            scene.polygon([(x + 96, 170), (x + 128, 110), (x + 128, 122), (x + 99, 176)], scene.palette.cap)
    scene.path()
    _trees(scene, -70, 62)
    _truck(scene, 690, -150)


def _truck(scene: _Scene, x: float, y: float) -> None:
    scene.box(x, y, 120, 62, (244, 246, 246))
    scene.box(x, y + 8, 120, 10, (86, 160, 120))
    scene.box(x + 122, y, 44, 44, (86, 160, 120))
    scene.box(x + 138, y + 20, 24, 18, (190, 222, 232))
    for wheel in (x + 26, x + 92, x + 144):
        scene.ellipse(wheel, y, 12, 12, (60, 62, 66))


def _building(scene: _Scene) -> None:
    scene.house(330, 13, 10, (228, 232, 230), step=25)
    scene.box(462, -20, 64, 46, (120, 150, 160))
    scene.path()
    _trees(scene, -50, 84, keep_clear=(300, 700))


def _school(scene: _Scene) -> None:
    scene.house(150, 26, 3, (236, 214, 190), step=25)
    scene.box(470, -20, 60, 60, (150, 96, 76))
    scene.ellipse(510, -185, 330, 74, (196, 110, 88))
    scene.ellipse(510, -185, 270, 46, _mix(scene.palette.leaf, scene.palette.ground, 0.5))
    for bed in range(4):
        scene.box(40 + bed * 26, -110, 18, 50, (130, 104, 80))
        scene.ellipse(49 + bed * 26, -72, 8, 10, scene.palette.leaf)
    _trees(scene, -40, 66, keep_clear=(140, 840))


def _community(scene: _Scene) -> None:
    for left, rows in ((70, 8), (300, 11), (560, 7), (760, 10)):
        scene.house(left, 6, rows, scene.chance.choice(((240, 222, 200), (232, 216, 206), (222, 226, 220))))
    scene.path()
    _trees(scene, -70, 70)
    for x in (580.0, 640.0, 700.0):
        scene.ring(x, -120, 13, (70, 74, 80))
        scene.ring(x + 32, -120, 13, (70, 74, 80))
        scene.polygon(
            [(x, -120), (x + 12, -100), (x + 26, -100), (x + 32, -120), (x + 16, -118)], (86, 160, 120)
        )


def _scenic(scene: _Scene) -> None:
    water = _mix(scene.palette.sky, (255, 255, 255), 0.15)
    scene.ellipse(520, -120, 430, 92, water)
    for _ in range(14):
        x, y = scene.chance.uniform(240, 780), scene.chance.uniform(-170, -70)
        scene.box(x, y, scene.chance.uniform(20, 60), 2, (255, 255, 255))
    if not scene.palette.cap:
        scene.polygon([(500, -118), (600, -118), (584, -138), (518, -138)], (150, 96, 70))
        scene.polygon([(548, -116), (548, -48), (590, -104)], (250, 248, 240))
    for _ in range(26):
        scene.pine(scene.chance.uniform(0, 1000), scene.chance.uniform(-26, 4), scene.chance.uniform(60, 130))
    for x in (40.0, 110.0, 900.0, 970.0):
        scene.pine(x, scene.chance.uniform(-230, -170), scene.chance.uniform(150, 200))


def _trees(
    scene: _Scene, foot: float, height: float, *, keep_clear: tuple[float, float] = (420, 540)
) -> None:
    for step in range(16):
        x = 30 + step * 63 + scene.chance.uniform(-14, 14)
        if not keep_clear[0] < x < keep_clear[1]:
            scene.tree(x, foot + scene.chance.uniform(-8, 8), height * scene.chance.uniform(0.85, 1.2))


def _mix(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


_SCENES: dict[SiteType, Callable[[_Scene], None]] = {
    SiteType.PARK: _park,
    SiteType.FACTORY: _factory,
    SiteType.BUILDING: _building,
    SiteType.SCHOOL: _school,
    SiteType.COMMUNITY: _community,
    SiteType.SCENIC_AREA: _scenic,
}
