"""Low-carbon knowledge, news and technology: written and reviewed by publicity staff, read by members.

`rendering` is the only way from what an editor wrote to what anybody sees. `poster` draws what is shared as a
picture, `poster_codes` asks WeChat for the code on it, and `related` answers the page of a site which
articles are about it.
`overdue` tells operators of plans that were not carried out, and `links` knows where texts may lead.
"""
