"""What is asked: the scenario file, its schema and its errors. YAML is known only to load.py."""
