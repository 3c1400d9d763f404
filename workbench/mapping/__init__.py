"""The mapping language: model, load and save, edits, compile, run, trace and the loss ledger."""
