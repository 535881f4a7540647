"""Pure decisions of the exchange, a module per noun."""
