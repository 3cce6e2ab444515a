"""Search: from a mapspace to the best mapping found in it."""
