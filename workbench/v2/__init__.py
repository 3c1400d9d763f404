"""HL7 version 2: delimiters, paths, ER7, structure and the dictionary of versions 2.1 to 2.8.2."""
