"""Commands of the exchange, a module per noun."""
