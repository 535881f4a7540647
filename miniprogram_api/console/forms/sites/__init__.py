"""Forms of who runs a site."""
