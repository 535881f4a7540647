"""The exchange with the core registry: its projects come in, public notices are shown, figures go out.

The registry owns the projects. What it says is taken over by version, never contradicted here; what it is
told are aggregates, corrections and objections, each exactly once.

Beside the usual files: `partner_authentication` recognises its systems when they call, for `web.auth`;
`freshness` tells sites and visits how old our copy is.
"""
