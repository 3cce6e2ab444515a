"""Foreign programs in, workloads out."""
