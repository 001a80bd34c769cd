"""The commands, one a file; the only room that prints."""
