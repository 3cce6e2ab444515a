"""Reports of a mapped network: JSON, one HTML page, a terminal summary, and the files."""
