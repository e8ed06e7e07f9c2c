"""Where genotypes, statistics and tables meet: one Python function behind each command."""
