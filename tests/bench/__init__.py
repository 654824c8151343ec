"""What the parts that must be fast cost on this machine, beside a floor and a peer: docs/benchmarks.md."""
