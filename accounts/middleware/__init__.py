"""What every request passes on its way in and out; the order stands in the settings."""
