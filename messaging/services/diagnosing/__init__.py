"""What ``diagnose`` says of webhooks, sends, gaps and receipts; ``report`` puts all findings together."""
