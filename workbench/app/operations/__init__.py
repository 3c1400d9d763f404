"""What people do, one module for each kind of work; the window and the command line call the same functions."""
