"""The wire formats of the exchange, a module per noun."""
