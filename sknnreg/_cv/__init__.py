"""The best ensemble of networks for a table, found in a given time."""
