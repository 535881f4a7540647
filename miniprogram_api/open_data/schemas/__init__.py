"""The wire formats of open data, a module per data set."""
