"""Answers and inputs that nobody should send: only errors of ours come out of them, and nothing is published that cannot be.

``test_*.py`` are the short forms; ``scripts/benchmark fuzz`` tries as long as one likes, guided by coverage too.
"""
