"""Numbers that add up: delivery by district, ward, carrier, gateway, hour, state."""
