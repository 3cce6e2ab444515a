"""The cost model: what a mapping moves, how long it takes, what it spends."""
