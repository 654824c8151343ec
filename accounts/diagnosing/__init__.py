"""What an administrator wants to know when nothing arrives: findings about settings, instances and their lines."""
