"""HTTP machinery that every feature's routes share."""
