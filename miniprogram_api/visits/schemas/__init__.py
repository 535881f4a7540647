"""Wire formats of visits, one module per noun."""
