"""What is made of foreign files, in a process of its own. Knows neither Django nor the database."""
