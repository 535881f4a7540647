"""Open data over HTTP, a module per data set."""

from miniprogram_api.open_data.routes import catalogue, sites, statistics

OPEN_BLUEPRINTS = (sites.blp, statistics.blp, catalogue.blp)
