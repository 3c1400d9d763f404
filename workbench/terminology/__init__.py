"""Codings, code maps, the harvest of local codes and candidate search."""
