"""What ``diagnose`` says of media files, of their storage and of quotas."""
