"""Pure decisions of visits, one module per noun: no clock, no database."""
