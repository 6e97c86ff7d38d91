"""From the file to delivery, through the running processes, as a user goes."""
