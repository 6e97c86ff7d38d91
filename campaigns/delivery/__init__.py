"""The way of a message: states, hours, planning, claiming, sending, recording."""
