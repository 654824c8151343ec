"""What the benchmarks add to the product: commands that measure inside it, and the webhook floor's table and view."""
