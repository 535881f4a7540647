"""The publicity desk: articles on their way to readers, their review, topics, word lists, figures."""

from miniprogram_api.console.views.content import (  # noqa: F401  importing puts the routes on the blueprint
    article,
    guides,
    list,
    official,
    publishing,
    reading_figures,
    reviews,
    revisions,
    topics,
    trail,
    waiting,
    word_lists,
)
