"""Who asks: passwords, second factors, tokens and tickets, and those who only guess."""
