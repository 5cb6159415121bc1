"""Whole training steps of strate beside its peers, in one run on one machine."""
