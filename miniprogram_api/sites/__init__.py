"""Low-carbon sites that are open as education bases: profile, lifecycle, opening rules, closures, photos.

Beside the usual files it has the ports through which it learns what others know: `availability` (when there
is room), `articles` (what is written about a site), `consequences` (what a change of hours does to
bookings), and what the exchange with the registry knows: `freshness` (how old its data is). `shown_files`
lets the features above serve their pictures.
"""
