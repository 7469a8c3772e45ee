"""One value-asserting suite over every implementation of a seam."""
