"""The web console of the staff: pages made on the server, over the same services as the API.

Views and forms have one module for each desk. Beside them stand `access` (who may see a page), `acting`
(pages before one act), `assets` (files with their hash in the address), `blocks` (texts for reviewers),
`blueprint` (the routes' home and what every answer carries), `calls` (what scripts ask in JSON), `guides`
(what the help link opens), `interrupted` (what goes on after signing in), `leaving` (what a browser forgets
then), `navigation` (the desks and their pages), `pages` (how a view answers), `pictures` (QR codes),
`previewing` (acts in two steps), `scope` (the site a page is about), `waiting` (what the start page counts)
and `words` (how instants and numbers are said, and what the things of each desk are called).
"""

from flask import Flask

from miniprogram_api.console import assets, navigation, words
from miniprogram_api.console.blueprint import console, csrf
from miniprogram_api.console.pages import init_pages
from miniprogram_api.console.views import register_views
from miniprogram_api.console.words import failures
from miniprogram_api.kernel import crypto


def init_console(app: Flask) -> None:
    """Serve the console under `/console/`."""
    secret, *former = crypto.cookie_secrets()
    production = app.extensions["settings"].production
    app.config.update(
        SECRET_KEY=secret,
        SECRET_KEY_FALLBACKS=former,
        SESSION_COOKIE_NAME="__Host-console" if production else "console",
        SESSION_COOKIE_SECURE=production,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_CHECK_DEFAULT=False,  # the API has no cookies to abuse; the blueprint checks its own
        WTF_CSRF_TIME_LIMIT=None,  # a token lasts as long as the browser's session
        WTF_CSRF_SSL_STRICT=False,  # origins are compared, referrers are not
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals |= {
        "asset": assets.address_of,
        "desks": navigation.desks,
        "at_account": navigation.at_account,
        "site_tabs": navigation.site_tabs,
    }
    csrf.init_app(app)
    words.register_filters(app)
    failures.register_failures(app)
    init_pages(app)
    register_views()
    app.register_blueprint(console)
