"""What screens and partners read of the exchange, a module per noun."""
