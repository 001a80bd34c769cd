"""The documentation, shipped with the package: `simulator help TOPIC` prints it."""
