"""What a message changes of a record: a second step after mapping, which needs the present state of the record."""
