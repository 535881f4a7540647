"""What can go wrong with visits, one module per noun."""
