"""What members write about an article or a site, and what is answered."""
