"""Words everybody uses: issues, locations, errors, progress, partial dates, shipped files, atomic saves."""
