"""What every vendor and every way to sign in must do alike, on the emulated clouds. ``scripts/test tests/contract`` prints the table."""
