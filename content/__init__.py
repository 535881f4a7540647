"""Low-carbon knowledge, news and technology: written and reviewed by publicity staff, read by members.

`rendering` is the only way from what an editor wrote to what anybody sees.
"""
