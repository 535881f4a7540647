"""Facts about content that others may act on; ids and plain values only."""
