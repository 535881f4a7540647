"""The wire format of what a site shows beside its profile, and of the devices at its gate."""

from decimal import Decimal

from flask_smorest.fields import Upload
from marshmallow import ValidationError, fields, validate

from miniprogram_api.sites.schemas.fields import Day, MediaUrl
from miniprogram_api.web.schemas import Instant, Schema, Text, Whole

_LARGEST = 10**12


def _check_size(value: Decimal) -> None:
    # Said by a function: a range over a number that travels as text has no sound form in OpenAPI.
    if not 0 <= value <= _LARGEST:
        raise ValidationError("field.range")


PHOTO = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3d",
    "url": "/media/5f0c9b7e2d1a4c3b8e6f7a9d0c1b2e3f.jpg",
    "alt": "湖岸的光伏长廊",
    "position": 0,
    "width": 1600,
    "height": 1067,
}
TECHNOLOGY_BODY = {"name": "光伏长廊", "description": "年发电约 12 万千瓦时。"}
TECHNOLOGY = {"id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3e", **TECHNOLOGY_BODY, "position": 0}
INDICATOR_BODY = {
    "kind": "emissions_per_visitor",
    "year": 2025,
    "value": "1.82",
    "source": "2025 年度核算报告",
}
INDICATOR = {"id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3f", **INDICATOR_BODY, "unit": "kgCO2e/人次"}
NOTICE_BODY = {"title": "入口调整", "body": "请从东门入园。", "last_on": "2026-12-31"}
NOTICE = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3c",
    **NOTICE_BODY,
    "created_at": "2026-11-20T09:00:00+08:00",
}
DEVICE = {
    "id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b40",
    "name": "东门平板",
    "created_at": "2026-11-20T09:00:00+08:00",
    "frozen_at": None,
}
ADDED_DEVICE = {**DEVICE, "token": "gd_Xq3f…"}


class PhotoFile(Schema):
    """The picture itself: JPEG, PNG or WebP, at most 10 MB."""

    file = Upload(required=True)


class PhotoForm(Schema):
    """What is said of the picture to those who do not see it."""

    alt = Text(max_length=200, required=True)


class PhotoUpload(PhotoFile, PhotoForm):
    """A picture and what is said of it, as one form; for the document alone."""


class EditPhotoBody(Schema):
    alt = Text(max_length=200)
    position = Whole(least=0, most=1000)
    cover = fields.Boolean(validate=validate.Equal(True, error="field.choice"))


class PhotoView(Schema):
    id = fields.String()
    url = MediaUrl(attribute="file_name")
    alt = fields.String()
    position = fields.Integer()
    width = fields.Integer()
    height = fields.Integer()


class TechnologyBody(Schema):
    name = Text(max_length=60, required=True)
    description = Text(max_length=2000, required=True)


class EditTechnologyBody(Schema):
    name = Text(max_length=60)
    description = Text(max_length=2000)
    position = Whole(least=0, most=1000)


class TechnologyView(Schema):
    id = fields.String()
    name = fields.String()
    description = fields.String()
    position = fields.Integer()


class IndicatorBody(Schema):
    """The value of a year; the unit is the indicator's own."""

    kind = fields.String(required=True, validate=validate.Length(max=40))
    year = Whole(least=2000, most=2100, required=True)
    value = fields.Decimal(required=True, as_string=True, validate=_check_size)
    source = Text(max_length=200, required=True)


class IndicatorView(Schema):
    id = fields.String()
    kind = fields.String()
    year = fields.Integer()
    value = fields.String()
    unit = fields.String()
    source = fields.String()


class NoticeBody(Schema):
    title = Text(max_length=80, required=True)
    body = Text(max_length=2000, required=True)
    last_on = Day(load_default=None, allow_none=True)


class NoticeView(Schema):
    id = fields.String()
    title = fields.String()
    body = fields.String()
    last_on = fields.Date(allow_none=True)
    created_at = Instant()


class PhotoListView(Schema):
    items = fields.List(fields.Nested(PhotoView))
    next_cursor = fields.String(allow_none=True)


class TechnologyListView(Schema):
    items = fields.List(fields.Nested(TechnologyView))
    next_cursor = fields.String(allow_none=True)


class IndicatorListView(Schema):
    items = fields.List(fields.Nested(IndicatorView))
    next_cursor = fields.String(allow_none=True)


class NoticeListView(Schema):
    items = fields.List(fields.Nested(NoticeView))
    next_cursor = fields.String(allow_none=True)


class AddDeviceBody(Schema):
    name = Text(max_length=60, required=True)


class DeviceView(Schema):
    id = fields.String()
    name = fields.String()
    created_at = Instant()
    frozen_at = Instant(
        allow_none=True, metadata={"description": "Since when it is refused: the site has another operator."}
    )


class AddedDeviceView(DeviceView):
    """A device with its token, which is shown this once."""

    token = fields.String()


class DeviceListView(Schema):
    items = fields.List(fields.Nested(DeviceView))
    next_cursor = fields.String(allow_none=True)
