"""The commands of the command line, one a file. Heavy imports belong inside their functions."""
