"""The mapper: constraints, the cost model, the search, reports, the command line."""
