"""What everybody may have: the sites on a map, daily statistics and the catalogue that describes both."""
