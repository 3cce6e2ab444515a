"""What every package speaks: text, types, workloads, mappings."""
