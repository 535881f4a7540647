"""What development and tests need and production never imports: fakes, demo data, measurements."""
