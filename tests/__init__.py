"""The tests: a file for each room of the house, suites for its seams, and the page in a browser."""
