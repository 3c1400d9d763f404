"""Code maps, code systems and value sets in the forms that other tools read and write."""
