"""Pure decisions about open data: boxes, tables that a spreadsheet opens safely, the catalogue."""
