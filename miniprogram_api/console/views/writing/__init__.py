"""Where articles are written, and the library of pictures."""

from miniprogram_api.console.views.writing import (  # noqa: F401  importing puts the routes on the blueprint
    assets,
    cropping,
    editing,
    guides,
    pickers,
    saving,
    starting,
)
