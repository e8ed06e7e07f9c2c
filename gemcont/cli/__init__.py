"""The commands: for each a parser and a main, nothing else."""
