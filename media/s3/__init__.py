"""S3 and whatever speaks it, as a place of stored files."""
