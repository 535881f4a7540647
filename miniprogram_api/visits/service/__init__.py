"""Commands of visits, one module per noun; they flush and never commit."""
