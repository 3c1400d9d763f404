"""The encrypted workspace: header, database, migrations, documents, edit journal, audit rows, settings."""
