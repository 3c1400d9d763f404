"""Mapping packages for production engines, and the proof of what is in them."""
