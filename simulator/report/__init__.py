"""Tables, plots and pages made from answers."""
