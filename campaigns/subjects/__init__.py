"""What citizens may ask about their data, breaches of it, and who processes it for the city."""
