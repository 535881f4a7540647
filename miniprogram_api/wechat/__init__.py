"""The only door to WeChat's servers; no type of the client library leaves this package."""
