"""Times in which a line brought nothing or only late: noticed, marked, and filled from what the provider has."""
