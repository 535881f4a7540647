"""Content over HTTP: for everybody, and for members."""

from content.routes import posters, public, reading

APP_BLUEPRINTS = (public.blp, posters.blp, reading.blp)
