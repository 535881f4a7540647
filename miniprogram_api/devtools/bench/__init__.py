"""`make bench`: what the product costs, as ratios to the ceilings of the same machine in the same run."""
