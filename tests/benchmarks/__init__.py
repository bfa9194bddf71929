"""Measurements on simulated worlds: what is promised in numbers, with the floor that nature sets beside each."""
