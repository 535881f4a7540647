"""The backend of the mini-program; `app.create_app` puts it together."""
