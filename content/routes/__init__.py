"""Content over HTTP: for everybody, and for members."""

APP_BLUEPRINTS = ()
