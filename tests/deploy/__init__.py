"""What stands around the code: that image, compose file and documents say what the code does."""
