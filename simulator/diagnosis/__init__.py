"""Why it is slow, why it is wrong, and what to change next."""
