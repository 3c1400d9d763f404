"""Plug-ins: four hooks, the built-ins through the same door, and nobody's code without the user's consent.

hooks      what a plug-in may offer; all that its author imports from here
built_in   what the product itself offers
installed  what distributions say of themselves, read without running any of them
consent    which of them the user allowed
loading    from a distribution to filled tables
guards     what stands between the work and somebody else's code
"""
