"""The recommenders: each makes a ranking of what its log taught it; one idea, one file."""
