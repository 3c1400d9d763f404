"""The place of plug-ins, not built yet. Their seams are `messages.reading.Reader` and `export.package.Exporter`."""
