"""Sites over HTTP: the public list and page, and the desks of those who run sites."""

from miniprogram_api.sites.routes import (
    desk,
    gate_devices,
    local_notes,
    media,
    opening,
    photos,
    public,
    showcase,
)

APP_BLUEPRINTS = (public.blp, media.blp)
STAFF_BLUEPRINTS = (desk.blp, opening.blp, photos.blp, showcase.blp, local_notes.blp, gate_devices.blp)
