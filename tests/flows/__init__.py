"""Dialogs: adding an account, signing in again, changing it, and its options."""
