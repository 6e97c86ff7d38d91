"""Short links on the city's own domain: where they may lead, who makes them, and how often they are opened."""
