"""Four hooks by which formats, validators, transforms and exporters come in; built-ins use the same door."""
