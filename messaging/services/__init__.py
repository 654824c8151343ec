"""What can be done with webhook events, conversations and messages."""
