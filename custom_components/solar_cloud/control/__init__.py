"""Settings and commands of a loaded account: sent in turn, followed, taken back, ended."""
