"""Commands on content, a module per noun."""
