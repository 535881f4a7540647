"""Engagement: what happened at the sites, as figures by project and Beijing day, fit to be given away.

Visits are counted from their own tables; `contributions` is the port through which other features add their
figures, and `published_content` the one through which they list what they published. Nobody above reads the
figures as they are counted: `queries` gives what `rules` lets out.
"""
