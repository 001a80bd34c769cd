"""What the models of a funnel need before they can serve: data, time, machines, money."""
