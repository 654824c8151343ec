"""Planted secrets, and the search for them in everything that leaves the product."""
